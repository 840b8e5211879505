//! `- hangup: ...`: one side ends the call.

use std::time::Duration;

use crate::scenario::decode::Decoder;
use crate::scenario::problem::Problem;
use crate::scenario::source::Location;
use crate::scenario::yaml::{Node, Value};

pub(in crate::scenario) const HANGUP_KEYS: &[&str] = &["by", "within"];

/// Who ends the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// goldencall hangs up.
    Caller,
    /// The bot must hang up.
    Bot,
}

/// The end of the call as the scenario expects it.
#[derive(Clone, Debug)]
pub struct HangupStep {
    /// The step in its file.
    pub location: Location,
    /// Who does it.
    pub by: By,
    /// How long to wait for the bot to do it.
    pub within: Duration,
}

/// Who hangs up, or a mapping.
pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node, location: Location) -> Option<HangupStep> {
    const BY: &[(&str, By)] = &[("caller", By::Caller), ("bot", By::Bot)];
    let wait = Duration::from_secs(10);
    if let Value::Scalar(_) = node.value {
        return Some(HangupStep { location, by: decoder.choice(node, BY)?, within: wait });
    }
    let fields = decoder.fields(node, "a hangup step", HANGUP_KEYS)?;
    let Some(by) = fields.get("by") else {
        if !fields.has_unknown {
            let problem = Problem::new(location, "`hangup` does not say who hangs up");
            decoder.problem(problem.help("write `hangup: caller` or `hangup: bot`"));
        }
        return None;
    };
    let by = decoder.choice(by, BY)?;
    let within = fields.get("within").and_then(|node| decoder.positive(node)).unwrap_or(wait);
    Some(HangupStep { location, by, within })
}
