//! The built-in sample bot: a real SIP user agent with real RTP that listens, thinks and answers from a
//! script of recordings, and that can be wrong in every way a scenario must catch.
//!
//! It shares no timing code with the tester: it has its own pacing, its own ear for the end of the caller's
//! speech, and logs the true send time of each reply's first speech sample.

mod ear;
mod line;
mod log;
mod script;
mod server;
mod voice;
mod wire;

pub use log::{LogEntry, TrueTimes};
pub use script::{BotError, Library};
pub use server::{Bot, BotOptions};
