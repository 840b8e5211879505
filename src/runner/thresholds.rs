//! What the run as a whole must keep to. Without data a threshold is not judged, which is never a pass.

use super::event::{CallOutcome, CallResult, ThresholdResult};
use super::statistics::percentile;
use crate::call::{Origin, Outcome, human_unsigned, millis};
use crate::scenario::{Limit, Threshold, ThresholdMetric};

/// Judges one threshold over every call.
pub fn judge(threshold: &Threshold, results: &[CallResult]) -> ThresholdResult {
    let measured = measure(threshold.metric, results);
    let (expected, held, actual) = match threshold.limit {
        Limit::AtMost(limit) => {
            let held = measured.map(|value| value <= limit.as_secs_f64() * 1000.0);
            (format!("at most {}", human_unsigned(limit)), held, measured.map(|value| format!("{value:.0} ms")))
        }
        Limit::AtLeast(share) => {
            let held = measured.map(|value| value >= share);
            (format!("at least {:.1} %", share * 100.0), held, measured.map(|value| format!("{:.1} %", value * 100.0)))
        }
    };
    ThresholdResult {
        name: threshold.name.clone(),
        outcome: held.map_or(Outcome::Skipped, |held| if held { Outcome::Passed } else { Outcome::Failed }),
        expected,
        actual: actual.unwrap_or_else(|| "no data".to_owned()),
    }
}

fn measure(metric: ThresholdMetric, results: &[CallResult]) -> Option<f64> {
    let turns = || results.iter().flat_map(|result| &result.turns);
    let latencies = |origin: Origin| -> Vec<f64> {
        turns().filter(|turn| turn.origin == Some(origin)).filter_map(|turn| turn.latency).map(millis).collect()
    };
    match metric {
        ThresholdMetric::TurnLatency(p) => percentile(&latencies(Origin::CallerSpeechEnd), f64::from(p)),
        ThresholdMetric::GreetingLatency(p) => percentile(&latencies(Origin::Answer), f64::from(p)),
        ThresholdMetric::AnswerLatency(p) => {
            let answers: Vec<f64> = turns().filter_map(|turn| turn.answer_latency).map(millis).collect();
            percentile(&answers, f64::from(p))
        }
        ThresholdMetric::Setup(p) => {
            let setups: Vec<f64> = results.iter().filter_map(|result| result.setup).map(|at| at.as_secs_f64() * 1000.0).collect();
            percentile(&setups, f64::from(p))
        }
        ThresholdMetric::PassRate => {
            let count = |outcome| results.iter().filter(|result| result.outcome == outcome).count();
            let judged = count(CallOutcome::Passed) + count(CallOutcome::Failed);
            (judged > 0).then(|| count(CallOutcome::Passed) as f64 / results.len() as f64)
        }
    }
}
