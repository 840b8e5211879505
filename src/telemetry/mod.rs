//! The bot's own telemetry: where the time of a turn went, and which functions it called.
//!
//! Two ways in. Over the data channel or socket of the call come RTVI messages ([`rtvi`]) or events of
//! OpenAI-Realtime-like servers ([`openai`]), both as [`Report`]s. Over OTLP/HTTP come OpenTelemetry spans
//! ([`otlp`]), which [`observe`] reads. [`explain`] joins both with the turns that the tester heard.
//!
//! None of it is measured by the tester: the audio decides when the bot spoke, telemetry only explains why it took so
//! long. A stage that the bot does not report is `None`, never zero.
//!
//! Everything but [`otlp::Receiver`] is pure: no clock, no I/O.

mod breakdown;
mod explain;
mod facts;
pub mod openai;
pub mod otlp;
mod report;
pub mod rtvi;
mod spans;
mod trace;
mod windows;

#[cfg(test)]
pub(crate) use breakdown::Sources;
pub use breakdown::{Breakdown, TurnTelemetry};
pub use explain::explain;
pub use otlp::{Found, Receiver, Span};
#[cfg(test)]
pub(crate) use report::{Metric, MetricKind};
pub use report::{Report, Stage, ToolCall};
pub use spans::observe;
pub use trace::{TraceContext, run_id};
pub use windows::TurnWindow;
