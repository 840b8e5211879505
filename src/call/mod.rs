//! The conversation: a pure state machine whose inputs carry the time; it reads no clock.
//!
//! Inputs carry two kinds of time. `at` is when the runner learnt of something; the times inside an input
//! are those of the audio. Verdicts and latencies are made of audio times only, so detection lag,
//! transcription time and the batching of events cannot leak into them.

mod checks;
mod conversation;
mod decision;
mod dialogue;
mod hearing;
mod io;
mod judge;
mod speech;
mod steps;
mod turn;
mod verdict;

#[cfg(test)]
mod tests;

pub use checks::{AMBIGUOUS_SPANS, LineInfo, quality_checks, telemetry_checks};
pub use conversation::Conversation;
pub use io::{Answer, EndCause, Input, InputKind, Output, Playback, SpeechEdge};
#[cfg(test)]
pub use verdict::Utterance;
pub use verdict::{CheckKind, CheckResult, Origin, Outcome, TurnResult};
