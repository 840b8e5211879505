use std::sync::Arc;

use jiff::SignedDuration;

use super::super::event::CallOutcome;
use super::super::evidence::CallEvidence;
use super::super::verdict::judge;
use super::*;
use crate::call::Utterance;
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

fn ms(at: i64) -> CallTime {
    CallTime::from_millis(at)
}

/// A bot turn at this step, due from a moment on, with what was said from when on, 300 ms each.
fn turn(step: usize, origin: i64, said: &[i64], checks: &[(CheckKind, bool)]) -> TurnResult {
    let mut turn: TurnResult = serde_json::from_value(serde_json::json!({
        "step": step, "turn": step / 2 + 1, "location": Location::default(), "outcome": "passed", "checks": [], "utterances": [],
        "origin": "caller_dtmf", "origin_ns": origin * 1_000_000, "latency_ns": null, "answer_latency_ns": null,
        "barge_in_stop_ns": null, "dead_air_ns": null, "held_back_ns": null, "captured": {},
    }))
    .expect("a turn");
    turn.latency = said.first().map(|at| SignedDuration::from_millis(at - origin));
    let text = if step == 0 { "Hello" } else { "Booked for Tuesday" };
    let utterance = |at: &i64| Utterance { span: Span { start: ms(*at), end: ms(at + 300) }, text: text.to_owned(), untranscribed: false };
    turn.utterances = said.iter().map(utterance).collect();
    let check = |(kind, held): &(CheckKind, bool)| {
        CheckResult::judged(*kind, Location::default(), String::new(), String::new(), (!held).then(|| "wrong".to_owned()))
    };
    turn.add_checks(checks.iter().map(check).collect());
    turn
}

/// The call: the caller pressed a key from 3.0 s to 4.0 s and from 7.0 s to 8.0 s.
fn call(turns: Vec<TurnResult>, kind: StallKind, from: i64, until: i64, hung_up: Option<i64>) -> CallEvidence {
    let mut evidence = CallEvidence { hung_up: hung_up.map(ms), ..CallEvidence::default() };
    evidence.sent = vec![(ms(3000), Some(ms(4000))), (ms(7000), Some(ms(8000)))];
    evidence.result.turns = turns;
    evidence.result.stalls = vec![Stall { kind, span: Span { start: ms(from), end: ms(until) } }];
    judge(&mut evidence, &scenario());
    evidence
}

const WRONG: &[(CheckKind, bool)] = &[(CheckKind::Says, false), (CheckKind::Latency, true)];
const RIGHT: &[(CheckKind, bool)] = &[(CheckKind::Says, true), (CheckKind::Latency, true)];

#[test]
fn a_caller_that_fell_silent_in_mid_word_may_have_been_misheard() {
    let first = || turn(0, 0, &[500], RIGHT);
    let outcome = |kind, from, until| call(vec![first(), turn(2, 4000, &[4500], WRONG)], kind, from, until, None).result;
    let misheard = outcome(StallKind::Sending, 3300, 4000);
    assert_eq!(misheard.outcome, CallOutcome::Error);
    insta::assert_snapshot!(misheard.error.expect("an error").message, @"not judged fairly: `says` of turn 2: the tester stalled for 700 ms while the caller spoke; run fewer calls at once (--jobs)");
    // Before and after its words, and where its packets were in time.
    for (kind, from, until) in [(StallKind::Sending, 2000, 2900), (StallKind::Sending, 4100, 4900), (StallKind::Waking, 3300, 4000)] {
        assert_eq!(outcome(kind, from, until).outcome, CallOutcome::Failed, "{kind:?} {from}");
    }
}

#[test]
fn what_was_wrong_before_the_stall_or_after_a_right_answer_stays_wrong() {
    let calls = |first, second, third| {
        let turns = vec![turn(0, 0, &[500], first), turn(2, 4000, &[4500], second), turn(4, 8000, &[8500], third)];
        call(turns, StallKind::Sending, 3300, 4000, None).result.outcome
    };
    assert_eq!(calls(WRONG, RIGHT, RIGHT), CallOutcome::Failed);
    assert_eq!(calls(RIGHT, RIGHT, WRONG), CallOutcome::Failed);
    assert_eq!(calls(RIGHT, WRONG, WRONG), CallOutcome::Error);
    assert_eq!(calls(RIGHT, RIGHT, RIGHT), CallOutcome::Passed);
}

#[test]
fn a_latency_is_excused_by_at_most_the_stall() {
    let late = |by: i64, from| {
        let late = turn(2, 4000, &[5000 + by], &[(CheckKind::Says, true), (CheckKind::Latency, false)]);
        call(vec![late], StallKind::Sending, from, from + 300, None).result.outcome
    };
    assert_eq!([late(250, 4300), late(350, 4300), late(250, 2000)], [CallOutcome::Error, CallOutcome::Failed, CallOutcome::Failed]);
}

#[test]
fn a_bot_that_was_kept_waiting_is_excused_for_what_it_did_meanwhile() {
    let again = |at| {
        let turns = vec![turn(0, 0, &[500, at], &[(CheckKind::Says, false)])];
        call(turns, StallKind::Waking, 1500, 2200, None).result.outcome
    };
    assert_eq!([1400, 1600, 2300, 2500].map(again), [CallOutcome::Failed, CallOutcome::Error, CallOutcome::Error, CallOutcome::Failed]);
    let left = |at| {
        let turns = vec![turn(0, 0, &[500], &[(CheckKind::Says, true), (CheckKind::Call, false)])];
        call(turns, StallKind::Waking, 1500, 2200, Some(at)).result.outcome
    };
    assert_eq!([1400, 1600, 2500].map(left), [CallOutcome::Failed, CallOutcome::Error, CallOutcome::Failed]);
}
