//! goldencall: a test runner for voice bots. See ARCHITECTURE.md for the map.

pub mod any_transport;
pub mod bot;
pub mod call;
pub mod cli;
pub mod clock;
pub mod codec;
pub mod expect;
mod lock;
pub mod media;
pub mod originate;
mod priority;
pub mod report;
pub mod rtp;
pub mod runner;
pub mod scenario;
pub mod sip;
pub mod speech;
pub mod telemetry;
pub mod time;
pub mod transport;
pub mod webrtc;
pub mod websocket;
