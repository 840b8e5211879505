//! Limits on the whole run. A threshold without data is not judged, and does not pass.

use super::event::{CallOutcome, CallResult, ThresholdResult};
use super::statistics::percentile;
use crate::call::{Origin, Outcome};
use crate::media::quality::QualityMetric;
use crate::scenario::{Limit, Threshold, ThresholdMetric};
use crate::time::{Millis, human_unsigned};

/// Judges one threshold over every call.
pub fn judge(threshold: &Threshold, results: &[CallResult]) -> ThresholdResult {
    let measured = measure(threshold.metric, results);
    let (expected, held, actual) = match threshold.limit {
        Limit::AtMost(limit) => {
            let held = measured.map(|value| value <= limit.millis_f64());
            (format!("at most {}", human_unsigned(limit)), held, measured.map(|value| format!("{value:.0} ms")))
        }
        Limit::AtLeast(share) => {
            let held = measured.map(|value| value >= share);
            (format!("at least {:.1} %", share * 100.0), held, measured.map(|value| format!("{:.1} %", value * 100.0)))
        }
        Limit::Compare(comparison, bound, unit) => {
            let scale = if threshold.metric == ThresholdMetric::PassRate { 100.0 } else { 1.0 };
            let value = measured.map(|value| value * scale);
            let held = value.map(|value| comparison.holds(value, bound));
            (
                format!("{comparison} {}", unit.show_bound(bound)),
                held,
                value.map(|value| unit.show(value) + &whose(threshold.metric, results)),
            )
        }
    };
    ThresholdResult {
        name: threshold.name.clone(),
        outcome: held.map_or(Outcome::Skipped, |held| if held { Outcome::Passed } else { Outcome::Failed }),
        expected,
        actual: actual.unwrap_or_else(|| "no data".to_owned()),
    }
}

/// The call with the worst value, and that value.
fn worst(metric: QualityMetric, results: &[CallResult]) -> Option<(&CallResult, f64)> {
    let values = results.iter().filter_map(|result| Some((result, metric.value(&result.quality)?)));
    let sign = if metric.more_is_better() { -1.0 } else { 1.0 };
    // The first of equals.
    values.reduce(|worst, next| if (next.1 - worst.1) * sign > 0.0 { next } else { worst })
}

/// Which call was the worst, where there is more than one.
fn whose(metric: ThresholdMetric, results: &[CallResult]) -> String {
    match metric {
        ThresholdMetric::Quality(metric, None) if results.len() > 1 => {
            worst(metric, results).map(|(call, _)| format!(" in call {}, {}", call.call, call.scenario)).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn measure(metric: ThresholdMetric, results: &[CallResult]) -> Option<f64> {
    let turns = || results.iter().flat_map(|result| &result.turns);
    let latencies = |origin: Origin| -> Vec<f64> {
        turns().filter(|turn| turn.origin == Some(origin)).filter_map(|turn| turn.latency).map(Millis::millis_f64).collect()
    };
    match metric {
        ThresholdMetric::TurnLatency(p) => percentile(&latencies(Origin::CallerSpeechEnd), f64::from(p)),
        ThresholdMetric::GreetingLatency(p) => percentile(&latencies(Origin::Answer), f64::from(p)),
        ThresholdMetric::AnswerLatency(p) => {
            let answers: Vec<f64> = turns().filter_map(|turn| turn.answer_latency).map(Millis::millis_f64).collect();
            percentile(&answers, f64::from(p))
        }
        ThresholdMetric::Setup(p) => {
            let setups: Vec<f64> = results.iter().filter_map(|result| result.setup).map(|at| at.millis_f64()).collect();
            percentile(&setups, f64::from(p))
        }
        ThresholdMetric::PostDialDelay(p) => {
            let delays = results.iter().filter_map(|result| result.post_dial_delay).map(|at| at.millis_f64());
            percentile(&delays.collect::<Vec<f64>>(), f64::from(p))
        }
        ThresholdMetric::Quality(metric, None) => worst(metric, results).map(|(_, value)| value),
        ThresholdMetric::Quality(metric, Some(p)) => {
            let values: Vec<f64> = results.iter().filter_map(|result| metric.value(&result.quality)).collect();
            percentile(&values, f64::from(p))
        }
        ThresholdMetric::PassRate => {
            let count = |outcome| results.iter().filter(|result| result.outcome == outcome).count();
            let judged = count(CallOutcome::Passed) + count(CallOutcome::Failed);
            (judged > 0).then(|| count(CallOutcome::Passed) as f64 / results.len() as f64)
        }
    }
}

#[cfg(test)]
#[path = "thresholds_tests.rs"]
mod tests;
