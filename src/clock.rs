//! The machine's monotonic clock. Only `runner/` makes a [`CallClock`]; transports are handed one to
//! stamp what comes in. The pure core sees [`CallTime`]s and no clock.

use nix::time::{ClockId, clock_gettime};

use crate::time::CallTime;

/// Nanoseconds of `CLOCK_MONOTONIC`: comparable between processes of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(pub i64);

impl Monotonic {
    /// Now.
    pub fn now() -> Self {
        Self(read(ClockId::CLOCK_MONOTONIC))
    }

    /// A `CLOCK_REALTIME` stamp of the recent past, as the kernel puts on received packets.
    ///
    /// Both clocks are read now, so that a step of the wall clock between stamp and reading is the only error.
    pub fn from_realtime(nanos: i64) -> Self {
        let (wall, now) = (read(ClockId::CLOCK_REALTIME), Self::now());
        Self(now.0 - (wall - nanos).max(0))
    }

    /// This moment and so many nanoseconds.
    pub fn plus_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

fn read(clock: ClockId) -> i64 {
    // Neither clock can fail on a system that runs at all.
    clock_gettime(clock).map_or(0, |time| time.tv_sec() * 1_000_000_000 + time.tv_nsec())
}

/// Sleeps until a moment: absolute, so that no delay adds up.
pub fn sleep_until(moment: Monotonic) {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::time::TimeSpec;
        use nix::time::{ClockNanosleepFlags, clock_nanosleep};
        let until = TimeSpec::new(moment.0 / 1_000_000_000, moment.0 % 1_000_000_000);
        let flags = ClockNanosleepFlags::TIMER_ABSTIME;
        while clock_nanosleep(ClockId::CLOCK_MONOTONIC, flags, &until) == Err(nix::errno::Errno::EINTR) {}
    }
    #[cfg(not(target_os = "linux"))]
    std::thread::sleep(std::time::Duration::from_nanos(u64::try_from(moment.0 - Monotonic::now().0).unwrap_or(0)));
}

/// One call's clock: zero at dial.
#[derive(Clone, Copy, Debug)]
pub struct CallClock {
    zero: Monotonic,
}

impl CallClock {
    /// A clock whose zero is now.
    pub fn start() -> Self {
        Self { zero: Monotonic::now() }
    }

    /// The wall clock at zero, in nanoseconds since the Unix epoch.
    pub fn zero_unix_nanos(&self) -> u64 {
        let since = Monotonic::now().0 - self.zero.0;
        u64::try_from(read(ClockId::CLOCK_REALTIME) - since).unwrap_or(0)
    }

    /// Now, on this call's clock.
    pub fn now(&self) -> CallTime {
        self.at(Monotonic::now())
    }

    /// A moment of the machine on this call's clock.
    pub fn at(&self, moment: Monotonic) -> CallTime {
        CallTime::from_nanos(moment.0 - self.zero.0)
    }

    /// The machine's moment of a time on this call's clock.
    pub fn moment(&self, time: CallTime) -> Monotonic {
        self.zero.plus_nanos(time.as_nanos())
    }
}
