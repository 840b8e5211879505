//! A whole run: which calls, how many at once, again after errors, and what the suite as a whole must keep to.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::driver::{self, Services};
use super::event::{CallError, CallErrorKind, CallOutcome, CallResult, Event, Named, OtherErrorKind, Part};
use super::evidence::recording_path;
use super::ramp::Ramp;
use super::recording::Recordings;
use super::{quality, recording, telemetry, thresholds, verdict};
use crate::clock::Monotonic;
use crate::scenario::{Scenario, Target, Threshold};
use crate::telemetry::run_id;

/// One call of a run.
#[derive(Clone, Debug)]
pub struct PlannedCall {
    /// Its number in the whole run, from 1.
    pub number: usize,
    /// What is said and expected.
    pub scenario: Arc<Scenario>,
    /// Whom it calls.
    pub target: Target,
    /// How reports name the target.
    pub label: String,
    /// Which repetition, from 1.
    pub repetition: usize,
}

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Every call.
    pub calls: Vec<PlannedCall>,
    /// Calls at once, at most.
    pub jobs: usize,
    /// How the first of them start.
    pub ramp: Ramp,
    /// Attempts after one that ended in an error.
    pub retries: usize,
    /// What the run as a whole must keep to; a part of a run is not judged by it.
    pub thresholds: Vec<Threshold>,
    /// What these calls are a part of.
    pub part: Option<Part>,
    /// Folder of the recordings; none are written without it.
    pub recordings: Option<PathBuf>,
}

/// Runs every call; the results come in the order of the plan.
pub async fn run(plan: Plan, services: &Services) -> Vec<CallResult> {
    let started = Monotonic::now();
    let emit = |event| {
        let _nobody = services.events.send(event);
    };
    emit(Event::RunStarted {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: run_id(services.run),
        started: now_text(),
        targets: each_once(plan.calls.iter().map(|call| &call.label)),
        calls: plan.calls.len(),
        planned: plan.calls.iter().map(Named::of).collect(),
        jobs: plan.jobs,
        part: plan.part.clone().map(Box::new),
    });
    let recordings = plan.recordings.clone().map(|folder| Arc::new(Recordings::of_all(folder)));
    let slots = Arc::new(Semaphore::new(plan.jobs.max(1)));
    let mut running = JoinSet::new();
    for (index, call) in plan.calls.iter().cloned().enumerate() {
        let (slots, services) = (Arc::clone(&slots), services.clone());
        let (retries, recordings) = (plan.retries, recordings.clone());
        let ramp = plan.ramp.start(index, plan.jobs);
        running.spawn(async move {
            tokio::select! {
                () = services.cancel.cancelled() => skipped(&call, Vec::new(), &services),
                _slot = async { tokio::time::sleep(ramp).await; slots.acquire_owned().await } => {
                    attempts(&call, retries, recordings.as_deref(), &services).await
                }
            }
        });
    }
    let mut results: Vec<CallResult> = Vec::new();
    while let Some(done) = running.join_next().await {
        match done {
            Ok(result) => results.push(result),
            Err(error) => results.extend(unfinished(&plan, &results, &error, services)),
        }
    }
    results.sort_by_key(|result| result.call);
    services.transport.shut_down().await;
    let verdicts = thresholds::judge_all(&plan.thresholds, &results);
    let seconds = (Monotonic::now().0 - started.0) as f64 / 1e9;
    let (interrupted, peak_calls) = (services.cancel.is_cancelled(), services.calls_up.peak());
    emit(Event::RunFinished { thresholds: verdicts, seconds, interrupted, peak_calls });
    results
}

/// Each target once, in the order in which they come.
pub fn each_once<'a>(labels: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut targets: Vec<String> = Vec::new();
    for label in labels {
        if !targets.contains(label) {
            targets.push(label.clone());
        }
    }
    targets
}

/// A call whose task broke: it must not be missing from the verdict of the run.
fn unfinished(plan: &Plan, results: &[CallResult], error: &tokio::task::JoinError, services: &Services) -> Option<CallResult> {
    let call = plan.calls.iter().find(|call| !results.iter().any(|result| result.call == call.number))?;
    let error =
        CallError { kind: CallErrorKind::Other(OtherErrorKind::Tester), message: format!("goldencall itself failed in a call: {error}") };
    let result = CallResult { outcome: CallOutcome::Error, error: Some(error), ..CallResult::planned(call) };
    let _nobody = services.events.send(Event::CallFinished { result: Box::new(result.clone()) });
    Some(result)
}

/// A call that was not placed, since the run was interrupted before: every report lists it.
fn skipped(call: &PlannedCall, earlier_errors: Vec<CallError>, services: &Services) -> CallResult {
    let message = "the run was interrupted before this call was placed".to_owned();
    let error = CallError { kind: CallErrorKind::Other(OtherErrorKind::Interrupted), message };
    let result = CallResult { outcome: CallOutcome::Skipped, error: Some(error), earlier_errors, ..CallResult::planned(call) };
    let _nobody = services.events.send(Event::CallFinished { result: Box::new(result.clone()) });
    result
}

/// The call, and again after an error.
async fn attempts(call: &PlannedCall, retries: usize, recordings: Option<&Recordings>, services: &Services) -> CallResult {
    let mut earlier = Vec::new();
    let mut attempt = 0;
    loop {
        if services.cancel.is_cancelled() {
            return skipped(call, earlier, services);
        }
        attempt += 1;
        let mut result = once(call, attempt, recordings, services).await;
        let again = result.outcome == CallOutcome::Error && attempt <= retries && !services.cancel.is_cancelled();
        if again {
            earlier.extend(result.error);
            continue;
        }
        result.earlier_errors = earlier;
        let _nobody = services.events.send(Event::CallFinished { result: Box::new(result.clone()) });
        return result;
    }
}

/// One attempt at a call, judged and recorded.
pub(super) async fn once(call: &PlannedCall, attempt: usize, recordings: Option<&Recordings>, services: &Services) -> CallResult {
    let (number, name) = (call.number, call.scenario.name.clone());
    let _nobody = services.events.send(Event::CallStarted { call: number, scenario: name.clone(), target: call.label.clone() });
    let capture = recordings.filter(|_| services.capture.is_some());
    let capture = capture.map(|recordings| recording_path(&recordings.folder, number, &name).with_extension("pcap"));
    let planned = CallResult { attempt, ..CallResult::planned(call) };
    let mut evidence = driver::run(planned, Arc::clone(&call.scenario), call.target.clone(), capture.as_deref(), services).await;
    telemetry::judge(&mut evidence, &call.scenario, services.spans.as_deref()).await;
    quality::judge(&mut evidence, &call.scenario);
    verdict::judge(&mut evidence, &call.scenario);
    if let Some(recordings) = recordings.filter(|recordings| evidence.result.setup.is_some() && recordings.keeps(&evidence.result)) {
        let path = recording_path(&recordings.folder, number, &name);
        match recording::write(&path, &evidence.caller, &evidence.timeline.concealed()) {
            Ok(()) => evidence.result.recording = Some(path),
            Err(error) => evidence.result.lost.push(format!("the recording could not be written to {}: {error}", path.display())),
        }
    }
    evidence.result
}

impl Named {
    fn of(call: &PlannedCall) -> Self {
        Self {
            call: call.number,
            scenario: call.scenario.name.clone(),
            file: call.scenario.source.path.clone(),
            repetition: call.repetition,
            target: call.label.clone(),
        }
    }
}

impl CallResult {
    fn planned(call: &PlannedCall) -> Self {
        Self { started: now_text(), ..Self::of(&Named::of(call)) }
    }
}

pub(super) fn now_text() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Millisecond).unwrap_or(now).to_string()
}
