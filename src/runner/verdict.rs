//! From a finished call to its result: failures of the bot, errors of everything else.

use jiff::SignedDuration;

use super::event::{CallError, CallErrorKind, CallOutcome, CallResult, Health, OtherErrorKind};
use super::evidence::{CallEvidence, Failure};
use super::statistics::percentile;
use super::{fairness, stalls};
use crate::call::{AMBIGUOUS_SPANS, CheckKind, Outcome, TurnResult};
use crate::scenario::Scenario;
use crate::time::Millis;

fn health(evidence: &CallEvidence) -> Health {
    let held_back = evidence.result.turns.iter().filter_map(|turn| turn.held_back).max().unwrap_or(SignedDuration::ZERO);
    let waits: Vec<f64> = evidence.send_lag.iter().map(|micros| f64::from(*micros)).collect();
    let waits = percentile(&waits, 99.0).unwrap_or(0.0);
    Health {
        pacing_p99_ms: evidence.lateness.percentile(99.0).unwrap_or(0.0).max(waits) / 1000.0,
        held_back_ms: held_back.millis_f64().max(0.0),
        transcript_lag_ms: evidence.transcript_lag.millis_f64(),
    }
}

/// How the call came out, and why where it has no verdict. Checks that the tester itself spoiled are taken back before.
pub(super) fn judge(evidence: &mut CallEvidence, scenario: &Scenario) {
    let health = health(evidence);
    let result = &mut evidence.result;
    result.health = health;
    result.unfair = fairness::excuse(&mut result.turns, &health, scenario, evidence.hung_up);
    let stalled = stalls::excuse(&mut result.turns, &result.stalls, &evidence.sent, scenario, evidence.hung_up);
    result.unfair.extend(stalled);
    (result.outcome, result.error) = outcome(evidence.failure.as_ref(), result);
}

fn outcome(failure: Option<&Failure>, result: &CallResult) -> (CallOutcome, Option<CallError>) {
    let failed = result.turns.iter().any(|turn| turn.outcome == Outcome::Failed);
    let judged = result.turns.iter().any(|turn| turn.outcome == Outcome::Passed);
    let error = match failure {
        Some(Failure::Dial(error)) => Some(CallError { kind: CallErrorKind::Dial(error.kind), message: error.message.clone() }),
        Some(Failure::Transcription(message)) => Some(other(OtherErrorKind::Transcription, format!("the recogniser failed: {message}"))),
        Some(Failure::Broken(message)) => Some(other(OtherErrorKind::Broken, message.clone())),
        // What was already wrong when the run was interrupted stays wrong.
        Some(Failure::Interrupted) if failed => None,
        Some(Failure::Interrupted) => Some(other(OtherErrorKind::Interrupted, "the run was interrupted".to_owned())),
        None => spans_of_two_calls(&result.turns).or_else(|| unfair(&result.unfair).filter(|_| !failed)),
    };
    match error {
        Some(error) => (CallOutcome::Error, Some(error)),
        None if failed => (CallOutcome::Failed, None),
        None if judged => (CallOutcome::Passed, None),
        None => (CallOutcome::Error, Some(other(OtherErrorKind::Tester, "nothing was judged in this call".to_owned()))),
    }
}

/// A call whose only failures are the tester's own doing has no verdict.
fn unfair(unfair: &[String]) -> Option<CallError> {
    let why = || format!("not judged fairly: {}; run fewer calls at once (--jobs)", unfair.join("; "));
    (!unfair.is_empty()).then(|| other(OtherErrorKind::Tester, why()))
}

fn other(kind: OtherErrorKind, message: String) -> CallError {
    CallError { kind: CallErrorKind::Other(kind), message }
}

/// Missing data is not the bot's failure where the spans of two calls cannot be told apart.
fn spans_of_two_calls(turns: &[TurnResult]) -> Option<CallError> {
    let mut failed = turns.iter().filter(|turn| turn.outcome == Outcome::Failed).peekable();
    failed.peek()?;
    let by_telemetry = |turn: &TurnResult| turn.failures().all(|check| matches!(check.check, CheckKind::Stage(_) | CheckKind::Calls));
    let ambiguous = |turn: &TurnResult| turn.telemetry.as_ref().is_some_and(|telemetry| telemetry.source.ambiguous);
    failed.all(|turn| by_telemetry(turn) && ambiguous(turn)).then(|| other(OtherErrorKind::Tester, AMBIGUOUS_SPANS.to_owned()))
}
