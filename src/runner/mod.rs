//! The only place with a clock and an async runtime: it places calls, feeds conversations, emits events.

mod clips;
mod deal;
mod detection;
mod driver;
mod event;
mod evidence;
mod fairness;
mod history;
mod pacer;
mod quality;
mod ramp;
mod recording;
mod shard;
mod signalling;
mod sink;
pub mod statistics;
mod suite;
mod telemetry;
mod thresholds;
mod transcription;
mod verdict;

pub use clips::Clips;
pub use detection::DetectionLane;
pub use driver::Services;
pub use event::{CallError, CallErrorKind, CallOutcome, CallResult, Event, Part, ThresholdResult};
pub use history::History;
pub use pacer::{Lateness, Pacer};
pub use ramp::{CallsUp, Ramp};
pub use shard::Shard;
pub use signalling::SipResponse;
use sink::NoSink;
pub use suite::{Plan, PlannedCall, each_once, run};
pub use telemetry::SpanSource;
pub use thresholds::judge_all as judge_thresholds;
pub use transcription::TranscriptionLane;
