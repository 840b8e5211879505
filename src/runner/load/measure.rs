//! Thresholds over a tally: the same words and bounds as over the calls of a run.

use super::super::fairness::PACING_P99_MS;
use super::super::statistics::counted;
use super::super::threshold_result::ThresholdResult;
use super::super::thresholds::{Measured, judge_measured};
use super::distribution::Distribution;
use super::tally::{Line, Tally};
use crate::call::Outcome;
use crate::media::quality::QualityMetric;
use crate::scenario::{Limit, Threshold, ThresholdMetric};
use crate::time::Millis;

/// Judges one threshold over a stretch of the load.
pub(super) fn judge(threshold: &Threshold, tally: &Tally) -> ThresholdResult {
    let measured = measure(threshold.metric, tally);
    let value = measured.as_ref().map(|measured| measured.value);
    let judged = judge_measured(threshold, measured);
    match tally.pacing.percentile(99.0) {
        Some(error) if judged.outcome == Outcome::Failed && is_within(threshold, value, error) => {
            let why = format!("{}, over by less than the tester's own pacing error, {error:.1} ms at p99: not judged", judged.actual);
            ThresholdResult { outcome: Outcome::Skipped, actual: why, ..judged }
        }
        _ => judged,
    }
}

/// Whether a latency is over its bound by no more than packets of the caller were late: the rule for a turn of one call.
fn is_within(threshold: &Threshold, value: Option<f64>, error_ms: f64) -> bool {
    let latency = matches!(threshold.metric, ThresholdMetric::TurnLatency(_) | ThresholdMetric::AnswerLatency(_));
    let bound = match threshold.limit {
        Limit::AtMost(limit) => limit.millis_f64(),
        Limit::Compare(_, bound, _) => bound,
        Limit::AtLeast(_) => return false,
    };
    latency && error_ms > PACING_P99_MS && value.is_some_and(|value| value >= bound && value - bound <= error_ms)
}

fn measure(metric: ThresholdMetric, tally: &Tally) -> Option<Measured> {
    let at = |values: &Distribution, p: u8, what: &str| {
        let value = values.percentile(f64::from(p))?;
        Some(Measured { value, over: format!(" over {}", counted(values.count(), what)) })
    };
    match metric {
        ThresholdMetric::TurnLatency(p) => at(&tally.turn_latency, p, "turn"),
        ThresholdMetric::GreetingLatency(p) => at(&tally.greeting_latency, p, "greeting"),
        ThresholdMetric::AnswerLatency(p) => at(&tally.answer_latency, p, "answer"),
        ThresholdMetric::Setup(p) => at(&tally.setup, p, "answered call"),
        ThresholdMetric::PostDialDelay(p) => at(&tally.post_dial_delay, p, "call"),
        ThresholdMetric::Quality(metric, None) => line(metric, tally).and_then(worst),
        ThresholdMetric::Quality(metric, Some(p)) => at(&line(metric, tally)?.values, p, "call"),
        ThresholdMetric::PassRate => {
            let value = tally.passed as f64 / tally.judged().max(1) as f64;
            let any = tally.passed + tally.failed > 0;
            any.then(|| Measured { value, over: format!(" of {}", counted(tally.judged(), "call")) })
        }
    }
}

fn line(metric: QualityMetric, tally: &Tally) -> Option<&Line> {
    tally.lines.iter().find(|line| line.metric == metric)
}

fn worst(line: &Line) -> Option<Measured> {
    let (value, call, scenario) = line.worst.as_ref()?;
    Some(Measured { value: *value, over: format!(" in call {call}, {scenario}, the worst of {}", line.values.count()) })
}
