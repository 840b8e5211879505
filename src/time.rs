//! Time on one call: a monotonic clock in nanoseconds, zero at dial; and how times are written for people and in JSON.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A moment on the per-call clock: nanoseconds since dial. The core is passed it and never reads a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallTime(i64);

impl CallTime {
    /// The moment of dial.
    pub const DIAL: Self = Self(0);

    /// From nanoseconds since dial.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From milliseconds since dial.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since dial.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Seconds since dial.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The signed time from `earlier` to this moment.
    pub fn since(self, earlier: Self) -> SignedDuration {
        SignedDuration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The time from `earlier` to this moment, zero where this moment comes first.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for CallTime {
    type Output = Self;

    fn add(self, rest: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(rest.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for CallTime {
    type Output = Self;

    fn sub(self, rest: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(rest.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for CallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.as_secs_f64())
    }
}

/// A stretch of audio on the per-call clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First sample.
    #[serde(rename = "start_ns")]
    pub start: CallTime,
    /// Just after the last sample.
    #[serde(rename = "end_ns")]
    pub end: CallTime,
}

/// A time in milliseconds with a fraction.
pub trait Millis: Copy {
    /// Milliseconds with a fraction.
    fn millis_f64(self) -> f64;
}

impl Millis for SignedDuration {
    fn millis_f64(self) -> f64 {
        self.as_nanos() as f64 / 1e6
    }
}

impl Millis for Duration {
    fn millis_f64(self) -> f64 {
        self.as_nanos() as f64 / 1e6
    }
}

impl Millis for CallTime {
    fn millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// A signed time as people read it: `850 ms`, `-120 ms`, `2.40 s`.
pub fn human(time: SignedDuration) -> String {
    // Adding zero turns a rounded -0 into 0.
    let millis = time.millis_f64().round() + 0.0;
    if millis.abs() < 2000.0 { format!("{millis:.0} ms") } else { format!("{:.2} s", millis / 1e3) }
}

/// A limit as a time that can be compared with a difference.
pub fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

/// An unsigned time as people write it: `850 ms`, `8 s`, `2.25 s`.
pub fn human_unsigned(time: Duration) -> String {
    let text = human(SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX));
    match text.strip_suffix(" s") {
        Some(seconds) if seconds.contains('.') => {
            format!("{} s", seconds.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

/// Signed times as whole nanoseconds in JSON, for `#[serde(with = "nanos")]`.
pub(crate) mod nanos {
    use jiff::SignedDuration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &Option<SignedDuration>, to: S) -> Result<S::Ok, S::Error> {
        time.and_then(|time| i64::try_from(time.as_nanos()).ok()).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SignedDuration>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(SignedDuration::from_nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_keep_their_sign() {
        let (a, b) = (CallTime::from_millis(100), CallTime::from_millis(350));
        assert_eq!(b.since(a), SignedDuration::from_millis(250));
        assert_eq!(a.since(b), SignedDuration::from_millis(-250));
        assert_eq!(a.saturating_since(b), Duration::ZERO);
    }

    #[test]
    fn people_read_milliseconds_then_seconds() {
        assert_eq!(human(SignedDuration::from_micros(849_600)), "850 ms");
        assert_eq!(human(SignedDuration::from_millis(-120)), "-120 ms");
        assert_eq!(human(SignedDuration::from_millis(2400)), "2.40 s");
    }

    #[test]
    fn limits_are_shown_as_they_are_written() {
        assert_eq!(human_unsigned(Duration::from_secs(8)), "8 s");
        assert_eq!(human_unsigned(Duration::from_millis(2250)), "2.25 s");
        assert_eq!(human_unsigned(Duration::from_secs(90)), "90 s");
        assert_eq!(human_unsigned(Duration::from_millis(500)), "500 ms");
    }

    #[test]
    fn a_rounded_zero_has_no_sign() {
        assert_eq!(human(SignedDuration::from_micros(-300)), "0 ms");
    }
}
