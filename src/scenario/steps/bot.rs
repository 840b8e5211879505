//! `- bot: ...`: what the bot is expected to say.

use std::time::Duration;

use crate::scenario::bound::Bound;
use crate::scenario::context::{Context, LATER};
use crate::scenario::decode::{Decoder, Fields};
use crate::scenario::defaults::{ADVANCE, Advance, Defaults};
use crate::scenario::expectation::{Capture, Expectation};
use crate::scenario::problem::Problem;
use crate::scenario::quality::{self, QualityBounds};
use crate::scenario::source::Location;
use crate::scenario::telemetry::ExpectedCall;
use crate::scenario::yaml::{Node, Value};
use crate::scenario::{digits, matchers, telemetry};
use crate::telemetry::Stage;

pub(in crate::scenario) const BOT_KEYS: &[&str] = &[
    "says",
    "not",
    "latency",
    "answer_latency",
    "within",
    "stops_within",
    "silent_for",
    "dtmf",
    "capture",
    "network",
    "endpointing",
    "stt",
    "llm",
    "tts",
    "playout",
    "calls",
    "quality",
    "optional",
    "end_silence",
    "give_up",
    "advance",
    "strict",
];

/// What the bot must do in one turn.
#[derive(Clone, Debug)]
pub struct BotStep {
    /// The step in its file.
    pub location: Location,
    /// What must be heard; `None`: any speech will do.
    pub says: Option<(Expectation, Location)>,
    /// What must not be heard.
    pub not: Option<(Expectation, Location)>,
    /// Bound on turn latency (greeting latency on the first turn).
    pub latency: Option<Bound>,
    /// Bound on the onset of the utterance that meets the expectation.
    pub answer_latency: Option<Bound>,
    /// The bot's speech must start within this time after it is due.
    pub within: Bound,
    /// Bound on the bot's last speech sample after the caller barges in.
    pub stops_within: Option<Bound>,
    /// The bot must say nothing for this long.
    pub silent_for: Option<Bound>,
    /// Digits that the bot must send (RFC 4733).
    pub dtmf: Option<(String, Location)>,
    /// Values to take out of what was heard.
    pub capture: Vec<Capture>,
    /// Bounds on the stages that the bot reports.
    pub stages: Vec<(Stage, Bound)>,
    /// Bounds on the quality of the bot's audio while it speaks.
    pub quality: QualityBounds,
    /// Functions that the bot must call.
    pub calls: Vec<ExpectedCall>,
    /// The turn may be missing.
    pub optional: bool,
    /// Quiet that ends a turn whose expectation is met.
    pub end_silence: Duration,
    /// Quiet after which an unmet turn is given up.
    pub give_up: Duration,
    /// When the caller may go on.
    pub advance: Advance,
    /// Nothing is put down to the recogniser.
    pub strict: bool,
}

impl BotStep {
    /// Whether the caller goes on in the same way whatever the bot says; the words may still be judged.
    pub fn decides_without_words(&self) -> bool {
        self.says.is_none() && self.capture.is_empty()
    }

    /// Whether a verdict depends on what the bot says, not only on when.
    pub fn needs_words(&self) -> bool {
        self.says.is_some() || self.not.is_some() || self.silent_for.is_some() || !self.capture.is_empty()
    }
}

/// Words alone, or a mapping.
pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node, key: Location, context: &mut Context<'_>) -> Option<BotStep> {
    if matches!(node.value, Value::Scalar(_)) {
        let says = matchers::expectation(decoder, node, context)?;
        return Some(BotStep { says: Some((says, node.location)), ..plain_bot(key, context.defaults) });
    }
    if matches!(node.value, Value::Null) {
        decoder
            .problem(Problem::new(key, "`bot:` is empty").help("write the words that it must say, or `bot: { within: 5s }` for any words"));
        return None;
    }
    if matches!(node.value, Value::List(_)) {
        decoder.mismatch_with_help(node, "the bot's words or a mapping", "write `bot: Hello` or `bot: { says: Hello }`");
        return None;
    }
    let fields = decoder.fields_of_version(node, "a bot step", BOT_KEYS, LATER)?;
    let mut step = plain_bot(key, context.defaults);
    step.says = fields.get("says").and_then(|node| Some((matchers::expectation(decoder, node, context)?, node.location)));
    step.not = fields.get("not").and_then(|node| Some((matchers::expectation(decoder, node, context)?, node.location)));
    let mut bound = |name: &str| {
        let node = fields.get(name)?;
        decoder.positive(node).map(|limit| Bound { limit, location: node.location, explicit: true })
    };
    step.latency = bound("latency").or(step.latency);
    step.within = bound("within").unwrap_or(step.within);
    step.answer_latency = bound("answer_latency");
    step.stops_within = bound("stops_within");
    step.silent_for = bound("silent_for");
    step.dtmf = fields.get("dtmf").and_then(|node| Some((digits::decode(decoder, node)?, node.location)));
    step.end_silence = fields.get("end_silence").and_then(|node| decoder.duration(node)).unwrap_or(step.end_silence);
    step.give_up = fields.get("give_up").and_then(|node| decoder.positive(node)).unwrap_or(step.give_up);
    step.stages = telemetry::stages(decoder, &fields);
    if let Some(node) = fields.get("quality") {
        step.quality = quality::bounds(decoder, node).over(step.quality);
    }
    step.optional = fields.get("optional").and_then(|node| decoder.flag(node)).unwrap_or(false);
    step.advance = fields.get("advance").and_then(|node| decoder.choice(node, ADVANCE)).unwrap_or(step.advance);
    step.strict = fields.get("strict").and_then(|node| decoder.flag(node)).unwrap_or(step.strict);
    step.capture = fields.get("capture").map(|node| matchers::captures(decoder, node, context)).unwrap_or_default();
    // After `capture`: what this reply says may be an argument of this call.
    step.calls = fields.get("calls").map(|node| telemetry::calls(decoder, node, context)).unwrap_or_default();
    if step.silent_for.is_some() {
        step.quality = QualityBounds::default();
        silence_stands_alone(decoder, &fields);
    }
    Some(step)
}

fn silence_stands_alone(decoder: &mut Decoder<'_>, fields: &Fields<'_>) {
    let about_speech =
        ["says", "not", "latency", "answer_latency", "within", "stops_within", "dtmf", "capture", "optional", "strict", "quality"];
    let stages = Stage::ALL.map(Stage::key);
    for (name, location) in fields.present(&[&about_speech[..], &stages[..]].concat()) {
        let problem = Problem::new(location, format!("`{name}` cannot be combined with `silent_for`"));
        decoder.problem(problem.help("remove it, or remove `silent_for`"));
    }
}

fn plain_bot(location: Location, defaults: &Defaults) -> BotStep {
    let bound = |limit| Bound { limit, location, explicit: false };
    BotStep {
        location,
        says: None,
        not: None,
        latency: Some(bound(defaults.latency())),
        answer_latency: None,
        within: bound(defaults.within()),
        stops_within: None,
        silent_for: None,
        dtmf: None,
        capture: Vec::new(),
        stages: Vec::new(),
        quality: defaults.quality().at(location),
        calls: Vec::new(),
        optional: false,
        end_silence: defaults.end_silence(),
        give_up: defaults.give_up(),
        advance: defaults.advance(),
        strict: defaults.strict(),
    }
}
