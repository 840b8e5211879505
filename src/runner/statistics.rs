//! The numbers of a run, one definition for every report and threshold: the same words mean the same numbers.

use super::event::CallResult;
use crate::call::Origin;
use crate::time::Millis;

/// The latencies in a run that count from the same kind of moment, in milliseconds. Turn latencies are those from the end of the
/// caller's speech; a greeting counts from the answer and is not one of them.
pub fn latencies(results: &[CallResult], origin: Origin) -> Vec<f64> {
    let turns = results.iter().flat_map(|result| &result.turns).filter(|turn| turn.origin == Some(origin));
    turns.filter_map(|turn| turn.latency).map(Millis::millis_f64).collect()
}

/// `1 turn`, `4 turns`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Percentile by linear interpolation (type 7), 0 to 100; `None` without data.
pub fn percentile(values: &[f64], percentile: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let rank = (percentile / 100.0).clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (rank.floor() as usize, rank.ceil() as usize);
    let (low_value, high_value) = (sorted.get(low)?, sorted.get(high)?);
    Some(low_value + (high_value - low_value) * rank.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolates_and_refuses_no_data() {
        assert_eq!(percentile(&[4.0, 1.0, 3.0, 2.0], 50.0), Some(2.5));
        assert_eq!(percentile(&[1.0], 99.0), Some(1.0));
        assert_eq!(percentile(&[], 50.0), None);
    }
}
