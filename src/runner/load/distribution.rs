//! Many numbers in little memory: a histogram whose readings are within 0.1 % of the truth.

use hdrhistogram::Histogram;

use crate::media::quality::{QualityMetric, Unit};

/// Steps per unit.
const SCALE: f64 = 1000.0;
/// The largest number: a million units, a quarter of an hour in milliseconds. What is larger counts as this.
const MOST: u64 = 1_000_000_000;
/// Significant digits of a reading.
const DIGITS: u8 = 3;

/// A distribution of numbers of one sign, such as milliseconds. Readings are rounded to the better side: a bound that is just kept is
/// not read as broken.
#[derive(Clone, Debug)]
pub(super) struct Distribution {
    histogram: Histogram<u64>,
    /// Sizes of negative numbers are kept.
    negative: bool,
    /// A reading may be above the truth, not under it.
    upward: bool,
}

impl Distribution {
    /// Of numbers from zero up, the less the better; one under zero counts as zero.
    pub fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, MOST, DIGITS).unwrap_or_else(|_| unreachable!("these bounds are allowed"));
        Self { histogram, negative: false, upward: false }
    }

    /// Of a number of the line's. Levels are under full scale, so from zero down.
    pub fn of(metric: QualityMetric) -> Self {
        let negative = metric.unit() == Unit::Decibel;
        Self { negative, upward: metric.more_is_better() && !negative, ..Self::new() }
    }

    pub fn record(&mut self, value: f64) {
        let size = if self.negative { -value } else { value };
        if size.is_finite() {
            self.histogram.saturating_record((size.max(0.0) * SCALE).round() as u64);
        }
    }

    pub fn count(&self) -> usize {
        usize::try_from(self.histogram.len()).unwrap_or(usize::MAX)
    }

    /// Percentile by nearest rank, 0 to 100; `None` without data.
    pub fn percentile(&self, percentile: f64) -> Option<f64> {
        if self.histogram.is_empty() {
            return None;
        }
        let quantile = (percentile / 100.0).clamp(0.0, 1.0);
        let value = self.histogram.value_at_quantile(if self.negative { 1.0 - quantile } else { quantile });
        let value = if self.upward { self.histogram.highest_equivalent(value) } else { self.histogram.lowest_equivalent(value) };
        let size = value as f64 / SCALE;
        Some(if self.negative { -size } else { size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_close_and_never_above_the_truth() {
        let mut times = Distribution::new();
        assert_eq!((times.percentile(50.0), times.count()), (None, 0));
        for time in 1..=1000 {
            times.record(f64::from(time) * 1.5);
        }
        for (percentile, truth) in [(1.0, 15.0), (50.0, 750.0), (95.0, 1425.0), (99.0, 1485.0), (100.0, 1500.0)] {
            let read = times.percentile(percentile).expect("data");
            assert!(read <= truth && truth - read <= truth / 1000.0, "p{percentile} is {read}, not {truth}");
        }
    }

    #[test]
    fn early_counts_as_zero_and_nonsense_is_left_out() {
        let mut times = Distribution::new();
        [-120.0, 0.25, f64::NAN, f64::INFINITY].into_iter().for_each(|value| times.record(value));
        assert_eq!((times.count(), times.percentile(50.0), times.percentile(100.0)), (2, Some(0.0), Some(0.25)));
    }

    #[test]
    fn levels_are_negative_and_a_score_is_never_read_too_low() {
        let mut scores = Distribution::of(QualityMetric::Mos);
        scores.record(3.801);
        assert!(scores.percentile(50.0).is_some_and(|score| (3.801..3.805).contains(&score)));
        let mut levels = Distribution::of(QualityMetric::Level);
        [-10.0, -20.0, -30.0, -40.0].into_iter().for_each(|level| levels.record(level));
        let read = |p| levels.percentile(p).map(f64::round);
        assert_eq!([read(0.0), read(50.0), read(100.0)], [Some(-40.0), Some(-20.0), Some(-10.0)]);
    }

    #[test]
    fn a_day_of_calls_takes_no_more_memory_than_a_minute() {
        let mut times = Distribution::new();
        let bytes = |times: &Distribution| times.histogram.distinct_values() * size_of::<u64>();
        (0..1000).for_each(|time| times.record(f64::from(time) * 60.0));
        let before = bytes(&times);
        (0..200_000).for_each(|time| times.record(f64::from(time % 60_000)));
        assert_eq!(bytes(&times), before);
        assert!(before < 300_000, "{before}");
    }
}
