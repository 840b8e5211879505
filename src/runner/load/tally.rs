//! A stretch of a load as counts and distributions: its size does not depend on the number of calls.

use std::time::Duration;

use super::super::event::CallResult;
use super::super::fairness::HELD_BACK_MS;
use super::distribution::Distribution;
use super::report::{LoadRow, Percentiles, Side, TesterHealth};
use crate::call::Origin;
use crate::media::quality::QualityMetric;
use crate::scenario::{Threshold, ThresholdMetric};
use crate::time::Millis;

/// A number of the line's, where a threshold asks for it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub metric: QualityMetric,
    pub values: Distribution,
    /// The worst value, its call and the call's scenario.
    pub worst: Option<(f64, usize, String)>,
}

/// Counts and distributions.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub started: usize,
    pub passed: usize,
    pub failed: usize,
    pub errors: usize,
    pub not_judged: usize,
    pub cut_short: usize,
    pub dropped: usize,
    pub kept_waiting: usize,
    pub turn_latency: Distribution,
    pub greeting_latency: Distribution,
    pub answer_latency: Distribution,
    pub setup: Distribution,
    pub post_dial_delay: Distribution,
    pub lines: Vec<Line>,
    pub held_back: Distribution,
    pub pacing: Distribution,
    pub transcript_lag: Distribution,
    pub placed_late: Distribution,
}

impl Tally {
    /// Nothing yet; what these thresholds ask for will be counted.
    pub fn new<'a>(thresholds: impl Iterator<Item = &'a Threshold>) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        for threshold in thresholds {
            if let ThresholdMetric::Quality(metric, _) = threshold.metric
                && !lines.iter().any(|line| line.metric == metric)
            {
                lines.push(Line { metric, values: Distribution::of(metric), worst: None });
            }
        }
        Self {
            started: 0,
            passed: 0,
            failed: 0,
            errors: 0,
            not_judged: 0,
            cut_short: 0,
            dropped: 0,
            kept_waiting: 0,
            turn_latency: Distribution::new(),
            greeting_latency: Distribution::new(),
            answer_latency: Distribution::new(),
            setup: Distribution::new(),
            post_dial_delay: Distribution::new(),
            lines,
            held_back: Distribution::new(),
            pacing: Distribution::new(),
            transcript_lag: Distribution::new(),
            placed_late: Distribution::new(),
        }
    }

    /// Counts a call that was placed so late.
    pub fn place(&mut self, late: Duration) {
        self.started += 1;
        self.placed_late.record(late.millis_f64());
    }

    /// Counts a call that has ended.
    pub fn add(&mut self, result: &CallResult, side: Option<Side>) {
        let counted = match side {
            None => &mut self.passed,
            Some(Side::Bot) => &mut self.failed,
            Some(Side::Call) => &mut self.errors,
            Some(Side::Tester) => &mut self.not_judged,
            Some(Side::Stopped) => &mut self.cut_short,
        };
        *counted += 1;
        if result.setup.is_some() {
            self.tester(result);
        }
        // What the tester spoiled says nothing about the bot, nor does a call that was cut short.
        if !matches!(side, Some(Side::Tester | Side::Stopped)) {
            self.measured(result);
        }
    }

    fn tester(&mut self, result: &CallResult) {
        let health = result.health;
        self.kept_waiting += usize::from(health.held_back_ms > HELD_BACK_MS);
        self.held_back.record(health.held_back_ms);
        self.pacing.record(health.pacing_p99_ms);
        self.transcript_lag.record(health.transcript_lag_ms);
    }

    fn measured(&mut self, result: &CallResult) {
        for turn in &result.turns {
            let latencies = match turn.origin {
                Some(Origin::CallerSpeechEnd) => Some(&mut self.turn_latency),
                Some(Origin::Answer) => Some(&mut self.greeting_latency),
                _ => None,
            };
            if let (Some(latencies), Some(latency)) = (latencies, turn.latency) {
                latencies.record(latency.millis_f64());
            }
            if let Some(latency) = turn.answer_latency {
                self.answer_latency.record(latency.millis_f64());
            }
        }
        if let Some(setup) = result.setup {
            self.setup.record(setup.millis_f64());
        }
        if let Some(delay) = result.post_dial_delay {
            self.post_dial_delay.record(delay.millis_f64());
        }
        for line in &mut self.lines {
            let Some(value) = line.metric.value(&result.quality) else { continue };
            line.values.record(value);
            let worse = |worst: f64| if line.metric.more_is_better() { value < worst } else { value > worst };
            if line.worst.as_ref().is_none_or(|(worst, ..)| worse(*worst)) {
                line.worst = Some((value, result.call, result.scenario.clone()));
            }
        }
    }

    /// Calls that have ended with a verdict on the bot or the line.
    pub fn judged(&self) -> usize {
        self.passed + self.failed + self.errors
    }

    /// Calls that have ended.
    pub fn ended(&self) -> usize {
        self.judged() + self.not_judged + self.cut_short
    }

    /// The row; when, how many at once and the processor are the caller's to fill in.
    pub fn row(&self) -> LoadRow {
        LoadRow {
            started: self.started,
            passed: self.passed,
            failed: self.failed,
            errors: self.errors,
            not_judged: self.not_judged,
            cut_short: self.cut_short,
            dropped: self.dropped,
            pass_rate: (self.judged() > 0).then(|| self.passed as f64 / self.judged() as f64),
            turn_latency_ms: percentiles(&self.turn_latency),
            greeting_latency_ms: percentiles(&self.greeting_latency),
            tester: TesterHealth {
                kept_waiting: self.kept_waiting,
                held_back_ms: percentiles(&self.held_back),
                pacing_p99_ms: percentiles(&self.pacing),
                transcript_lag_ms: percentiles(&self.transcript_lag),
                placed_late_ms: percentiles(&self.placed_late),
                cpu_cores: None,
            },
            ..LoadRow::default()
        }
    }
}

fn percentiles(values: &Distribution) -> Percentiles {
    let at = |p| values.percentile(p);
    Percentiles { count: values.count(), p50: at(50.0), p95: at(95.0), p99: at(99.0), max: at(100.0) }
}
