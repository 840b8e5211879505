//! The last moments of a stream, addressed by the sample's number since the stream began.

use std::ops::Range;

/// Keeps at least the last `keep` samples of a stream, and at most twice as many.
#[derive(Debug, Clone)]
pub(super) struct History {
    keep: usize,
    /// Number of the first sample held.
    base: u64,
    samples: Vec<i16>,
}

impl History {
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, base: 0, samples: Vec::with_capacity(2 * keep) }
    }

    /// Samples taken since the stream began.
    pub(super) fn end(&self) -> u64 {
        self.base + self.samples.len() as u64
    }

    pub(super) fn push(&mut self, sample: i16) {
        if self.samples.len() >= 2 * self.keep {
            let forget = self.samples.len() - self.keep;
            self.samples.drain(..forget);
            self.base += forget as u64;
        }
        self.samples.push(sample);
    }

    /// The part of `span` that is still held, and the number of its first sample.
    pub(super) fn slice(&self, span: Range<u64>) -> (u64, &[i16]) {
        let from = span.start.clamp(self.base, self.end());
        let to = span.end.clamp(from, self.end());
        let index = |at: u64| (at - self.base) as usize;
        (from, self.samples.get(index(from)..index(to)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest_only() {
        let mut history = History::new(10);
        for k in 0..1000i16 {
            history.push(k);
            let (from, last) = history.slice(history.end().saturating_sub(10)..history.end());
            assert_eq!(last.first().copied(), Some(from as i16));
            assert_eq!(last.len(), (k as usize + 1).min(10));
            assert!(history.samples.len() <= 20);
        }
        assert_eq!(history.slice(0..5), (history.base, &[][..]));
        assert_eq!(history.slice(998..5000), (998, &[998, 999][..]));
    }
}
