use std::sync::Arc;

use super::*;
use crate::call::{CheckKind, CheckResult};
use crate::scenario::{Location, Setting, Source, parse};
use crate::telemetry::{Metric, MetricKind, Report, Stage, ToolCall};

const TEXT: &str = "
variables: { day: Tuesday }
steps:
  - bot: Hello
  - caller: { silence: 1s }
  - bot: { says: Booked, llm: 800ms, playout: 100ms, calls: { book: { day: '{{day}}' } } }
  - hangup: caller
";

fn scenario() -> Scenario {
    let source = Source { path: "test.yaml".into(), text: TEXT.into() };
    parse(Arc::new(source), &Setting::default()).expect("a scenario")
}

fn ms(millis: i64) -> CallTime {
    CallTime::from_millis(millis)
}

fn turn(step: usize, number: usize, origin: Origin, at: i64, latency: i64) -> TurnResult {
    let passed = CheckResult::judged(CheckKind::Says, Location::default(), String::new(), String::new(), None);
    let mut turn: TurnResult = serde_json::from_value(serde_json::json!({
        "step": step, "turn": number, "location": Location::default(), "outcome": "passed", "checks": [passed], "utterances": [],
        "origin": origin, "origin_ns": ms(at), "latency_ns": latency * 1_000_000, "answer_latency_ns": null, "barge_in_stop_ns": null,
        "dead_air_ns": null, "held_back_ns": null, "captured": {},
    }))
    .expect("a turn");
    turn.add_checks(Vec::new());
    turn
}

/// A greeting, the caller from 3 to 5 s, and an answer at 6.2 s whose packet came at 6.0 s.
fn evidence(reports: Vec<(CallTime, Report)>) -> CallEvidence {
    let mut evidence = CallEvidence { ended_at: ms(9000), ..CallEvidence::default() };
    evidence.result.turns = vec![turn(0, 1, Origin::Answer, 100, 400), turn(2, 2, Origin::CallerSpeechEnd, 5000, 1200)];
    evidence.caller_speech = vec![ms(3000)];
    evidence.received = [(ms(500), ms(500)), (ms(6200), ms(6000))].into();
    evidence.round_trip = Some(Duration::from_millis(20));
    evidence.reports = reports;
    evidence
}

fn metric(seconds: f64) -> Report {
    let kind = MetricKind::Ttfb;
    Report::Metrics(vec![Metric { stage: Stage::Llm, kind, processor: "llm".into(), model: None, seconds }])
}

fn call() -> Report {
    Report::ToolCall(ToolCall { name: "book".into(), arguments: serde_json::json!({"day": "tuesday"}), id: None })
}

fn failed(turn: &TurnResult) -> Vec<&str> {
    turn.failures().map(|check| check.check.name()).collect()
}

#[tokio::test]
async fn what_the_bot_told_is_judged_in_its_turn() {
    let mut evidence = evidence(vec![(ms(300), metric(5.0)), (ms(5600), metric(0.5)), (ms(5700), call())]);
    judge(&mut evidence, &scenario(), None).await;
    let [greeting, answer] = &evidence.result.turns[..] else { panic!("two turns") };
    assert_eq!(greeting.outcome, Outcome::Passed, "the greeting has no bounds: {:?}", failed(greeting));
    let told = answer.telemetry.as_ref().expect("told");
    let time = |stage| told.breakdown.stage(stage).map(|time| time.as_millis());
    assert_eq!((time(Stage::Llm), time(Stage::Network), time(Stage::Playout)), (Some(500), Some(20), Some(200)));
    assert_eq!(answer.arrival_latency.map(|time| time.as_millis()), Some(1000));
    assert_eq!((answer.outcome, failed(answer)), (Outcome::Failed, vec!["playout"]));
}

#[tokio::test]
async fn silence_about_a_bound_is_no_pass() {
    let mut evidence = evidence(Vec::new());
    judge(&mut evidence, &scenario(), None).await;
    assert_eq!(failed(&evidence.result.turns[1]), ["llm", "playout", "calls"]);
}

#[tokio::test]
async fn a_turn_that_was_not_judged_stays_so() {
    let mut evidence = evidence(Vec::new());
    evidence.result.turns[1].outcome = Outcome::Skipped;
    judge(&mut evidence, &scenario(), None).await;
    assert_eq!(evidence.result.turns[1].outcome, Outcome::Skipped);
}

#[tokio::test]
async fn spans_that_cannot_be_told_apart_are_the_testers_error() {
    let mut evidence = evidence(Vec::new());
    judge(&mut evidence, &scenario(), None).await;
    let outcome = |evidence: &mut CallEvidence| {
        super::super::verdict::judge(evidence, &scenario());
        evidence.result.outcome
    };
    assert_eq!(outcome(&mut evidence), crate::runner::CallOutcome::Failed);
    let turn = &mut evidence.result.turns[1];
    turn.checks.retain(|check| check.check != CheckKind::Stage(Stage::Playout));
    if let Some(telemetry) = &mut turn.telemetry {
        telemetry.source.ambiguous = true;
    }
    assert_eq!(outcome(&mut evidence), crate::runner::CallOutcome::Error);
}
