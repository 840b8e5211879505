//! Limits on the whole run. A threshold without data is not judged, and does not pass.

use super::event::{CallOutcome, CallResult};
use super::statistics::{counted, latencies, percentile};
use super::threshold_result::ThresholdResult;
use crate::call::{Origin, Outcome};
use crate::media::quality::QualityMetric;
use crate::scenario::{Limit, Threshold, ThresholdMetric};
use crate::time::{Millis, human_unsigned};

/// What was measured, and over what.
pub(super) struct Measured {
    pub value: f64,
    /// The end of a sentence: ` over 12 turns`.
    pub over: String,
}

/// Judges each threshold over every call.
pub fn judge_all(thresholds: &[Threshold], results: &[CallResult]) -> Vec<ThresholdResult> {
    thresholds.iter().map(|threshold| judge(threshold, results)).collect()
}

/// Judges one threshold over every call.
fn judge(threshold: &Threshold, results: &[CallResult]) -> ThresholdResult {
    judge_measured(threshold, measure(threshold.metric, results))
}

/// Judges one threshold by what was measured.
pub(super) fn judge_measured(threshold: &Threshold, measured: Option<Measured>) -> ThresholdResult {
    let over = measured.as_ref().map(|measured| measured.over.clone()).unwrap_or_default();
    let measured = measured.map(|measured| measured.value);
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
            (format!("{comparison} {}", unit.show_bound(bound)), held, value.map(|value| unit.show(value)))
        }
    };
    ThresholdResult {
        name: threshold.name.clone(),
        outcome: held.map_or(Outcome::Skipped, |held| if held { Outcome::Passed } else { Outcome::Failed }),
        expected,
        actual: actual.map_or_else(|| "no data".to_owned(), |actual| actual + &over),
    }
}

/// The call with the worst value, and that value.
fn worst(metric: QualityMetric, results: &[CallResult]) -> Option<(&CallResult, f64)> {
    let values = results.iter().filter_map(|result| Some((result, metric.value(&result.quality)?)));
    let sign = if metric.more_is_better() { -1.0 } else { 1.0 };
    // The first of equals.
    values.reduce(|worst, next| if (next.1 - worst.1) * sign > 0.0 { next } else { worst })
}

/// Which call was the worst, and of how many.
fn whose(metric: QualityMetric, results: &[CallResult]) -> String {
    let count = results.iter().filter(|result| metric.value(&result.quality).is_some()).count();
    match worst(metric, results) {
        Some((call, _)) if count > 1 => format!(" in call {}, {}, the worst of {count}", call.call, call.scenario),
        _ => " in 1 call".to_owned(),
    }
}

fn at(values: &[f64], p: u8, what: &str) -> Option<Measured> {
    let value = percentile(values, f64::from(p))?;
    Some(Measured { value, over: format!(" over {}", counted(values.len(), what)) })
}

fn measure(metric: ThresholdMetric, results: &[CallResult]) -> Option<Measured> {
    match metric {
        ThresholdMetric::TurnLatency(p) => at(&latencies(results, Origin::CallerSpeechEnd), p, "turn"),
        ThresholdMetric::GreetingLatency(p) => at(&latencies(results, Origin::Answer), p, "greeting"),
        ThresholdMetric::AnswerLatency(p) => {
            let turns = results.iter().flat_map(|result| &result.turns);
            let answers: Vec<f64> = turns.filter_map(|turn| turn.answer_latency).map(Millis::millis_f64).collect();
            at(&answers, p, "answer")
        }
        ThresholdMetric::Setup(p) => {
            let setups: Vec<f64> = results.iter().filter_map(|result| result.setup).map(|at| at.millis_f64()).collect();
            at(&setups, p, "answered call")
        }
        ThresholdMetric::PostDialDelay(p) => {
            let delays: Vec<f64> = results.iter().filter_map(|result| result.post_dial_delay).map(|at| at.millis_f64()).collect();
            at(&delays, p, "call")
        }
        ThresholdMetric::Quality(metric, None) => worst(metric, results).map(|(_, value)| Measured { value, over: whose(metric, results) }),
        ThresholdMetric::Quality(metric, Some(p)) => {
            let values: Vec<f64> = results.iter().filter_map(|result| metric.value(&result.quality)).collect();
            at(&values, p, "call")
        }
        ThresholdMetric::PassRate => {
            let count = |outcome| results.iter().filter(|result| result.outcome == outcome).count();
            let (passed, failed) = (count(CallOutcome::Passed), count(CallOutcome::Failed));
            let started = results.len() - count(CallOutcome::Skipped);
            let value = passed as f64 / started.max(1) as f64;
            (passed + failed > 0).then(|| Measured { value, over: format!(" of {}", counted(started, "call")) })
        }
    }
}

#[cfg(test)]
#[path = "thresholds_tests.rs"]
mod tests;
