//! The steps of a dialogue from YAML.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use crate::expect::Pattern;

use super::audio::Unplayable;
use super::decode::{Decoder, Fields};
use super::defaults::{ADVANCE, Defaults};
use super::expectation::{Capture, Expectation};
use super::model::{Bound, BotStep, By, CallerAct, CallerStep, HangupStep, Step};
use super::parse::check_variables;
use super::problem::Problem;
use super::source::Location;
use super::yaml::{Node, Value};

pub(super) const STEP_KEYS: &[&str] = &["bot", "caller", "hangup"];
pub(super) const MATCHER_KEYS: &[&str] = &["says", "contains", "matches", "exact", "similar", "all", "any"];
pub(super) const BOT_KEYS: &[&str] = &[
    "says", "not", "latency", "answer_latency", "within", "stops_within", "silent_for", "capture", "optional", "end_silence", "give_up",
    "advance",
];
pub(super) const CALLER_KEYS: &[&str] = &["audio", "silence", "after", "barge_in"];
pub(super) const HANGUP_KEYS: &[&str] = &["by", "within"];

/// Keys of the language that a later version understands.
const LATER: &[&str] = &["dtmf", "say", "judge"];

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
    fn known(&self) -> BTreeSet<&str> {
        self.variables.keys().chain(&self.captured).map(String::as_str).collect()
    }
}

pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node, context: &mut Context<'_>) -> Option<Step> {
    let fields = decoder.fields(node, "a step", STEP_KEYS)?;
    let present = fields.present(STEP_KEYS);
    let [(kind, location)] = present[..] else {
        if !present.is_empty() {
            let problem = Problem::new(node.location, "a step is exactly one of bot, caller, hangup");
            decoder.problem(problem.help("start a new list item for each: `- bot: ...`, `- caller: ...`"));
        }
        return None;
    };
    let value = fields.get(kind)?;
    match kind {
        "bot" => bot(decoder, value, location, context).map(|step| Step::Bot(Box::new(step))),
        "caller" => caller(decoder, value, location, context).map(Step::Caller),
        _ => hangup(decoder, value, location).map(Step::Hangup),
    }
}

/// Fields of a step, with keys of later versions told apart from unknown ones.
fn step_fields<'n>(decoder: &mut Decoder<'_>, node: &'n Node, what: &str, known: &[&'static str]) -> Option<Fields<'n>> {
    if let Value::Map(pairs) = &node.value {
        for (key, _) in pairs {
            if let Value::Scalar(name) = &key.value
                && LATER.contains(&name.as_str())
            {
                decoder.problem(Problem::new(key.location, format!("`{name}` is not supported by this version")).help(instead(name)));
            }
        }
    }
    let with_later: Vec<&'static str> = known.iter().chain(LATER).copied().collect();
    let before = decoder.problems.len();
    let fields = decoder.fields(node, what, &with_later);
    for problem in &mut decoder.problems[before..] {
        let tail: String = LATER.iter().map(|later| format!(", {later}")).collect();
        problem.help = problem.help.take().map(|help| help.replace(&tail, ""));
    }
    fields
}

fn instead(later: &str) -> &'static str {
    match later {
        "say" => "record the words and write `audio: path/to/recording.wav`",
        "judge" => "use says, contains, matches or similar",
        _ => "leave it out until a version that sends and receives digits",
    }
}

fn bot(decoder: &mut Decoder<'_>, node: &Node, key: Location, context: &mut Context<'_>) -> Option<BotStep> {
    if matches!(node.value, Value::Scalar(_)) {
        let says = expectation(decoder, node, context)?;
        return Some(BotStep { says: Some((says, node.location)), ..plain_bot(key, context.defaults) });
    }
    if matches!(node.value, Value::Null) {
        decoder.problem(Problem::new(key, "`bot:` says nothing about the bot").help("write the words that it must say, or `bot: { within: 5s }` for any words"));
        return None;
    }
    let fields = step_fields(decoder, node, "a bot step", BOT_KEYS)?;
    let mut step = plain_bot(key, context.defaults);
    step.says = fields.get("says").and_then(|node| Some((expectation(decoder, node, context)?, node.location)));
    step.not = fields.get("not").and_then(|node| Some((expectation(decoder, node, context)?, node.location)));
    let mut bound = |name: &str| {
        let node = fields.get(name)?;
        decoder.duration(node).map(|limit| Bound { limit, location: node.location, explicit: true })
    };
    step.latency = bound("latency").or(step.latency);
    step.within = bound("within").unwrap_or(step.within);
    step.answer_latency = bound("answer_latency");
    step.stops_within = bound("stops_within");
    step.silent_for = bound("silent_for");
    let mut time = |name: &str, default: Duration| fields.get(name).and_then(|node| decoder.duration(node)).unwrap_or(default);
    step.end_silence = time("end_silence", step.end_silence);
    step.give_up = time("give_up", step.give_up);
    step.optional = fields.get("optional").and_then(|node| decoder.flag(node)).unwrap_or(false);
    step.advance = fields.get("advance").and_then(|node| decoder.choice(node, ADVANCE)).unwrap_or(step.advance);
    step.capture = fields.get("capture").map(|node| captures(decoder, node, context)).unwrap_or_default();
    if step.silent_for.is_some() {
        silence_stands_alone(decoder, &fields);
    }
    Some(step)
}

fn silence_stands_alone(decoder: &mut Decoder<'_>, fields: &Fields<'_>) {
    for (name, location) in fields.present(&["says", "not", "latency", "answer_latency", "stops_within", "capture"]) {
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
        optional: false,
        end_silence: defaults.end_silence(),
        give_up: defaults.give_up(),
        advance: defaults.advance(),
    }
}

fn captures(decoder: &mut Decoder<'_>, node: &Node, context: &mut Context<'_>) -> Vec<Capture> {
    let mut captures = Vec::new();
    for (name, _, value) in decoder.entries(node, "`capture`: names and patterns") {
        let Some(text) = decoder.text(value) else { continue };
        match Pattern::new(&text) {
            Ok(pattern) => captures.push(Capture { name: name.to_owned(), pattern, location: value.location }),
            Err(error) => decoder.problem(Problem::new(value.location, "not a regular expression").help(error.to_string())),
        }
        context.captured.insert(name.to_owned());
    }
    captures
}

/// A text, or a mapping of matchers that must all hold.
fn expectation(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<Expectation> {
    if matches!(node.value, Value::Scalar(_)) {
        return phrase(decoder, node, context).map(Expectation::Says);
    }
    let fields = step_fields(decoder, node, "an expectation", MATCHER_KEYS)?;
    let mut matchers = Vec::new();
    for (kind, location) in fields.present(MATCHER_KEYS) {
        let Some(value) = fields.get(kind) else { continue };
        matchers.extend(matcher(decoder, kind, location, value, context));
    }
    match matchers.len() {
        0 => {
            let problem = Problem::new(node.location, "an expectation without a matcher");
            decoder.problem(problem.help("write the words, or contains, matches, exact, similar, all, any"));
            None
        }
        1 => matchers.pop(),
        _ => Some(Expectation::All(matchers)),
    }
}

fn matcher(decoder: &mut Decoder<'_>, kind: &str, key: Location, node: &Node, context: &Context<'_>) -> Option<Expectation> {
    match kind {
        "says" => phrase(decoder, node, context).map(Expectation::Says),
        "exact" => phrase(decoder, node, context).map(Expectation::Exact),
        "similar" => phrase(decoder, node, context).map(Expectation::Similar),
        "matches" => pattern(decoder, node, context),
        _ => {
            let items = decoder.list(node);
            if items.is_empty() {
                decoder.problem(Problem::new(key, format!("`{kind}` is empty")).help("list at least one"));
                return None;
            }
            if kind == "contains" {
                return Some(Expectation::Contains(items.into_iter().filter_map(|item| phrase(decoder, item, context)).collect()));
            }
            let list = items.into_iter().filter_map(|item| expectation(decoder, item, context)).collect();
            Some(if kind == "all" { Expectation::All(list) } else { Expectation::Any(list) })
        }
    }
}

fn phrase(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<String> {
    let text = decoder.text(node)?;
    check_variables(decoder, &text, node.location, &context.known());
    if text.trim().is_empty() {
        decoder.problem(Problem::new(node.location, "no words to expect").help("write what the bot must say"));
        return None;
    }
    Some(text)
}

fn pattern(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<Expectation> {
    let text = phrase(decoder, node, context)?;
    let stand_ins = context.known().into_iter().map(|name| (name.to_owned(), "x".to_owned())).collect();
    let expectation = Expectation::Matches(text);
    match expectation.resolve(&stand_ins) {
        Ok(_) => Some(expectation),
        Err(error) => {
            decoder.problem(Problem::new(node.location, "not a regular expression").help(error.to_string()));
            None
        }
    }
}

fn caller(decoder: &mut Decoder<'_>, node: &Node, location: Location, context: &Context<'_>) -> Option<CallerStep> {
    let fields = step_fields(decoder, node, "a caller step", CALLER_KEYS)?;
    let acts = fields.present(&["audio", "silence", "say", "dtmf"]);
    let [(act, act_location)] = acts[..] else {
        let problem = Problem::new(location, "a caller step does exactly one thing");
        decoder.problem(problem.help("write one of `audio: file.wav`, `silence: 2s`"));
        return None;
    };
    let value = fields.get(act)?;
    let act = match act {
        "audio" => CallerAct::Audio(audio(decoder, value, context)?),
        "silence" => CallerAct::Silence(decoder.duration(value)?),
        _ => return None,
    };
    let after = fields.get("after").and_then(|node| decoder.duration(node)).unwrap_or(context.defaults.after());
    let barge_in = fields.get("barge_in").and_then(|node| decoder.duration(node));
    if barge_in.is_some() && matches!(act, CallerAct::Silence(_)) {
        decoder.problem(Problem::new(act_location, "silence cannot barge in").help("use `audio`, or remove `barge_in`"));
    }
    Some(CallerStep { location, act, after, barge_in })
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

fn hangup(decoder: &mut Decoder<'_>, node: &Node, location: Location) -> Option<HangupStep> {
    const BY: &[(&str, By)] = &[("caller", By::Caller), ("bot", By::Bot)];
    let wait = Duration::from_secs(10);
    if let Value::Scalar(_) = node.value {
        return Some(HangupStep { location, by: decoder.choice(node, BY)?, within: wait });
    }
    let fields = decoder.fields(node, "a hangup step", HANGUP_KEYS)?;
    let Some(by) = fields.get("by") else {
        decoder.problem(Problem::new(location, "`hangup` does not say by whom").help("write `hangup: caller` or `hangup: bot`"));
        return None;
    };
    let by = decoder.choice(by, BY)?;
    let within = fields.get("within").and_then(|node| decoder.duration(node)).unwrap_or(wait);
    Some(HangupStep { location, by, within })
}
