//! From a finished call to its result: failures of the bot, errors of everything else.

use jiff::SignedDuration;

use super::event::{CallError, CallErrorKind, CallOutcome, Health, OtherErrorKind};
use super::evidence::{CallEvidence, Failure};
use super::statistics::percentile;
use crate::call::{AMBIGUOUS_SPANS, CheckKind, Outcome, TurnResult};
use crate::scenario::{Scenario, Step};
use crate::time::Millis;

/// A longer wait of the caller for a transcript may have changed what the bot did.
const HELD_BACK_MS: f64 = 300.0;
/// With worse pacing than this the tester may be at fault.
const PACING_P99_MS: f64 = 1.0;

pub(super) fn health(evidence: &CallEvidence) -> Health {
    let held_back = evidence.result.turns.iter().filter_map(|turn| turn.held_back).max().unwrap_or(SignedDuration::ZERO);
    let waits: Vec<f64> = evidence.send_lag.iter().map(|micros| f64::from(*micros)).collect();
    let waits = percentile(&waits, 99.0).unwrap_or(0.0);
    Health {
        pacing_p99_ms: evidence.lateness.percentile(99.0).unwrap_or(0.0).max(waits) / 1000.0,
        held_back_ms: held_back.millis_f64().max(0.0),
        transcript_lag_ms: evidence.transcript_lag.millis_f64(),
    }
}

/// How the call came out, and why where it has no verdict.
pub(super) fn outcome(evidence: &CallEvidence, health: &Health, scenario: &Scenario) -> (CallOutcome, Option<CallError>) {
    let error = match &evidence.failure {
        Some(Failure::Dial(error)) => Some(CallError { kind: CallErrorKind::Dial(error.kind), message: error.message.clone() }),
        Some(Failure::Transcription(message)) => Some(other(OtherErrorKind::Transcription, format!("the recogniser failed: {message}"))),
        Some(Failure::Broken(message)) => Some(other(OtherErrorKind::Broken, message.clone())),
        Some(Failure::Interrupted) => Some(other(OtherErrorKind::Interrupted, "the run was interrupted".to_owned())),
        None => tester_at_fault(&evidence.result.turns, health, scenario).or_else(|| spans_of_two_calls(&evidence.result.turns)),
    };
    let failed = evidence.result.turns.iter().any(|turn| turn.outcome == Outcome::Failed);
    let judged = evidence.result.turns.iter().any(|turn| turn.outcome == Outcome::Passed);
    match error {
        // What was already wrong when the run was interrupted stays wrong.
        Some(error) => (CallOutcome::Error, Some(error)),
        None if failed => (CallOutcome::Failed, None),
        None if judged => (CallOutcome::Passed, None),
        None => (CallOutcome::Error, Some(other(OtherErrorKind::Tester, "nothing was judged in this call".to_owned()))),
    }
}

fn other(kind: OtherErrorKind, message: String) -> CallError {
    CallError { kind: CallErrorKind::Other(kind), message }
}

/// Whether a failed check may be the tester's doing: then it is an error, never the bot's failure.
fn tester_at_fault(turns: &[TurnResult], health: &Health, scenario: &Scenario) -> Option<CallError> {
    let first = turns.iter().position(|turn| turn.outcome == Outcome::Failed)?;
    let held = turns[..first].iter().filter_map(|turn| turn.held_back).map(Millis::millis_f64).fold(0.0, f64::max);
    if held > HELD_BACK_MS {
        let message =
            format!("the tester kept the caller waiting for {held:.0} ms before the turn that failed; run fewer calls at once (--jobs)");
        return Some(other(OtherErrorKind::Tester, message));
    }
    let close = |turn: &TurnResult| only_latency(turn) && over_by(turn, scenario).is_some_and(|over| over <= health.pacing_p99_ms);
    let all_close = turns.iter().filter(|turn| turn.outcome == Outcome::Failed).all(close);
    (health.pacing_p99_ms > PACING_P99_MS && all_close).then(|| {
        let message = format!(
            "a latency was over its budget by less than the tester's own pacing error ({:.1} ms at p99); run fewer calls at once (--jobs)",
            health.pacing_p99_ms
        );
        other(OtherErrorKind::Tester, message)
    })
}

/// Missing data is not the bot's failure where the spans of two calls cannot be told apart.
fn spans_of_two_calls(turns: &[TurnResult]) -> Option<CallError> {
    let mut failed = turns.iter().filter(|turn| turn.outcome == Outcome::Failed).peekable();
    failed.peek()?;
    let by_telemetry = |turn: &TurnResult| turn.failures().all(|check| matches!(check.check, CheckKind::Stage(_) | CheckKind::Calls));
    let ambiguous = |turn: &TurnResult| turn.telemetry.as_ref().is_some_and(|telemetry| telemetry.source.ambiguous);
    failed.all(|turn| by_telemetry(turn) && ambiguous(turn)).then(|| other(OtherErrorKind::Tester, AMBIGUOUS_SPANS.to_owned()))
}

fn only_latency(turn: &TurnResult) -> bool {
    turn.failures().all(|check| check.check == CheckKind::Latency)
}

/// By how many milliseconds the latency was over its budget.
fn over_by(turn: &TurnResult, scenario: &Scenario) -> Option<f64> {
    let Some(Step::Bot(step)) = scenario.steps.get(turn.step) else { return None };
    Some(turn.latency?.millis_f64() - step.latency?.limit.millis_f64())
}
