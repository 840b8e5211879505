//! Places the calls of a load, on the clock, and publishes the report after every interval.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, interval_at, sleep_until};

use super::super::driver::Services;
use super::super::event::{CallError, CallErrorKind, CallOutcome, CallResult, Event, OtherErrorKind};
use super::super::suite::{PlannedCall, each_once, now_text, once};
use super::choice::Choice;
use super::ledger::{Ledger, Machine, seconds};
use super::plan::{Load, LoadModel};
use super::report::{Ending, LoadReport, LoadShape, LoadShare, LoadVerdict};
use super::schedule::{Due, Schedule};
use super::usage::cpu_time;
use super::verdict;
use crate::telemetry::run_id;

/// How often thresholds with `abort_on_fail` are looked at, and the shortest interval.
const TICK: Duration = Duration::from_secs(10);
/// Loads shorter than this have a row per tick, longer ones a row per minute.
const SHORT: Duration = Duration::from_secs(180);
const MINUTE: Duration = Duration::from_secs(60);

/// Places calls until the load is over, and gives its report.
pub async fn run_load(load: Load, services: &Services) -> LoadReport {
    let mut runner = Runner::new(load, services);
    runner.publish();
    let mut ticks = interval_at(runner.started + TICK, TICK);
    while !runner.is_over() {
        let next = runner.schedule.next().map(|due| runner.started + due);
        let due = next.unwrap_or(runner.started);
        tokio::select! {
            () = services.cancel.cancelled(), if runner.ending.is_none() => runner.stop(Ending::Interrupted),
            Some(ended) = runner.running.join_next() => runner.ended(ended),
            _ = ticks.tick() => runner.tick(),
            () = sleep_until(due), if next.is_some() => runner.place(due),
        }
    }
    services.transport.shut_down().await;
    runner.finish()
}

struct Runner<'a> {
    load: Load,
    services: &'a Services,
    schedule: Schedule,
    choice: Choice,
    ledger: Ledger,
    running: JoinSet<CallResult>,
    /// Calls placed of each scenario.
    placed: Vec<usize>,
    started: Instant,
    /// Ticks per row, and ticks so far.
    row_ticks: u32,
    ticks: u32,
    /// Since when the interval lasts, and the processor time until then.
    interval: (Duration, Option<Duration>),
    cpu_at_start: Option<Duration>,
    ending: Option<Ending>,
    /// The first recording that could not be written, and why.
    lost: Option<String>,
    /// What does not change, and what is known.
    report: LoadReport,
}

impl<'a> Runner<'a> {
    fn new(load: Load, services: &'a Services) -> Self {
        let interval = if load.ramp.saturating_add(load.hold) < SHORT { TICK } else { MINUTE };
        let cpu = cpu_time();
        Self {
            schedule: Schedule::new(load.model, load.ramp, load.hold),
            choice: Choice::new(load.mix.iter().map(|call| call.weight)),
            ledger: Ledger::new(load.thresholds.clone()),
            running: JoinSet::new(),
            placed: vec![0; load.mix.len()],
            started: Instant::now(),
            row_ticks: u32::try_from(interval.as_secs() / TICK.as_secs()).unwrap_or(1),
            ticks: 0,
            interval: (Duration::ZERO, cpu),
            cpu_at_start: cpu,
            ending: None,
            lost: None,
            report: LoadReport {
                goldencall: env!("CARGO_PKG_VERSION").to_owned(),
                run: run_id(services.run),
                started: now_text(),
                cores: available_parallelism().map_or(1, NonZeroUsize::get),
                targets: each_once(load.mix.iter().map(|call| &call.label)),
                plan: shape(&load, interval),
                ..LoadReport::default()
            },
            load,
            services,
        }
    }

    fn is_over(&self) -> bool {
        self.running.is_empty() && self.schedule.next().is_none()
    }

    /// Places the call that was due then, or drops it.
    fn place(&mut self, due: Instant) {
        if self.schedule.take(self.running.len()) == Due::Dropped {
            self.ledger.dropped();
            return;
        }
        let Some(place) = self.choice.next() else { return };
        let (Some(call), Some(placed)) = (self.load.mix.get(place), self.placed.get_mut(place)) else { return };
        *placed += 1;
        let planned = PlannedCall {
            number: 0,
            scenario: Arc::clone(&call.scenario),
            target: call.target.clone(),
            label: call.label.clone(),
            repetition: *placed,
        };
        let planned = PlannedCall { number: self.placed.iter().sum(), ..planned };
        self.ledger.placed(due.elapsed());
        let (services, recordings) = (self.services.clone(), self.load.recordings.clone());
        self.running.spawn(async move { once(&planned, 1, recordings.as_deref(), &services).await });
    }

    fn ended(&mut self, ended: Result<CallResult, JoinError>) {
        let result = ended.unwrap_or_else(|error| broken(&error));
        let at = self.started.elapsed();
        self.schedule.ended(at, result.setup.is_some());
        self.ledger.ended(&result, at);
        self.lost = self.lost.take().or_else(|| result.lost.first().cloned());
        let _unread = self.services.events.send(Event::CallFinished { result: Box::new(result) });
    }

    fn tick(&mut self) {
        self.ticks += 1;
        let at = self.started.elapsed();
        let abort = if self.ending.is_none() { self.ledger.abort(at) } else { None };
        if self.ticks.is_multiple_of(self.row_ticks) {
            self.close_interval();
            self.publish();
        }
        if let Some(why) = abort {
            self.stop(Ending::Aborted(why));
            self.services.cancel.cancel();
        }
    }

    /// No further calls; those under way are ended by whoever cancelled.
    fn stop(&mut self, ending: Ending) {
        self.schedule.stop();
        self.ending = Some(ending);
    }

    fn close_interval(&mut self) {
        let (at, cpu) = (self.started.elapsed(), cpu_time());
        let (from, before) = std::mem::replace(&mut self.interval, (at, cpu));
        let calls = &self.services.calls_up;
        let machine = Machine {
            calls_now: calls.now(),
            calls_peak: calls.recent_peak(),
            calls_peak_of_all: calls.peak(),
            cpu_cores: cores(before, cpu, at.saturating_sub(from)),
            cpu_cores_of_all: cores(self.cpu_at_start, cpu, at),
        };
        self.ledger.close_interval(at, machine);
        for (share, placed) in self.report.plan.scenarios.iter_mut().zip(&self.placed) {
            share.started = *placed;
        }
        self.report = self.ledger.report(std::mem::take(&mut self.report));
    }

    fn publish(&self) {
        let _unread = self.services.events.send(Event::Load { report: Box::new(self.report.clone()) });
    }

    fn finish(mut self) -> LoadReport {
        self.close_interval();
        self.report.ending = Some(self.ending.take().unwrap_or(Ending::Completed));
        self.report = verdict::judge(std::mem::take(&mut self.report));
        if let (Some(LoadVerdict::Passed), Some(lost)) = (self.report.verdict, self.lost.take()) {
            // The bot was right, and the evidence that the user asked for is not there.
            self.report.verdict = Some(LoadVerdict::Error);
            self.report.reasons.push(lost);
        }
        self.publish();
        self.report
    }
}

fn shape(load: &Load, interval: Duration) -> LoadShape {
    let share = |call: &super::plan::LoadCall| LoadShare { scenario: call.scenario.name.clone(), weight: call.weight, started: 0 };
    let shape = LoadShape {
        ramp_s: seconds(load.ramp),
        hold_s: seconds(load.hold),
        interval_s: seconds(interval),
        scenarios: load.mix.iter().map(share).collect(),
        ..LoadShape::default()
    };
    match load.model {
        LoadModel::CallsAtOnce(callers) => LoadShape { calls_at_once: Some(callers), ..shape },
        LoadModel::Arrivals { per_second, max_calls } => {
            LoadShape { arrivals_per_second: Some(per_second), max_calls: Some(max_calls), ..shape }
        }
    }
}

/// A call whose task broke: it must not be missing from the counts.
fn broken(error: &JoinError) -> CallResult {
    let message = format!("goldencall itself failed in a call: {error}");
    let error = CallError { kind: CallErrorKind::Other(OtherErrorKind::Tester), message };
    CallResult { outcome: CallOutcome::Error, error: Some(error), ..CallResult::default() }
}

/// Cores that were busy on average.
fn cores(before: Option<Duration>, after: Option<Duration>, wall: Duration) -> Option<f64> {
    let used = after?.saturating_sub(before?);
    (!wall.is_zero()).then(|| used.as_secs_f64() / wall.as_secs_f64())
}
