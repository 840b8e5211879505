//! The kinds of steps. Each has a file of its own beside this one; a new kind is such a file, and one line in each table
//! of this file.

use crate::scenario::context::Context;
use crate::scenario::decode::Decoder;
use crate::scenario::problem::Problem;
use crate::scenario::source::Location;
use crate::scenario::yaml::{Node, Value};

use super::bot::{self, BotStep};
use super::caller::{self, CallerStep};
use super::hangup::{self, HangupStep};
use super::transfer::{self, TransferStep};

/// One step of the dialogue.
#[derive(Clone, Debug)]
pub enum Step {
    /// The bot is expected to speak (or to stay silent).
    Bot(Box<BotStep>),
    /// The caller speaks, waits or dials digits.
    Caller(CallerStep),
    /// The bot transfers the call.
    Transfer(TransferStep),
    /// One side ends the call.
    Hangup(HangupStep),
}

pub(in crate::scenario) const STEP_KEYS: &[&str] = &["bot", "caller", "transfer", "hangup"];

impl Step {
    /// Where the step stands in its file.
    pub fn location(&self) -> Location {
        match self {
            Step::Bot(step) => step.location,
            Step::Caller(step) => step.location,
            Step::Transfer(step) => step.location,
            Step::Hangup(step) => step.location,
        }
    }
}

/// A mapping with exactly one of [`STEP_KEYS`].
pub(in crate::scenario) fn decode(decoder: &mut Decoder<'_>, node: &Node, context: &mut Context<'_>) -> Option<Step> {
    if !matches!(node.value, Value::Map(_)) {
        decoder.mismatch_with_help(node, "a step", "write `- bot: ...` or `- caller: ...`");
        return None;
    }
    let fields = decoder.fields(node, "a step", STEP_KEYS)?;
    let present = fields.present(STEP_KEYS);
    let [(kind, location)] = present[..] else {
        if let Some((_, second)) = present.get(1) {
            let problem = Problem::new(*second, format!("a step is exactly one of {}", STEP_KEYS.join(", ")));
            decoder.problem(problem.help("start a new list item for each: `- bot: ...`, `- caller: ...`"));
        }
        return None;
    };
    let value = fields.get(kind)?;
    match kind {
        "bot" => bot::decode(decoder, value, location, context).map(|step| Step::Bot(Box::new(step))),
        "caller" => caller::decode(decoder, value, location, context).map(Step::Caller),
        "transfer" => transfer::decode(decoder, value, location, context).map(Step::Transfer),
        "hangup" => hangup::decode(decoder, value, location).map(Step::Hangup),
        _ => None,
    }
}
