//! What child processes used.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Of all child processes that have ended.
pub struct Usage {
    /// CPU seconds.
    pub cpu_seconds: f64,
    /// The largest resident set of any of them.
    pub peak_megabytes: f64,
}

/// Of the child processes that have ended.
pub fn children() -> Usage {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage");
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Usage { cpu_seconds: seconds(usage.user_time()) + seconds(usage.system_time()), peak_megabytes: usage.max_rss() as f64 / 1024.0 }
}
