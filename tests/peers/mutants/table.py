"""What the bot says in each dialogue, and the mutants: one defect each."""

from dataclasses import dataclass, field
from typing import Callable

import sound
from sound import cut, load, mixed, noise, scaled, silence, stretched, without


@dataclass
class Behaviour:
    """How the bot goes through one call. Indices count its replies from 0, the greeting."""

    replies: dict[int, Callable] = field(default_factory=dict)  # samples, bytes of payload, or a list of those and of pauses in seconds
    delays: dict[int, float] = field(default_factory=dict)  # from the end of the caller's speech
    setup: str = "answers"
    keys: str | None = None  # pressed once the caller has pressed #
    refer: str | None = None  # whom to transfer to after the last reply
    hangs_up: bool = False  # after the last reply
    stops: float | None = 0.15  # how long after an interruption the bot falls silent
    talks_over: int | None = None  # this reply begins 0.4 s after the caller has begun
    impatient: tuple[float, Callable] | None = None  # says this when the caller has been silent for so long
    leaves: tuple[str, int, float] | None = None  # BYE ("answer"|"start"|"end"|"caller", reply, seconds): after its start or end, or after the caller before it began
    reinvite: tuple[str, int] | None = None  # ("same"|"dead", reply): a re-INVITE as this reply ends
    rtp: str | None = None  # what happens to packets of the reply `rtp_in`
    rtp_in: int = 1
    mute: bool = False  # no RTP at all
    answers_bye: bool = True
    endless: bool = False  # never says its last words


@dataclass
class Mutant:
    name: str
    kind: str
    what: str
    dialogue: str
    checks: str  # the checks or errors of which one must catch it
    change: dict
    quick: bool = False  # part of `cargo test`

    def behaviour(self):
        return Behaviour(**{**DIALOGUES[self.dialogue], **self.change, "replies": {**DIALOGUES[self.dialogue]["replies"], **self.change.get("replies", {})}})


def say(*names):
    return lambda: sum((load(name) for name in names), [])


ORDER = {0: say("order-greeting"), 1: say("order-shipped"), 2: say("order-welcome")}
LOOKUP = {0: say("order-greeting"), 1: lambda: [load("order-one-moment"), 0.6, load("order-shipped")]}
BALANCE = {0: say("balance-greeting"), 1: say("balance-right"), 2: say("balance-goodbye")}
TRAVEL = {0: say("travel-greeting"), 1: say("travel-found"), 2: say("travel-booked")}
BOOKING = {0: say("booking-greeting"), 1: say("booking-booked"), 2: say("booking-goodbye")}
CLINIC = {0: say("clinic-greeting"), 1: say("clinic-right")}
TERMS = {0: say("long-terms"), 1: say("booking-which-day")}

DIALOGUES = {
    "order": {"replies": ORDER},
    "lookup": {"replies": LOOKUP},
    "balance": {"replies": BALANCE, "hangs_up": True},
    "travel": {"replies": TRAVEL, "hangs_up": True},
    "booking": {"replies": BOOKING, "reinvite": ("same", 0)},
    "clinic": {"replies": CLINIC},
    "terms": {"replies": TERMS},
    "keys": {"replies": {0: say("order-greeting")}, "keys": "42"},
    "transfer": {"replies": {0: say("order-greeting"), 1: say("transfer-hold")}, "refer": "human"},
    "patience": {"replies": {0: say("order-number")}},
}


def words(name, what, dialogue, reply, audio, checks="says", quick=False, **change):
    audio = say(audio) if isinstance(audio, str) else audio
    return Mutant(name, "words", what, dialogue, checks, {"replies": {reply: audio}, **change}, quick)


def audio(name, what, checks, audio=None, quick=False, **change):
    replies = {"replies": {1: audio}} if audio else {}
    return Mutant(name, "audio", what, "order", checks, {**replies, **change}, quick)


def timing(name, what, dialogue, checks, quick=False, **change):
    return Mutant(name, "timing", what, dialogue, checks, change, quick)


def call(name, what, dialogue, checks, quick=False, **change):
    return Mutant(name, "call", what, dialogue, checks, change, quick)


SHIPPED, GREETED = "order-shipped", "order-greeting"

WORDS = [
    words("w01", "another last digit: 48297 for 48291", "order", 1, "order-number-other", quick=True),
    words("w02", "two digits swapped: 48921 for 48291", "order", 1, "order-number-swapped"),
    words("w03", "a digit lost: 4829 for 48291", "order", 1, "order-number-short"),
    words("w04", "Tuesday for Thursday", "order", 1, "order-weekday"),
    words("w05", "an added not: has not shipped", "order", 1, "order-not", quick=True),
    words("w06", "might for will", "order", 1, "order-might"),
    words("w07", "after Thursday for on Thursday", "order", 1, "order-after"),
    words("w08", "slipped for shipped", "order", 1, "order-slipped"),
    words("w09", "a sentence added: Sorry, that order was cancelled", "order", 1, lambda: load(SHIPPED) + silence(0.3) + load("order-retracted")),
    words("w10", "the last clause dropped", "order", 1, lambda: cut(SHIPPED, 0, 2.95)),
    words("w11", "the last word cut off", "order", 1, lambda: cut(SHIPPED, 0, -0.72)),
    words("w12", "the first words cut off", "order", 1, lambda: cut(SHIPPED, 0.48), quick=True),
    words("w13", "the middle cut out: the number is missing", "order", 1, lambda: cut(SHIPPED, 0, 0.78) + cut(SHIPPED, 2.25)),
    words("w14", "another reply: One moment, please", "order", 1, "order-one-moment"),
    words("w15", "another bot's greeting", "order", 0, "travel-greeting"),
    words("w16", "the wrong answer in the last turn", "order", 2, "travel-sorry"),
    words("w17", "cents swapped: $640.52 for $640.25", "balance", 1, "balance-cents"),
    words("w18", "another amount: $604.25 for $640.25", "balance", 1, "balance-other"),
    words("w19", "minus $640.25", "balance", 1, "balance-minus", quick=True),
    words("w20", "euros for dollars", "balance", 1, "balance-currency"),
    words("w21", "savings for checking account", "balance", 1, "balance-savings"),
    words("w22", "adds what must not be said: Your account is overdrawn", "balance", 1, lambda: load("balance-right") + silence(0.3) + load("balance-overdrawn"), "not", quick=True),
    words("w23", "cents cut off", "balance", 1, lambda: cut("balance-right", 0, -1.45)),
    words("w24", "Denver to Boston for Boston to Denver", "travel", 1, "travel-swapped", quick=True),
    words("w25", "two flights for three", "travel", 1, "travel-count"),
    words("w26", "evening for morning", "travel", 1, "travel-evening"),
    words("w27", "Austin for Boston", "travel", 1, "travel-city"),
    words("w28", "latest for earliest", "travel", 1, "travel-latest"),
    words("w29", "6:50 for 6:05", "travel", 2, "travel-minutes"),
    words("w30", "PM for AM", "travel", 2, "travel-afternoon"),
    words("w31", "gate B22 for C22", "travel", 2, "travel-letter"),
    words("w32", "arrives for departs", "travel", 2, "travel-arrives"),
    words("w33", "Thursday for Tuesday in a paraphrase", "booking", 1, "booking-wrong-day"),
    words("w34", "2 PM for 3 PM in a paraphrase", "booking", 1, "booking-hour"),
    words("w35", "not booked in a paraphrase", "booking", 1, "booking-not"),
    words("w36", "Acme Rental for Acme Dental", "booking", 0, "booking-name"),
    words("w37", "refuses what it then does: I can't transfer you", "transfer", 1, "transfer-cannot"),
    words("w38", "Jessica for Jennifer", "clinic", 0, "clinic-jessica"),
    words("w39", "Riverview for Riverside", "clinic", 0, "clinic-riverview"),
    words("w40", "Doctor Pavel for Doctor Patel", "clinic", 1, "clinic-pavel", quick=True),
    words("w41", "Boston for Austin", "clinic", 1, "clinic-boston"),
    words("w42", "signed for sent", "clinic", 1, "clinic-signed"),
    words("w43", "from our office for to our office", "clinic", 1, "clinic-from"),
    words("w44", "her prescription for your prescription", "clinic", 1, "clinic-her"),
    words("w45", "description for prescription", "clinic", 1, "clinic-description"),
]

AUDIO = [
    audio("a01", "silence in place of a reply", "within", lambda: silence(4), quick=True),
    audio("a02", "noise in place of a reply", "within says", lambda: noise(4)),
    audio("a03", "clipped: 24 dB too loud", "quality says", lambda: scaled(load(SHIPPED), 16), quick=True),
    audio("a04", "16 kHz samples sent at 8 kHz: half speed", "says", lambda: stretched(load(SHIPPED), 2)),
    audio("a05", "4 kHz samples sent at 8 kHz: double speed", "says", lambda: stretched(load(SHIPPED), 0.5)),
    audio("a06", "a payload type that was not agreed on", "within", rtp="type"),
    audio("a07", "bytes of 16-bit PCM sent as mu-law", "within says quality", lambda: sound.raw(load(SHIPPED))),
    audio("a08", "A-law sent as mu-law", "says quality", lambda: sound.encode_a_law(load(SHIPPED))),
    audio("a09", "10 % of the packets lost", "quality", rtp="loss", quick=True),
    audio("a10", "300 ms lost in the middle of a word", "quality says", rtp="gap"),
    audio("a11", "300 ms of digital silence in the middle of a word", "quality says", lambda: without(load(SHIPPED), 0.95, 0.3)),
    audio("a12", "packets sent in bursts of 240 ms", "quality", rtp="burst"),
    audio("a13", "50 dB too quiet", "quality says within", lambda: scaled(load(SHIPPED), 1 / 100)),
    audio("a14", "from another port and SSRC from the middle of the reply", "says", rtp="moves", quick=True),
    audio("a15", "two replies at once", "says", lambda: mixed(load(SHIPPED), load("travel-found"))),
    audio("a16", "played backwards", "says", lambda: load(SHIPPED)[::-1]),
    audio("a17", "the caller's own words played back", "says", lambda: cut("hibari_25")),
    audio("a18", "audio before the answer only", "within says latency", mute=True, setup="early"),
    audio("a19", "stops in the middle of the reply", "says", lambda: cut(SHIPPED, 0, 2.0)),
    audio("a20", "sent at half the pace: 40 ms between packets of 20 ms", "quality says", rtp="slow"),
]

TIMING = [
    timing("t01", "the greeting is 2 s late", "order", "latency", delays={0: 3.4}, quick=True),
    timing("t02", "a reply 500 ms over its budget", "order", "latency", delays={1: 2.0}, quick=True),
    timing("t03", "a reply 2 s over its budget", "order", "latency", delays={1: 3.5}),
    timing("t04", "a reply after 10 s", "order", "within", delays={1: 10.0}),
    timing("t05", "no reply at all", "order", "within", replies={1: lambda: silence(0.1), 2: lambda: silence(0.1)}),
    timing("t06", "talks over the caller", "order", "latency", talks_over=1, quick=True),
    timing("t07", "the last reply 700 ms over its budget", "order", "latency", delays={2: 2.2}),
    timing("t08", "a reply in two parts with 5 s between", "order", "says", replies={1: lambda: [cut(SHIPPED, 0, 2.95), 5.0, cut(SHIPPED, 2.95)]}),
    timing("t09", "a reply is said twice", "order", "says", replies={1: lambda: [load(SHIPPED), 0.5, load(SHIPPED)]}),
    timing("t10", "does not stop for an interruption", "terms", "stops_within", stops=None, quick=True),
    timing("t11", "stops 1.5 s after an interruption", "terms", "stops_within", stops=1.5),
    timing("t12", "a filler in time, the answer 2.8 s later", "lookup", "answer_latency", replies={1: lambda: [load("order-one-moment"), 2.8, load(SHIPPED)]}, quick=True),
    timing("t13", "a filler and no answer", "lookup", "says", replies={1: say("order-one-moment")}),
    timing("t14", "speaks when the caller wants to think", "patience", "silent_for", impatient=(8.0, say("travel-sorry")), quick=True),
    timing("t15", "the greeting is said twice", "order", "says", replies={0: lambda: [load(GREETED), 0.4, load(GREETED)]}),
    timing("t16", "no greeting: the bot waits for the caller", "order", "within", delays={0: 60.0}),
]

CALL = [
    call("c01", "hangs up 100 ms after its answer", "order", "within call", leaves=("answer", 0, 0.1)),
    call("c02", "hangs up 500 ms after its answer", "order", "within call says", leaves=("answer", 0, 0.5)),
    call("c03", "hangs up in the middle of a reply", "order", "says call", leaves=("start", 1, 2.0), quick=True),
    call("c04", "hangs up where it should say goodbye", "order", "within call", leaves=("start", 2, 0.0)),
    call("c05", "hangs up 100 ms after its last words, before the caller does", "order", "call hangup", leaves=("end", 2, 0.1), quick=True),
    call("c06", "hangs up 500 ms after its last words, before the caller does", "order", "call hangup", leaves=("end", 2, 0.5)),
    call("c07", "hangs up while the caller speaks", "order", "call", leaves=("caller", 2, 0.4)),
    call("c08", "does not respond to INVITE", "order", "no_response no_answer", setup="mute"),
    call("c09", "486 Busy Here", "order", "busy", setup="486 Busy Here", quick=True),
    call("c10", "404 Not Found", "order", "rejected", setup="404 Not Found"),
    call("c11", "rings, then 603 Decline", "order", "rejected", setup="180 603 Decline"),
    call("c12", "rings for ever", "order", "no_answer", setup="180", quick=True),
    call("c13", "answers without SDP", "order", "bad_answer", setup="no sdp", quick=True),
    call("c14", "answers with a codec that was not offered", "order", "bad_answer", setup="codec"),
    call("c15", "answers with port 0", "order", "bad_answer", setup="port 0"),
    call("c16", "answers and sends no RTP", "order", "within", mute=True),
    call("c17", "answers sendonly and does not listen", "order", "within says", setup="sendonly"),
    call("c18", "re-INVITE to a port where nothing listens", "order", "within", reinvite=("dead", 0)),
    call("c19", "presses 421 for 42", "keys", "dtmf", keys="421", quick=True),
    call("c20", "presses 4 for 42", "keys", "dtmf", keys="4"),
    call("c21", "presses 24 for 42", "keys", "dtmf", keys="24"),
    call("c22", "presses 42 twice", "keys", "dtmf", keys="42,42"),
    call("c23", "presses nothing", "keys", "dtmf", keys=""),
    call("c24", "transfers to another party", "transfer", "transfer", refer="robot", quick=True),
    call("c25", "does not transfer", "transfer", "transfer", refer=None),
    call("c26", "never hangs up where it should", "balance", "hangup", hangs_up=False, quick=True),
]

MUTANTS = {mutant.name: mutant for mutant in [*WORDS, *AUDIO, *TIMING, *CALL]}


_PREPARED = {}


def payload(reply):
    """A reply as payload bytes and pauses, made once: a bot at work has no time for it."""
    if reply not in _PREPARED:
        made = reply()
        several = isinstance(made, list) and any(isinstance(part, (list, float)) for part in made)
        parts = made if several else [made]
        _PREPARED[reply] = [part if isinstance(part, (bytes, float)) else sound.encode(part) for part in parts]
    return _PREPARED[reply]


def payloads(behaviour):
    return {index: payload(reply) for index, reply in behaviour.replies.items()}


def prepare():
    for user in [*DIALOGUES, *MUTANTS]:
        found = behaviour(user)
        payloads(found)
        if found.impatient:
            payload(found.impatient[1])


def behaviour(user):
    """What the user part of the called URI stands for: a mutant, or a dialogue without a defect."""
    if user in MUTANTS:
        return MUTANTS[user].behaviour()
    return Behaviour(**DIALOGUES[user])
