//! The steps of a dialogue from YAML.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::audio::Unplayable;
use super::decode::{Decoder, Fields};
use super::defaults::{ADVANCE, Defaults};
use super::model::{BotStep, Bound, By, CallerAct, CallerStep, HangupStep, Step, TransferStep};
use super::parse::check_variables;
use super::problem::Problem;
use super::quality::{self, QualityBounds};
use super::source::Location;
use super::yaml::{Node, Value};
use super::{digits, hearsay, matchers};
use crate::telemetry::Stage;

pub(super) const STEP_KEYS: &[&str] = &["bot", "caller", "transfer", "hangup"];
pub(super) const TRANSFER_KEYS: &[&str] = &["to", "within"];
pub(super) const BOT_KEYS: &[&str] = &[
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
];
pub(super) const CALLER_KEYS: &[&str] = &["audio", "silence", "dtmf", "after", "barge_in"];
pub(super) const HANGUP_KEYS: &[&str] = &["by", "within"];

/// Keys of the language that a later version understands.
pub(super) const LATER: &[(&str, &str)] =
    &[("say", "record the words and write `audio: path/to/recording.wav`"), ("judge", "use says, contains, matches or similar")];

/// Looks at a recording.
pub(super) type Playable = dyn Fn(&Path) -> Result<(), Unplayable>;

/// What a step's texts may refer to.
pub(super) struct Context<'a> {
    pub folder: &'a Path,
    pub defaults: &'a Defaults,
    pub variables: &'a BTreeMap<String, String>,
    /// Says why a recording cannot be played.
    pub playable: &'a Playable,
    /// Names captured by the steps so far.
    pub captured: BTreeSet<String>,
}

impl Context<'_> {
    pub fn known(&self) -> BTreeSet<&str> {
        self.variables.keys().chain(&self.captured).map(String::as_str).collect()
    }
}

pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node, context: &mut Context<'_>) -> Option<Step> {
    if !matches!(node.value, Value::Map(_)) {
        decoder.mismatch_with_help(node, "a step", "write `- bot: ...` or `- caller: ...`");
        return None;
    }
    let fields = decoder.fields(node, "a step", STEP_KEYS)?;
    let present = fields.present(STEP_KEYS);
    let [(kind, location)] = present[..] else {
        if let Some((_, second)) = present.get(1) {
            let problem = Problem::new(*second, "a step is exactly one of bot, caller, transfer, hangup");
            decoder.problem(problem.help("start a new list item for each: `- bot: ...`, `- caller: ...`"));
        }
        return None;
    };
    let value = fields.get(kind)?;
    match kind {
        "bot" => bot(decoder, value, location, context).map(|step| Step::Bot(Box::new(step))),
        "caller" => caller(decoder, value, location, context).map(Step::Caller),
        "transfer" => transfer(decoder, value, location, context).map(Step::Transfer),
        _ => hangup(decoder, value, location).map(Step::Hangup),
    }
}

fn bot(decoder: &mut Decoder<'_>, node: &Node, key: Location, context: &mut Context<'_>) -> Option<BotStep> {
    if matches!(node.value, Value::Scalar(_)) {
        let says = matchers::expectation(decoder, node, context)?;
        return Some(BotStep { says: Some((says, node.location)), ..plain_bot(key, context.defaults) });
    }
    if matches!(node.value, Value::Null) {
        decoder.problem(
            Problem::new(key, "`bot:` says nothing about the bot")
                .help("write the words that it must say, or `bot: { within: 5s }` for any words"),
        );
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
    step.stages = hearsay::stages(decoder, &fields);
    if let Some(node) = fields.get("quality") {
        step.quality = quality::bounds(decoder, node).over(step.quality);
    }
    step.optional = fields.get("optional").and_then(|node| decoder.flag(node)).unwrap_or(false);
    step.advance = fields.get("advance").and_then(|node| decoder.choice(node, ADVANCE)).unwrap_or(step.advance);
    step.capture = fields.get("capture").map(|node| matchers::captures(decoder, node, context)).unwrap_or_default();
    // After `capture`: what this reply says may be an argument of this call.
    step.calls = fields.get("calls").map(|node| hearsay::calls(decoder, node, context)).unwrap_or_default();
    if step.silent_for.is_some() {
        step.quality = QualityBounds::default();
        silence_stands_alone(decoder, &fields);
    }
    Some(step)
}

fn silence_stands_alone(decoder: &mut Decoder<'_>, fields: &Fields<'_>) {
    let about_speech = ["says", "not", "latency", "answer_latency", "within", "stops_within", "dtmf", "capture", "optional", "quality"];
    let stages = Stage::ALL.map(Stage::key);
    for (name, location) in fields.present(&[&about_speech[..], &stages[..]].concat()) {
        let problem = Problem::new(location, format!("`{name}` cannot hold of a bot that is to be silent"));
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
    }
}

fn caller(decoder: &mut Decoder<'_>, node: &Node, location: Location, context: &Context<'_>) -> Option<CallerStep> {
    let fields = decoder.fields_of_version(node, "a caller step", CALLER_KEYS, LATER)?;
    let acts = fields.present(&["audio", "silence", "dtmf"]);
    let [(act, act_location)] = acts[..] else {
        if acts.len() > 1 || !fields.has_unknown {
            let location = acts.get(1).map_or(location, |(_, second)| *second);
            let problem = Problem::new(location, "a caller step does exactly one thing");
            decoder.problem(problem.help("write one of `audio: file.wav`, `silence: 2s`, `dtmf: \"1#\"`"));
        }
        return None;
    };
    let value = fields.get(act)?;
    let act = match act {
        "audio" => CallerAct::Audio(audio(decoder, value, context)?),
        "dtmf" => CallerAct::Dtmf(pressed(decoder, value, context)?),
        _ => CallerAct::Silence(decoder.positive(value)?),
    };
    let after = fields.get("after").and_then(|node| decoder.duration(node)).unwrap_or(context.defaults.after());
    let barge_in = fields.get("barge_in").and_then(|node| decoder.duration(node));
    if barge_in.is_some() && matches!(act, CallerAct::Silence(_)) {
        decoder.problem(Problem::new(act_location, "silence cannot barge in").help("use `audio`, or remove `barge_in`"));
    }
    Some(CallerStep { location, act, after, barge_in })
}

fn pressed(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<String> {
    let text = decoder.text(node)?;
    check_variables(decoder, &text, node.location, &context.variables.keys().map(String::as_str).collect());
    let filled = super::variables::fill(&text, context.variables);
    // A variable that is not there has been told of.
    if filled.contains("{{") { None } else { digits::checked(decoder, &filled, node.location) }
}

fn audio(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<std::path::PathBuf> {
    let text = decoder.text(node)?;
    check_variables(decoder, &text, node.location, &context.variables.keys().map(String::as_str).collect());
    let path = context.folder.join(super::variables::fill(&text, context.variables));
    match (context.playable)(&path) {
        Ok(()) => Some(path),
        Err(why) => {
            decoder.problem(Problem::new(node.location, why.message).help(why.help));
            None
        }
    }
}

fn transfer(decoder: &mut Decoder<'_>, node: &Node, location: Location, context: &Context<'_>) -> Option<TransferStep> {
    let mut within = Duration::from_secs(10);
    let to = if let Value::Scalar(_) = node.value {
        node
    } else {
        let fields = decoder.fields(node, "a transfer step", TRANSFER_KEYS)?;
        within = fields.get("within").and_then(|node| decoder.positive(node)).unwrap_or(within);
        let Some(to) = fields.get("to") else {
            if !fields.has_unknown {
                let problem = Problem::new(location, "`transfer` does not say to whom");
                decoder.problem(problem.help("write `transfer: sip:human@example.com`, or a number such as \"+15550100\""));
            }
            return None;
        };
        to
    };
    let text = decoder.text(to)?;
    check_variables(decoder, &text, to.location, &context.known());
    if text.trim().is_empty() {
        decoder.problem(Problem::new(to.location, "`transfer` names nobody").help("write `transfer: sip:human@example.com`"));
        return None;
    }
    Some(TransferStep { location, to: text, within })
}

fn hangup(decoder: &mut Decoder<'_>, node: &Node, location: Location) -> Option<HangupStep> {
    const BY: &[(&str, By)] = &[("caller", By::Caller), ("bot", By::Bot)];
    let wait = Duration::from_secs(10);
    if let Value::Scalar(_) = node.value {
        return Some(HangupStep { location, by: decoder.choice(node, BY)?, within: wait });
    }
    let fields = decoder.fields(node, "a hangup step", HANGUP_KEYS)?;
    let Some(by) = fields.get("by") else {
        if !fields.has_unknown {
            let problem = Problem::new(location, "`hangup` does not say by whom");
            decoder.problem(problem.help("write `hangup: caller` or `hangup: bot`"));
        }
        return None;
    };
    let by = decoder.choice(by, BY)?;
    let within = fields.get("within").and_then(|node| decoder.positive(node)).unwrap_or(wait);
    Some(HangupStep { location, by, within })
}
