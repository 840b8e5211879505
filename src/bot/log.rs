//! The bot's true times: when its replies went out and when it heard the caller.

use std::sync::{Arc, Mutex};

use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::lock::lock;

/// The true times of one reply, in nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// SIP Call-ID.
    pub call_id: String,
    /// Index of the reply in its script.
    pub reply: usize,
    /// When the last packet with the caller's speech was read, less what of the packet came after the speech.
    pub caller_speech_end_ns: Option<i64>,
    /// When the packet with the reply's first speech sample was sent, plus the sample's place in it.
    pub first_speech_sent_ns: i64,
}

/// The log of a bot; shared with whoever started it.
#[derive(Clone, Debug, Default)]
pub struct TrueTimes {
    entries: Arc<Mutex<Vec<LogEntry>>>,
}

impl TrueTimes {
    pub(super) fn add(&self, entry: LogEntry) {
        if let Ok(line) = serde_json::to_string(&entry) {
            tracing::info!(target: "goldencall::bot", "{line}");
        }
        lock(&self.entries).push(entry);
    }

    /// Everything so far.
    pub fn entries(&self) -> Vec<LogEntry> {
        lock(&self.entries).clone()
    }
}

/// The bot's own reading of the clock.
pub(super) fn now_ns() -> i64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |time| time.tv_sec() * 1_000_000_000 + time.tv_nsec())
}
