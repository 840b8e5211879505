//! Signs of life on the signalling WebSocket: the server drops a participant that sends none.

use std::time::Duration;

use livekit_protocol::JoinResponse;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Where the server does not say.
const INTERVAL: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(15);

/// When to ping, and whether the server still answers.
pub(super) struct KeepAlive {
    ticks: Interval,
    patience: Duration,
    last_pong: Instant,
    /// Of the last ping, in milliseconds.
    pub rtt_millis: i64,
}

impl KeepAlive {
    /// As the server wants it.
    pub fn of(join: &JoinResponse) -> Self {
        let seconds = |value: i32, default| u64::try_from(value).ok().filter(|value| *value > 0).map_or(default, Duration::from_secs);
        let every = seconds(join.ping_interval, INTERVAL);
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let patience = seconds(join.ping_timeout, TIMEOUT).max(every);
        Self { ticks, patience, last_pong: Instant::now(), rtt_millis: 0 }
    }

    /// Waits until the next ping is due; false where the last answer is too long ago.
    pub async fn due(&mut self) -> bool {
        self.ticks.tick().await;
        self.last_pong.elapsed() <= self.patience + self.ticks.period()
    }

    /// The server answered.
    pub fn pong(&mut self, rtt_millis: i64) {
        self.last_pong = Instant::now();
        self.rtt_millis = rtt_millis.max(0);
    }
}

/// Wall-clock milliseconds, as pings carry them.
pub(super) fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
