//! What is known of a load: `load.json` as it is. Times are milliseconds, or seconds from the start of the load (`_s`).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::threshold_result::ThresholdResult;

/// Everything about a load, so far or at its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Version of goldencall.
    pub goldencall: String,
    /// The run's number, as every call carries it in `X-Goldencall-Run`.
    pub run: String,
    /// Wall-clock time, RFC 3339.
    pub started: String,
    /// Cores of the machine that may be used.
    pub cores: usize,
    /// Every target that is called.
    pub targets: Vec<String>,
    /// What was asked for.
    pub plan: LoadShape,
    /// The verdict; none while calls are placed.
    pub verdict: Option<LoadVerdict>,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
    /// How the load came to its end; none while calls are placed.
    pub ending: Option<Ending>,
    /// The first interval in which a threshold did not hold.
    pub first_bad: Option<LoadRow>,
    /// The thresholds over the whole load.
    pub thresholds: Vec<ThresholdResult>,
    /// The whole load in one row.
    pub whole: LoadRow,
    /// What went wrong, by kind, the most frequent first.
    pub kinds: Vec<FaultKind>,
    /// One row per interval.
    pub rows: Vec<LoadRow>,
}

/// What a load was asked to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadShape {
    /// Callers of the closed model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_at_once: Option<usize>,
    /// Rate of the open model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals_per_second: Option<f64>,
    /// Calls under way at most, in the open model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_calls: Option<usize>,
    /// Length of the ramp.
    pub ramp_s: f64,
    /// How long calls were to be placed after it.
    pub hold_s: f64,
    /// Length of an interval.
    pub interval_s: f64,
    /// Which scenarios, and how many calls of each.
    pub scenarios: Vec<LoadShare>,
}

/// A scenario's share of a load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadShare {
    /// Name of the scenario.
    pub scenario: String,
    /// Its weight.
    pub weight: u32,
    /// Calls placed.
    pub started: usize,
}

/// A stretch of a load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadRow {
    /// Its start.
    pub from_s: f64,
    /// Its end.
    pub until_s: f64,
    /// Calls that were up at its end.
    pub calls_now: usize,
    /// The most calls that were up at any moment.
    pub calls_peak: usize,
    /// Calls placed.
    pub started: usize,
    /// Calls that ended and passed.
    pub passed: usize,
    /// Calls in which the bot was wrong.
    pub failed: usize,
    /// Calls that could not be placed or broke off.
    pub errors: usize,
    /// Calls without a verdict because of the tester itself: neither passed nor failed.
    pub not_judged: usize,
    /// Calls that were ended because the load was stopped.
    pub cut_short: usize,
    /// Arrivals for which no call was placed, since too many were under way.
    pub dropped: usize,
    /// Passed calls of those that passed, failed or were errors, 0 to 1.
    pub pass_rate: Option<f64>,
    /// Latency of the turns that follow the caller's speech.
    pub turn_latency_ms: Percentiles,
    /// Time from the answer to the greeting.
    pub greeting_latency_ms: Percentiles,
    /// How well the tester did.
    pub tester: TesterHealth,
    /// The thresholds that did not hold here, in words.
    pub broken: Vec<String>,
}

/// A load in which more calls than this could not be judged was more than the tester could carry, in percent of those that ended.
const MOST_UNJUDGED: usize = 1;
/// So was one in which more callers than this were kept waiting, in percent: they were slower than people, and the load was lighter than
/// the one that was asked for.
const MOST_KEPT_WAITING: usize = 5;

impl LoadRow {
    /// Calls that ended by themselves.
    pub fn ended(&self) -> usize {
        self.passed + self.failed + self.errors + self.not_judged
    }

    /// Whether too many calls could not be judged because of the tester.
    pub fn tester_failed(&self) -> bool {
        self.not_judged * 100 > self.ended() * MOST_UNJUDGED
    }

    /// Whether too many callers were kept waiting for words.
    pub fn callers_were_slow(&self) -> bool {
        self.tester.kept_waiting * 100 > self.tester.held_back_ms.count * MOST_KEPT_WAITING
    }
}

/// A distribution in five numbers, within 0.1 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Values.
    pub count: usize,
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
}

/// How well the tester itself did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TesterHealth {
    /// Calls whose caller waited for a transcript long enough to change what the bot did.
    pub kept_waiting: usize,
    /// Longest such wait of each call, in milliseconds.
    pub held_back_ms: Percentiles,
    /// Lateness of sent packets, each call's 99th percentile, in milliseconds.
    pub pacing_p99_ms: Percentiles,
    /// Longest time of each call that a transcript came after the pause that ends a turn, in milliseconds.
    pub transcript_lag_ms: Percentiles,
    /// How late calls were placed, in milliseconds.
    pub placed_late_ms: Percentiles,
    /// Cores that this process kept busy, on average; a sample bot that it runs itself is part of it.
    pub cpu_cores: Option<f64>,
}

/// Who a fault is put down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The bot was wrong.
    Bot,
    /// The call could not be placed, or broke off.
    Call,
    /// goldencall or its machine.
    Tester,
    /// The load was stopped.
    Stopped,
}

/// One kind of fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultKind {
    /// The check that failed first, or the kind of error.
    pub kind: String,
    /// Who it is put down to.
    pub side: Side,
    /// Calls.
    pub calls: usize,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// One call that went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Number of the call in this load.
    pub call: usize,
    /// Name of the scenario.
    pub scenario: String,
    /// When it ended.
    pub at_s: f64,
    /// What happened.
    pub message: String,
    /// Its recording, where one was kept.
    pub recording: Option<PathBuf>,
}

/// How a load came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// As planned.
    Completed,
    /// A threshold with `abort_on_fail` broke.
    Aborted(String),
    /// By a signal.
    Interrupted,
}

/// What a load comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadVerdict {
    /// Every threshold held, and the load was as it was asked for.
    Passed,
    /// The bot broke a threshold.
    Failed,
    /// Calls could not be placed, or the load was not as it was asked for.
    Error,
    /// No call was placed.
    Nothing,
}
