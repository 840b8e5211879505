//! When the first calls of a run start, and how many calls there were at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How the first calls of a run are spread, those that find a free place at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ramp {
    /// Each call so long after the one before.
    Apart(Duration),
    /// All of them evenly over so long.
    Over(Duration),
}

impl Default for Ramp {
    /// Calls do not start in the same instant: neither a bot's accept queue nor the recogniser is to see all greetings at once.
    fn default() -> Self {
        Self::Apart(Duration::from_millis(250))
    }
}

impl Ramp {
    /// How long after the first call the call at this place starts, of `first` that start by the ramp; later ones wait for a free place.
    pub(super) fn start(self, place: usize, first: usize) -> Duration {
        let place = u32::try_from(place.min(first)).unwrap_or(u32::MAX);
        match self {
            Self::Apart(gap) => gap.saturating_mul(place),
            Self::Over(whole) => whole.saturating_mul(place) / u32::try_from(first.max(1)).unwrap_or(u32::MAX),
        }
    }
}

/// Counts answered calls that have not ended.
#[derive(Clone, Debug, Default)]
pub struct CallsUp(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    now: AtomicUsize,
    peak: AtomicUsize,
    /// The most since it was last asked for.
    recent: AtomicUsize,
}

/// One call that is up, until it is dropped.
pub(super) struct Up(Arc<Counts>);

impl CallsUp {
    pub(super) fn one_more(&self) -> Up {
        let now = self.0.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.peak.fetch_max(now, Ordering::Relaxed);
        self.0.recent.fetch_max(now, Ordering::Relaxed);
        Up(Arc::clone(&self.0))
    }

    /// How many there are.
    pub(super) fn now(&self) -> usize {
        self.0.now.load(Ordering::Relaxed)
    }

    /// The most that there were at any moment since this was last asked.
    pub(super) fn recent_peak(&self) -> usize {
        let now = self.now();
        self.0.recent.swap(now, Ordering::Relaxed).max(now)
    }

    /// The most that there were at any moment.
    pub fn peak(&self) -> usize {
        self.0.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_calls_are_spread() {
        let starts = |ramp: Ramp| [0, 1, 3, 4, 9].map(|place| ramp.start(place, 4).as_millis());
        assert_eq!(starts(Ramp::default()), [0, 250, 750, 1000, 1000]);
        assert_eq!(starts(Ramp::Over(Duration::from_secs(30))), [0, 7500, 22_500, 30_000, 30_000]);
        assert_eq!(starts(Ramp::Apart(Duration::ZERO)), [0; 5]);
        assert_eq!(Ramp::Over(Duration::from_secs(1)).start(0, 0), Duration::ZERO);
    }

    #[test]
    fn the_peak_stays_when_calls_end() {
        let calls = CallsUp::default();
        let two = [calls.one_more(), calls.one_more()];
        drop(two);
        let _third = calls.one_more();
        assert_eq!(calls.peak(), 2);
        assert_eq!([calls.recent_peak(), calls.recent_peak(), calls.now()], [2, 1, 1]);
    }
}
