use std::sync::Arc;

use super::super::event::{CallErrorKind, CallOutcome, OtherErrorKind};
use super::super::evidence::CallEvidence;
use super::super::verdict::judge;
use super::*;
use crate::call::{Outcome, Utterance};
use crate::scenario::{Location, Setting, Source, parse};
use crate::time::Span;

const TEXT: &str = "
steps:
  - bot: Hello
  - caller: { dtmf: '1', after: 500ms }
  - bot: { says: Booked for Tuesday, not: { contains: sorry }, latency: 1s }
  - caller: { dtmf: '2', after: 500ms }
  - bot: Goodbye
";

fn scenario() -> Scenario {
    let source = Source { path: "test.yaml".into(), text: TEXT.into() };
    parse(Arc::new(source), &Setting::default()).expect("a scenario")
}

fn check(kind: CheckKind, why: Option<&str>) -> CheckResult {
    CheckResult::judged(kind, Location::default(), String::new(), String::new(), why.map(str::to_owned))
}

/// A bot turn at this step, with what was said, each from so many milliseconds on for 300 ms.
fn turn(step: usize, checks: &[(CheckKind, Option<&str>)], said: &[(i64, &str)]) -> TurnResult {
    let mut turn: TurnResult = serde_json::from_value(serde_json::json!({
        "step": step, "turn": step / 2 + 1, "location": Location::default(), "outcome": "passed", "checks": [], "utterances": [],
        "origin": "caller_dtmf", "origin_ns": 0, "latency_ns": 500_000_000, "answer_latency_ns": null, "barge_in_stop_ns": null,
        "dead_air_ns": null, "held_back_ns": null, "captured": {},
    }))
    .expect("a turn");
    turn.utterances = said
        .iter()
        .map(|(at, text)| Utterance {
            span: Span { start: CallTime::from_millis(*at), end: CallTime::from_millis(at + 300) },
            text: (*text).to_owned(),
            untranscribed: false,
        })
        .collect();
    turn.add_checks(checks.iter().map(|(kind, why)| check(*kind, *why)).collect());
    turn
}

/// The same turn, whose words were known 800 ms late: the caller could have gone on 5 s after dial, and acts 500 ms after that.
fn late(turn: TurnResult) -> TurnResult {
    TurnResult { held_from: Some(CallTime::from_millis(5000)), held_back: Some(SignedDuration::from_millis(800)), ..turn }
}

fn call(turns: Vec<TurnResult>, hung_up: Option<i64>) -> CallEvidence {
    let mut evidence = CallEvidence { hung_up: hung_up.map(CallTime::from_millis), ..CallEvidence::default() };
    evidence.result.turns = turns;
    judge(&mut evidence, &scenario());
    evidence
}

#[test]
fn wrong_words_are_a_failure_however_long_the_tester_kept_the_caller_waiting() {
    let wrong = turn(2, &[(CheckKind::Says, Some("heard `Thursday` where `Tuesday` was expected"))], &[(9000, "Booked for Thursday")]);
    let evidence = call(vec![late(turn(0, &[(CheckKind::Says, None)], &[(3000, "Hello")])), wrong], None);
    assert_eq!((evidence.result.outcome, &evidence.result.unfair[..]), (CallOutcome::Failed, &[][..]));
    assert_eq!(evidence.result.health.held_back_ms, 800.0);
}

#[test]
fn a_late_answer_is_a_failure_too() {
    let slow = turn(2, &[(CheckKind::Latency, Some("2 s over its budget"))], &[(9000, "Booked for Tuesday")]);
    let evidence = call(vec![late(turn(0, &[(CheckKind::Says, None)], &[(3000, "Hello")])), slow], None);
    assert_eq!(evidence.result.outcome, CallOutcome::Failed);
}

#[test]
fn what_the_bot_said_while_it_was_kept_waiting_is_not_judged() {
    let again = |at| {
        let said = [(3000, "Hello"), (at, "Are you still there?")];
        call(vec![late(turn(0, &[(CheckKind::Says, Some("heard more than was expected"))], &said))], None)
    };
    let unfair = again(5900);
    let error = unfair.result.error.as_ref().expect("an error");
    assert_eq!((unfair.result.outcome, error.kind), (CallOutcome::Error, CallErrorKind::Other(OtherErrorKind::Tester)));
    insta::assert_snapshot!(error.message, @"not judged fairly: `says` of turn 1: the bot spoke again while the tester kept the caller waiting for 800 ms; run fewer calls at once (--jobs)");
    insta::assert_snapshot!(unfair.result.turns[0].checks[0].actual, @"not judged fairly (the bot spoke again while the tester kept the caller waiting for 800 ms): heard more than was expected");
    // Before the caller was to act, and long after it did.
    assert_eq!([5400, 7000].map(|at| again(at).result.outcome), [CallOutcome::Failed; 2]);
}

#[test]
fn what_was_wrong_before_the_delay_stays_wrong() {
    let said = |first: &str| {
        let both = [(CheckKind::Says, Some("more")), (CheckKind::Not, Some("the bot said what it must not"))];
        call(vec![late(turn(2, &both, &[(3000, first), (5900, "Sorry, are you there?")]))], None).result
    };
    assert_eq!(said("Booked for Tuesday").outcome, CallOutcome::Error);
    let wrong = said("Sorry, booked for Tuesday");
    assert_eq!((wrong.outcome, wrong.turns[0].failures().count(), wrong.unfair.len()), (CallOutcome::Failed, 1, 1));
}

#[test]
fn a_bot_that_hangs_up_is_excused_only_while_it_was_kept_waiting() {
    let left = |at| {
        let gone = turn(1, &[(CheckKind::Call, Some("the bot hung up before the caller's next turn"))], &[]);
        call(vec![late(turn(0, &[(CheckKind::Says, None)], &[(3000, "Hello")])), gone], Some(at)).result.outcome
    };
    assert_eq!([5400, 5600, 6400, 6600].map(left), [CallOutcome::Failed, CallOutcome::Error, CallOutcome::Error, CallOutcome::Failed]);
}

#[test]
fn a_latency_is_excused_by_at_most_the_pacing_error() {
    let over = |millis: i64| {
        let mut late = turn(2, &[(CheckKind::Latency, Some("late"))], &[]);
        late.latency = Some(SignedDuration::from_millis(1000 + millis));
        let health = Health { pacing_p99_ms: 4.0, ..Health::default() };
        let mut turns = [late];
        let unfair = excuse(&mut turns, &health, &scenario(), None);
        (turns[0].outcome, unfair.len())
    };
    assert_eq!(over(3), (Outcome::Skipped, 1));
    assert_eq!(over(5), (Outcome::Failed, 0));
    assert_eq!(over(-2000), (Outcome::Failed, 0), "a bot that talks over the caller is not late");
}
