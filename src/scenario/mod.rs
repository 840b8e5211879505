//! The scenario language: YAML files to [`Scenario`]s, with every mistake reported at its place.

mod audio;
mod bound;
mod config;
mod context;
mod decode;
mod defaults;
mod digits;
mod discover;
mod expectation;
mod heard_as;
mod language;
mod load;
mod matchers;
mod model;
mod parse;
mod problem;
mod quality;
mod schema;
mod script;
mod secrets;
mod sequence;
mod source;
mod steps;
mod targets;
mod telemetry;
mod thresholds;
pub(crate) mod variables;
mod yaml;

#[cfg(test)]
mod tests;

pub use bound::Bound;
pub use config::{Config, SttEngine};
pub use decode::parse_duration;
pub use defaults::Advance;
#[cfg(test)]
pub(crate) use discover::DiscoverError;
pub use discover::{Selection, discover};
pub use expectation::Expectation;
pub use load::{LoadThreshold, parse_weight};
pub use model::Scenario;
#[cfg(test)]
pub(crate) use parse::parse_with;
pub use parse::{Setting, parse};
pub use problem::{Problem, Problems};
pub use quality::QualityBound;
pub use schema::SCENARIO_SCHEMA;
pub use script::{Part, Reply, Script};
pub use secrets::{Secret, Secrets, Unmaskable, is_long_enough, map_texts};
pub use source::{Location, Source};
pub use steps::{BotStep, By, CallerAct, CallerStep, HangupStep, Step, TransferStep};
pub use targets::{
    BotAccess, BotTarget, Credentials, DigitMode, Fault, IceServer, LiveKitRoom, OriginateProvider, OriginateTarget, SIP_CODECS,
    Signalling, SipTarget, SocketProtocol, Srtp, Target, WebRtcTarget, WebSocketTarget, is_listed,
};
pub use telemetry::{ExpectedCall, SpanCollector};
pub use thresholds::{Limit, Threshold, ThresholdMetric};
