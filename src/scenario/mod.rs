//! The scenario language: YAML files to [`Scenario`]s, with every mistake told at its place.

mod audio;
mod config;
mod decode;
mod defaults;
mod digits;
mod discover;
mod expectation;
mod hearsay;
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
mod thresholds;
pub(crate) mod variables;
mod yaml;

#[cfg(test)]
mod tests;

pub use config::{Config, SttEngine};
pub use defaults::Defaults;
pub use discover::{DiscoverError, Selection, discover};
pub use expectation::{Capture, Expectation};
pub use hearsay::{ExpectedCall, SpanCollector};
pub use model::{Advance, BotStep, Bound, By, CallerAct, CallerStep, HangupStep, Scenario, Step, TransferStep};
#[cfg(test)]
pub(crate) use parse::parse_with;
pub use parse::{Setting, parse};
pub use problem::{Problem, ProblemReport, Problems};
pub use quality::{QualityBound, QualityBounds};
pub use schema::SCENARIO_SCHEMA;
pub use script::{Part, Reply, Script};
pub use secrets::{Secret, Secrets};
pub use source::{Location, Source};
pub use targets::{
    BotAccess, BotTarget, ClientCertificate, Credentials, DigitMode, Fault, IceServer, LiveKitRoom, OriginateProvider, OriginateTarget,
    SIP_CODECS, SOCKET_ENCODINGS, Signalling, SipTarget, SocketProtocol, Srtp, Target, WEBRTC_CODECS, WebRtcTarget, WebSocketTarget,
};
pub use thresholds::{Limit, Threshold, ThresholdMetric};
