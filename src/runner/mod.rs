//! The only place with a clock and an async runtime: it places calls, feeds conversations, emits events.

mod clips;
mod driver;
mod event;
mod evidence;
mod fairness;
mod lanes;
mod pacer;
mod quality;
mod recording;
mod signalling;
mod sink;
pub mod statistics;
mod suite;
mod telemetry;
mod thresholds;
mod verdict;

pub use clips::Clips;
pub use driver::Services;
pub use event::{CallError, CallErrorKind, CallOutcome, CallResult, Event, ThresholdResult};
pub use lanes::{DetectionLane, TranscriptionLane};
pub use pacer::{Lateness, Pacer};
pub use signalling::SipResponse;
use sink::NoSink;
pub use suite::{Plan, PlannedCall, run};
pub use telemetry::SpanSource;
