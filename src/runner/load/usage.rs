//! What this process costs its machine.

use std::time::Duration;

/// Processor time that the process has used, user and system; `None` where the system does not say.
pub(super) fn cpu_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        use nix::sys::resource::{UsageWho, getrusage};
        use nix::sys::time::TimeVal;
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        let time = |value: TimeVal| Some(Duration::new(u64::try_from(value.tv_sec()).ok()?, u32::try_from(value.tv_usec()).ok()? * 1000));
        Some(time(usage.user_time())? + time(usage.system_time())?)
    }
    #[cfg(not(unix))]
    None
}
