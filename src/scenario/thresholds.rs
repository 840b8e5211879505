//! `thresholds` of `goldencall.yaml`: limits on the whole run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decode::{Decoder, did_you_mean};
use super::problem::Problem;
use super::quality::{bound, is_comparison};
use super::source::Location;
use super::yaml::{Node, Value};
use crate::media::quality::{Comparison, QualityMetric, Unit};

/// What a threshold bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMetric {
    /// Percentile of turn latency.
    TurnLatency(u8),
    /// Percentile of greeting latency.
    GreetingLatency(u8),
    /// Percentile of answer latency.
    AnswerLatency(u8),
    /// Percentile of the setup time.
    Setup(u8),
    /// Percentile of the post-dial delay: dial to ringing.
    PostDialDelay(u8),
    /// Share of scenarios that passed.
    PassRate,
    /// Audio quality: a percentile over the calls, or the worst call.
    Quality(QualityMetric, Option<u8>),
}

/// The bound of a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// At most this time.
    AtMost(Duration),
    /// At least this share, 0 to 1.
    AtLeast(f64),
    /// As a comparison says; the bound is in milliseconds, percent or whatever the unit is.
    Compare(Comparison, f64, Unit),
}

/// One limit on the whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// As written, for reports.
    pub name: String,
    /// What it bounds.
    pub metric: ThresholdMetric,
    /// Its bound.
    pub limit: Limit,
}

/// Names of the metrics that are not audio quality, for suggestions.
const KNOWN: [&str; 8] = [
    "turn_latency.p95",
    "greeting_latency.p95",
    "answer_latency.p95",
    "setup",
    "setup.p95",
    "post_dial_delay",
    "post_dial_delay.p95",
    "pass_rate",
];

/// Every name, for suggestions.
fn known() -> Vec<&'static str> {
    let line = QualityMetric::ALL.map(name_of);
    let more = line.into_iter().filter(|name| !KNOWN.contains(name));
    KNOWN.into_iter().chain(more).collect()
}

pub(super) fn decode(decoder: &mut Decoder<'_>, name: &str, location: Location, value: &Node) -> Option<Threshold> {
    let Some(metric) = metric(name) else {
        let kind_is_known = name.split_once('.').is_some_and(|(kind, _)| metric(&format!("{kind}.p95")).is_some());
        let help = if kind_is_known { "percentiles are p1 to p100".to_owned() } else { did_you_mean(name, &known()) };
        decoder.problem(Problem::new(location, format!("`{name}` is not a threshold")).help(help));
        return None;
    };
    if let Value::Map(_) = value.value {
        let problem = Problem::new(value.location, "a threshold of a run is a bound alone: a run is judged at its end");
        decoder.problem(problem.help("write for instance 95% or 1500ms; `abort_on_fail` belongs to `load: { thresholds: ... }`"));
        return None;
    }
    let compared = matches!(&value.value, Value::Scalar(text) if is_comparison(text));
    let mut compare =
        |unit, natural| bound(decoder, value, unit, natural).map(|(comparison, bound)| Limit::Compare(comparison, bound, unit));
    let limit = match metric {
        ThresholdMetric::Quality(metric, _) if metric.more_is_better() => compare(metric.unit(), Comparison::AtLeast)?,
        ThresholdMetric::Quality(metric, _) => compare(metric.unit(), Comparison::AtMost)?,
        ThresholdMetric::PassRate if compared => compare(Unit::Percent, Comparison::AtLeast)?,
        ThresholdMetric::PassRate => Limit::AtLeast(share(decoder, value)?),
        _ if compared => compare(Unit::Millis, Comparison::AtMost)?,
        _ => Limit::AtMost(decoder.positive(value)?),
    };
    Some(Threshold { name: name.to_owned(), metric, limit })
}

fn metric(name: &str) -> Option<ThresholdMetric> {
    if name == "pass_rate" {
        return Some(ThresholdMetric::PassRate);
    }
    let Some((kind, percentile)) = name.split_once('.') else {
        return Some(match name {
            // The slowest call.
            "setup" => ThresholdMetric::Setup(100),
            "post_dial_delay" => ThresholdMetric::PostDialDelay(100),
            _ => ThresholdMetric::Quality(quality(name)?, None),
        });
    };
    let percentile = percentile.strip_prefix('p')?.parse().ok().filter(|percentile| (1..=100).contains(percentile))?;
    Some(match kind {
        "turn_latency" => ThresholdMetric::TurnLatency(percentile),
        "greeting_latency" => ThresholdMetric::GreetingLatency(percentile),
        "answer_latency" => ThresholdMetric::AnswerLatency(percentile),
        "setup" => ThresholdMetric::Setup(percentile),
        "post_dial_delay" => ThresholdMetric::PostDialDelay(percentile),
        _ => ThresholdMetric::Quality(quality(kind)?, Some(percentile)),
    })
}

/// Without `quality:` above it, `burst_loss` says more than `burst`.
fn name_of(metric: QualityMetric) -> &'static str {
    if metric == QualityMetric::Burst { "burst_loss" } else { metric.key() }
}

fn quality(name: &str) -> Option<QualityMetric> {
    QualityMetric::ALL.into_iter().find(|metric| name_of(*metric) == name)
}

fn share(decoder: &mut Decoder<'_>, node: &Node) -> Option<f64> {
    let text = decoder.text(node)?;
    let (number, scale) = text.trim().strip_suffix('%').map_or((text.trim(), 1.0), |number| (number, 100.0));
    let share = number.trim().parse::<f64>().ok().map(|number| number / scale).filter(|share| (0.0..=1.0).contains(share));
    if share.is_none() {
        decoder.problem(Problem::new(node.location, format!("`{text}` is not a share")).help("write 95% or 0.95"));
    }
    share
}
