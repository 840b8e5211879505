//! The built-in sample bot: real SIP, WebRTC and media sockets; it answers from a script of recordings
//! and can be wrong in every way that a scenario must catch.
//!
//! It shares no timing code with the tester: it has its own pacing, its own detector of the end of the
//! caller's speech, and logs the true send time of each reply's first speech sample.

mod answers;
mod audiosocket;
mod call_options;
mod control_socket;
mod cors;
mod line;
mod lines;
mod livekit;
mod log;
mod offers;
#[cfg(test)]
mod offers_tests;
mod script;
mod server;
mod sip;
mod socket;
mod speech_detector;
mod state;
mod voice;
mod web;
mod webrtc;
mod wire;

pub use log::LogEntry;
pub use script::{BotError, Library};
pub use server::{Bot, BotOptions};
