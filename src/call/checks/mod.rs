//! The checks of a step, by what they rest on: what was heard, what happened to the call, the bot's telemetry, the line.

mod function_calls;
mod quality;
mod speech;
mod step;
mod telemetry;

pub use quality::{LineInfo, quality_checks};
pub(super) use step::StepCheck;
pub use telemetry::{AMBIGUOUS_SPANS, telemetry_checks};
