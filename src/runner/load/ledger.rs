//! The books of a load: one tally of the interval, one of everything, a row per interval and the first examples of each fault. Pure:
//! times count from the start of the load.

use std::time::Duration;

use super::super::event::CallResult;
use super::super::threshold_result::ThresholdResult;
use super::kind::{Fault, fault};
use super::measure::judge;
use super::report::{Example, FaultKind, LoadReport, LoadRow};
use super::tally::Tally;
use crate::call::Outcome;
use crate::scenario::LoadThreshold;

/// So many calls of each kind of fault are shown.
const EXAMPLES: usize = 5;
/// A last interval that is shorter than this has no row where nothing happened in it.
const SHORTEST: Duration = Duration::from_secs(1);

/// What the runner saw of itself when an interval ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Machine {
    /// Calls that are up.
    pub calls_now: usize,
    /// The most since the interval began, and since the load began.
    pub calls_peak: usize,
    pub calls_peak_of_all: usize,
    /// Cores that were busy in the interval, and in the load.
    pub cpu_cores: Option<f64>,
    pub cpu_cores_of_all: Option<f64>,
}

/// What is known of a load.
#[derive(Debug)]
pub(super) struct Ledger {
    thresholds: Vec<LoadThreshold>,
    whole: Tally,
    interval: Tally,
    from: Duration,
    last: LoadRow,
    rows: Vec<LoadRow>,
    kinds: Vec<FaultKind>,
}

impl Ledger {
    pub fn new(thresholds: Vec<LoadThreshold>) -> Self {
        let tally = Tally::new(thresholds.iter().map(|limit| &limit.threshold));
        let (whole, interval) = (tally.clone(), tally);
        Self { thresholds, whole, interval, from: Duration::ZERO, last: LoadRow::default(), rows: Vec::new(), kinds: Vec::new() }
    }

    /// Counts a call that was placed so late.
    pub fn placed(&mut self, late: Duration) {
        self.whole.place(late);
        self.interval.place(late);
    }

    pub fn dropped(&mut self) {
        self.whole.dropped += 1;
        self.interval.dropped += 1;
    }

    /// Counts a call that ended at this time.
    pub fn ended(&mut self, result: &CallResult, at: Duration) {
        let fault = fault(result);
        let side = fault.as_ref().map(|fault| fault.side);
        self.whole.add(result, side);
        self.interval.add(result, side);
        if let Some(fault) = fault {
            self.fault(fault, result, at);
        }
    }

    fn fault(&mut self, Fault { side, kind, message }: Fault, result: &CallResult, at: Duration) {
        let known = self.kinds.iter().position(|known| known.side == side && known.kind == kind);
        let place = known.unwrap_or_else(|| {
            self.kinds.push(FaultKind { kind, side, calls: 0, examples: Vec::new() });
            self.kinds.len() - 1
        });
        let Some(known) = self.kinds.get_mut(place) else { return };
        known.calls += 1;
        if known.examples.len() < EXAMPLES {
            let (scenario, recording) = (result.scenario.clone(), result.recording.clone());
            known.examples.push(Example { call: result.call, scenario, at_s: seconds(at), message, recording });
        }
    }

    /// Ends the interval and begins the next.
    pub fn close_interval(&mut self, until: Duration, machine: Machine) {
        let empty = Tally::new(self.thresholds.iter().map(|limit| &limit.threshold));
        let tally = std::mem::replace(&mut self.interval, empty);
        let row = LoadRow { calls_peak: machine.calls_peak, ..self.row(&tally, self.from, until, machine.calls_now) };
        let rest = until.saturating_sub(self.from) < SHORTEST && tally.started + tally.ended() + tally.dropped == 0;
        if !rest || self.rows.is_empty() {
            self.rows.push(with_cpu(row, machine.cpu_cores));
        }
        self.last = LoadRow { calls_peak: machine.calls_peak_of_all, ..self.row(&self.whole, Duration::ZERO, until, machine.calls_now) };
        self.last = with_cpu(self.last.clone(), machine.cpu_cores_of_all);
        self.from = until;
    }

    fn row(&self, tally: &Tally, from: Duration, until: Duration, calls_now: usize) -> LoadRow {
        let broken = self.judged(tally).into_iter().filter(|judged| judged.outcome == Outcome::Failed);
        let broken = broken.map(|judged| in_words(&judged)).collect();
        LoadRow { from_s: seconds(from), until_s: seconds(until), calls_now, broken, ..tally.row() }
    }

    fn judged(&self, tally: &Tally) -> Vec<ThresholdResult> {
        self.thresholds.iter().map(|limit| judge(&limit.threshold, tally)).collect()
    }

    /// Why to stop, where a threshold that says so does not hold over the load so far.
    pub fn abort(&self, at: Duration) -> Option<String> {
        let mut due = self.thresholds.iter().filter(|limit| limit.abort_on_fail && at >= limit.delay_abort_eval);
        due.find_map(|limit| Some(judge(&limit.threshold, &self.whole)).filter(|judged| judged.outcome == Outcome::Failed))
            .map(|judged| in_words(&judged))
    }

    /// Fills in what is known at the end of the last interval.
    pub fn report(&self, onto: LoadReport) -> LoadReport {
        let mut kinds = self.kinds.clone();
        kinds.sort_by(|one, other| (one.side, other.calls, &one.kind).cmp(&(other.side, one.calls, &other.kind)));
        LoadReport {
            first_bad: self.rows.iter().find(|row| !row.broken.is_empty()).cloned(),
            thresholds: self.judged(&self.whole),
            whole: self.last.clone(),
            kinds,
            rows: self.rows.clone(),
            ..onto
        }
    }
}

fn with_cpu(mut row: LoadRow, cores: Option<f64>) -> LoadRow {
    row.tester.cpu_cores = cores;
    row
}

/// `pass_rate: at least 95.0 % (measured 50.0 % of 8 calls)`.
fn in_words(judged: &ThresholdResult) -> String {
    format!("{}: {} (measured {})", judged.name, judged.expected, judged.actual)
}

/// Seconds to the millisecond.
pub(super) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
