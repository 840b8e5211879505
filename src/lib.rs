//! goldencall: a test runner for voice bots. See ARCHITECTURE.md for the map.
//!
//! The program is the product. The library has no API besides [`main`]: everything else is private, so that the compiler finds
//! code that nothing uses.

mod any_transport;
mod bot;
mod call;
mod cli;
mod clock;
mod codec;
mod expect;
mod facts;
mod files;
#[doc(hidden)]
pub mod internals;
mod listener;
mod lock;
mod loopback;
mod media;
mod originate;
mod printable;
mod priority;
mod report;
mod rtp;
mod runner;
mod scenario;
mod sip;
mod speech;
mod telemetry;
mod time;
mod transport;
mod webrtc;
mod websocket;

pub use cli::main;
