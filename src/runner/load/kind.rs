//! What went wrong in a call, in one word, and who it is put down to.

use super::super::event::{CallErrorKind, CallOutcome, CallResult, OtherErrorKind};
use super::report::Side;
use crate::call::TurnResult;
use crate::transport::DialErrorKind;

/// Calls that the tester was too slow to judge fairly.
pub(super) const TOO_SLOW: &str = "too_slow";

/// The fault of one call.
pub(super) struct Fault {
    pub side: Side,
    pub kind: String,
    pub message: String,
}

/// The fault of a call; `None` where it passed.
pub(super) fn fault(result: &CallResult) -> Option<Fault> {
    match result.outcome {
        CallOutcome::Passed => None,
        CallOutcome::Failed => Some(failure(result)),
        CallOutcome::Error | CallOutcome::Skipped => Some(error(result)),
    }
}

/// A call counts once, by the check that failed first.
fn failure(result: &CallResult) -> Fault {
    let first = result.turns.iter().find_map(|turn| Some((turn.turn, turn.failures().next()?)));
    let kind = first.map_or("failure", |(_, check)| check.check.name());
    let reasons = |turn: &TurnResult| turn.failures().map(|check| check.reason.clone()).collect::<Vec<_>>().join("; ");
    let failed = result.turns.iter().filter(|turn| turn.failures().next().is_some());
    let messages: Vec<String> = failed.map(|turn| format!("turn {}: {}", turn.turn, reasons(turn))).collect();
    Fault { side: Side::Bot, kind: kind.to_owned(), message: messages.join("; ") }
}

fn error(result: &CallResult) -> Fault {
    let (kind, message) = match &result.error {
        Some(error) => (error.kind, error.message.clone()),
        None => (CallErrorKind::Other(OtherErrorKind::Tester), String::new()),
    };
    let side = match kind {
        CallErrorKind::Dial(DialErrorKind::Local) => Side::Tester,
        CallErrorKind::Dial(_) | CallErrorKind::Other(OtherErrorKind::Broken) => Side::Call,
        CallErrorKind::Other(OtherErrorKind::Transcription | OtherErrorKind::Tester) => Side::Tester,
        CallErrorKind::Other(OtherErrorKind::Interrupted | OtherErrorKind::Unfinished) => Side::Stopped,
    };
    let slow = side == Side::Tester && !result.unfair.is_empty();
    let named = || serde_json::to_value(kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    let kind = if slow { TOO_SLOW.to_owned() } else { named() };
    let message = if slow { result.unfair.join("; ") } else { message };
    Fault { side, kind, message }
}

#[cfg(test)]
mod tests {
    use super::super::super::event::CallError;
    use super::*;

    fn errored(kind: CallErrorKind, unfair: &[&str]) -> (Side, String) {
        let error = Some(CallError { kind, message: "why".to_owned() });
        let unfair = unfair.iter().map(|text| (*text).to_owned()).collect();
        let result = CallResult { outcome: CallOutcome::Error, error, unfair, ..CallResult::default() };
        let fault = fault(&result).expect("a fault");
        (fault.side, fault.kind)
    }

    #[test]
    fn the_testers_own_trouble_is_neither_the_bots_nor_the_lines() {
        let side = |kind, unfair: &[&str]| errored(kind, unfair);
        assert_eq!(side(CallErrorKind::Dial(DialErrorKind::Busy), &[]), (Side::Call, "busy".to_owned()));
        assert_eq!(side(CallErrorKind::Dial(DialErrorKind::Local), &[]), (Side::Tester, "local".to_owned()));
        assert_eq!(side(CallErrorKind::Other(OtherErrorKind::Broken), &[]), (Side::Call, "broken".to_owned()));
        assert_eq!(side(CallErrorKind::Other(OtherErrorKind::Tester), &["late"]), (Side::Tester, TOO_SLOW.to_owned()));
        assert_eq!(side(CallErrorKind::Other(OtherErrorKind::Tester), &[]), (Side::Tester, "tester".to_owned()));
        assert_eq!(side(CallErrorKind::Other(OtherErrorKind::Transcription), &[]), (Side::Tester, "transcription".to_owned()));
        assert_eq!(side(CallErrorKind::Other(OtherErrorKind::Interrupted), &[]), (Side::Stopped, "interrupted".to_owned()));
    }
}
