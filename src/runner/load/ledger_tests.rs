use std::sync::Arc;

use super::super::super::event::{CallError, CallErrorKind, CallOutcome, OtherErrorKind};
use super::super::report::{Percentiles, Side};
use super::*;
use crate::scenario::{Config, Secrets, Source};
use crate::time::CallTime;
use crate::transport::DialErrorKind;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn limits(text: &str) -> Vec<LoadThreshold> {
    let source = Source { path: "goldencall.yaml".into(), text: format!("load: {{ thresholds: {{ {text} }} }}").into() };
    Config::parse(&Arc::new(source), &Secrets::default()).expect("a configuration").load_thresholds
}

/// A call with one turn of this latency, which fails a check if one is named.
fn call(number: usize, latency_ms: i64, failed: Option<&str>) -> CallResult {
    let location = serde_json::json!({ "line": 3, "column": 5, "offset": 20, "length": 5 });
    let outcome = if failed.is_some() { "failed" } else { "passed" };
    let turn = serde_json::json!({
        "step": 0, "turn": 2, "location": location, "outcome": outcome, "utterances": [], "origin": "caller_speech_end", "origin_ns": 0,
        "latency_ns": latency_ms * 1_000_000, "answer_latency_ns": null, "barge_in_stop_ns": null, "dead_air_ns": null, "held_back_ns": null,
        "captured": {},
        "checks": [{
            "check": failed.unwrap_or("says"), "outcome": outcome, "expected": "", "actual": "", "reason": "it was wrong", "location": location,
        }],
    });
    CallResult {
        call: number,
        scenario: "Book".to_owned(),
        outcome: if failed.is_some() { CallOutcome::Failed } else { CallOutcome::Passed },
        setup: Some(CallTime::from_millis(40)),
        turns: vec![serde_json::from_value(turn).expect("a turn")],
        ..CallResult::default()
    }
}

fn error(number: usize, kind: CallErrorKind) -> CallResult {
    let error = Some(CallError { kind, message: "why".to_owned() });
    CallResult { outcome: CallOutcome::Error, error, ..call(number, 60_000, None) }
}

#[test]
fn a_row_per_interval_and_the_first_bad_one() {
    let mut ledger = Ledger::new(limits("turn_latency.p95: 1s, pass_rate: 90%"));
    for minute in 0..4_u64 {
        for number in 0..20 {
            let at = s(minute * 60 + number);
            ledger.placed(Duration::ZERO);
            let (late, wrong) = (minute == 2 && number > 17, minute == 3 && number > 15);
            ledger.ended(&call(number as usize, if late { 2000 } else { 700 }, wrong.then_some("says")), at);
        }
        ledger.close_interval(s(minute * 60 + 60), Machine { calls_now: 3, calls_peak: 5, ..Machine::default() });
    }
    let report = ledger.report(LoadReport::default());
    let row = |place: usize| &report.rows[place];
    assert_eq!((row(0).started, row(0).passed, row(0).failed, row(0).calls_peak), (20, 20, 0, 5));
    assert_eq!((row(2).from_s, row(2).until_s, row(2).turn_latency_ms.p95.map(f64::round)), (120.0, 180.0, Some(2000.0)));
    assert!(row(0).broken.is_empty() && row(1).broken.is_empty());
    assert_eq!(report.first_bad.as_ref(), Some(row(2)));
    assert_eq!(row(3).broken, ["pass_rate: at least 90.0 % (measured 80.0 % of 20 calls)"]);
    // Over the whole load both held.
    assert_eq!((report.whole.started, report.whole.passed, report.whole.until_s), (80, 76, 240.0));
    assert!(report.thresholds.iter().all(|threshold| threshold.outcome == Outcome::Passed), "{:?}", report.thresholds);
}

#[test]
fn faults_are_counted_by_kind_with_a_few_examples() {
    let mut ledger = Ledger::new(limits("pass_rate: 90%"));
    for number in 0..300 {
        ledger.ended(&call(number, 700, Some(if number % 3 == 0 { "latency" } else { "says" })), s(number as u64));
    }
    ledger.ended(&error(300, CallErrorKind::Dial(DialErrorKind::Busy)), s(300));
    ledger.ended(&error(301, CallErrorKind::Dial(DialErrorKind::Local)), s(301));
    let report = ledger.report(LoadReport::default());
    let kinds: Vec<_> = report.kinds.iter().map(|kind| (kind.kind.as_str(), kind.side, kind.calls, kind.examples.len())).collect();
    assert_eq!(
        kinds,
        [("says", Side::Bot, 200, 5), ("latency", Side::Bot, 100, 5), ("busy", Side::Call, 1, 1), ("local", Side::Tester, 1, 1)]
    );
    assert_eq!((report.kinds[0].examples[0].call, report.kinds[0].examples[0].message.as_str()), (1, "turn 2: it was wrong"));
}

#[test]
fn what_the_tester_spoiled_is_in_no_figure_of_the_bot() {
    let mut ledger = Ledger::new(limits("turn_latency.p95: 1s, pass_rate: 100%"));
    ledger.ended(&call(1, 700, None), s(1));
    let late = CallResult { unfair: vec!["late".to_owned()], ..error(2, CallErrorKind::Other(OtherErrorKind::Tester)) };
    ledger.ended(&late, s(2));
    ledger.ended(&error(3, CallErrorKind::Other(OtherErrorKind::Interrupted)), s(3));
    ledger.close_interval(s(10), Machine::default());
    let report = ledger.report(LoadReport::default());
    let whole = &report.whole;
    assert_eq!((whole.passed, whole.not_judged, whole.cut_short, whole.pass_rate), (1, 1, 1, Some(1.0)));
    assert_eq!((whole.turn_latency_ms.count, whole.turn_latency_ms.max.map(f64::round)), (1, Some(700.0)));
    assert!(report.first_bad.is_none() && report.thresholds.iter().all(|threshold| threshold.outcome == Outcome::Passed));
}

#[test]
fn a_latency_over_its_bound_by_the_pacing_error_is_not_judged() {
    let judged = |latency, pacing| {
        let mut ledger = Ledger::new(limits("turn_latency.p95: 1s"));
        let mut late = call(1, latency, None);
        late.health.pacing_p99_ms = pacing;
        ledger.ended(&late, s(1));
        ledger.report(LoadReport::default()).thresholds[0].outcome
    };
    assert_eq!([judged(1000, 0.1), judged(1004, 0.1), judged(1004, 5.0), judged(1010, 5.0)], {
        use Outcome::{Failed, Passed, Skipped};
        [Passed, Failed, Skipped, Failed]
    });
}

#[test]
fn a_load_is_stopped_by_a_broken_threshold_that_says_so_and_not_before_its_time() {
    let mut ledger = Ledger::new(limits("pass_rate: { threshold: 90%, abort_on_fail: true, delay_abort_eval: 30s }, setup: 1ms"));
    assert_eq!(ledger.abort(s(40)), None, "no call has ended");
    ledger.ended(&call(1, 700, None), s(5));
    ledger.ended(&call(2, 700, Some("says")), s(6));
    assert_eq!(ledger.abort(s(10)), None);
    assert_eq!(ledger.abort(s(30)).as_deref(), Some("pass_rate: at least 90.0 % (measured 50.0 % of 2 calls)"));
}

#[test]
fn the_worst_call_of_a_line_is_named() {
    let mut ledger = Ledger::new(limits("mos: 3.8, loss.p50: 1%"));
    for (number, mos) in [(1, 4.3), (2, 3.1), (3, 4.0)] {
        let mut result = call(number, 700, None);
        (result.quality.mos, result.quality.loss) = (Some(mos), Some(0.002));
        ledger.ended(&result, s(1));
    }
    let thresholds = ledger.report(LoadReport::default()).thresholds;
    let said: Vec<String> = thresholds.iter().map(|limit| format!("{:?} {}", limit.outcome, limit.actual)).collect();
    assert_eq!(said, ["Failed 3.10 in call 2, Book, the worst of 3", "Passed 0.2 % over 3 calls"]);
}

#[test]
fn an_idle_rest_has_no_row() {
    let mut ledger = Ledger::new(limits("pass_rate: 90%"));
    ledger.ended(&call(1, 700, None), s(1));
    ledger.close_interval(s(10), Machine::default());
    ledger.close_interval(s(10) + Duration::from_millis(30), Machine::default());
    let report = ledger.report(LoadReport::default());
    assert_eq!(
        (report.rows.len(), report.whole.until_s, report.whole.tester.held_back_ms),
        (1, 10.03, { Percentiles { count: 1, p50: Some(0.0), p95: Some(0.0), p99: Some(0.0), max: Some(0.0) } })
    );
}
