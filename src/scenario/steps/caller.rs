//! `- caller: ...`: what the caller does.

use std::path::PathBuf;
use std::time::Duration;

use crate::media::wav::Channel;
use crate::scenario::context::{Context, LATER, check_variables};
use crate::scenario::decode::Decoder;
use crate::scenario::digits;
use crate::scenario::problem::Problem;
use crate::scenario::source::Location;
use crate::scenario::variables::fill;
use crate::scenario::yaml::Node;

pub(in crate::scenario) const CALLER_KEYS: &[&str] = &["audio", "silence", "dtmf", "after", "barge_in", "channel", "trim"];

const CHANNELS: &[(&str, Channel)] = &[("left", Channel::Left), ("right", Channel::Right)];

/// What the caller does in one turn.
#[derive(Clone, Debug)]
pub struct CallerStep {
    /// The step in its file.
    pub location: Location,
    /// The act itself.
    pub act: CallerAct,
    /// Pause before the act.
    pub after: Duration,
    /// Start this long after the bot starts speaking, without waiting for it to end.
    pub barge_in: Option<Duration>,
    /// Which side of a two-channel recording the caller is.
    pub channel: Option<Channel>,
    /// What follows the last word of the recording is not played.
    pub trim: bool,
}

/// Exactly one thing a caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerAct {
    /// Plays a recording; the path is absolute or relative to the working directory.
    Audio(PathBuf),
    /// Says nothing for this long.
    Silence(Duration),
    /// Sends digits.
    Dtmf(String),
}

/// A mapping with exactly one act.
pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node, location: Location, context: &Context<'_>) -> Option<CallerStep> {
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
    let channel = fields.get("channel").and_then(|node| decoder.choice(node, CHANNELS));
    let trim = fields.get("trim").and_then(|node| decoder.choice(node, &[("true", true), ("false", false)]));
    if act != "audio" && fields.get("channel").or(fields.get("trim")).is_some() {
        let problem = Problem::new(act_location, format!("`{act}` plays no recording"));
        decoder.problem(problem.help("remove `channel` and `trim`, which are about a recording"));
    }
    let act = match act {
        "audio" => CallerAct::Audio(audio(decoder, value, channel, context)?),
        "dtmf" => CallerAct::Dtmf(pressed(decoder, value, context)?),
        _ => CallerAct::Silence(decoder.positive(value)?),
    };
    let after = fields.get("after").and_then(|node| decoder.duration(node)).unwrap_or(context.defaults.after());
    let barge_in = fields.get("barge_in").and_then(|node| decoder.duration(node));
    if barge_in.is_some() && matches!(act, CallerAct::Silence(_)) {
        decoder.problem(Problem::new(act_location, "silence cannot barge in").help("use `audio`, or remove `barge_in`"));
    }
    Some(CallerStep { location, act, after, barge_in, channel, trim: trim.unwrap_or_default() })
}

fn pressed(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<String> {
    let text = decoder.text(node)?;
    check_variables(decoder, &text, node.location, &context.variables.keys().map(String::as_str).collect());
    let filled = fill(&text, context.variables);
    // An unknown variable has been reported.
    if filled.contains("{{") { None } else { digits::checked(decoder, &filled, node.location) }
}

fn audio(decoder: &mut Decoder<'_>, node: &Node, channel: Option<Channel>, context: &Context<'_>) -> Option<PathBuf> {
    let text = decoder.text(node)?;
    check_variables(decoder, &text, node.location, &context.variables.keys().map(String::as_str).collect());
    let path = context.folder.join(fill(&text, context.variables));
    match (context.playable)(&path, channel) {
        Ok(()) => Some(path),
        Err(why) => {
            decoder.problem(Problem::new(node.location, why.message).help(why.help));
            None
        }
    }
}
