//! `- transfer: ...`: the bot hands the call over to another party.

use std::time::Duration;

use crate::scenario::context::{Context, check_variables};
use crate::scenario::decode::Decoder;
use crate::scenario::problem::Problem;
use crate::scenario::source::Location;
use crate::scenario::yaml::{Node, Value};

pub(in crate::scenario) const TRANSFER_KEYS: &[&str] = &["to", "within"];

/// The bot hands the call over to somebody else (REFER).
#[derive(Clone, Debug)]
pub struct TransferStep {
    /// The step in its file.
    pub location: Location,
    /// The other party: a URI, or a number or user name alone. May hold `{{variables}}`.
    pub to: String,
    /// How long to wait for it.
    pub within: Duration,
}

/// The party alone, or a mapping.
pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node, location: Location, context: &Context<'_>) -> Option<TransferStep> {
    let mut within = Duration::from_secs(10);
    let to = if let Value::Scalar(_) = node.value {
        node
    } else {
        let fields = decoder.fields(node, "a transfer step", TRANSFER_KEYS)?;
        within = fields.get("within").and_then(|node| decoder.positive(node)).unwrap_or(within);
        let Some(to) = fields.get("to") else {
            if !fields.has_unknown {
                let problem = Problem::new(location, "`transfer` does not say where to");
                decoder.problem(problem.help("write `transfer: sip:human@example.com`, or a number such as \"+15550100\""));
            }
            return None;
        };
        to
    };
    let text = decoder.text(to)?;
    check_variables(decoder, &text, to.location, &context.known());
    if text.trim().is_empty() {
        decoder.problem(Problem::new(to.location, "`transfer` has no destination").help("write `transfer: sip:human@example.com`"));
        return None;
    }
    Some(TransferStep { location, to: text, within })
}
