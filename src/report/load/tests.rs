//! What a load says.

use std::io;
use std::sync::{Arc, Mutex};

use super::super::{Consumer, TerminalStyle};
use super::*;
use crate::lock::lock;
use crate::runner::{CallResult, Event, LoadReport};

/// Two intervals, in the second of which the bot was wrong and the tester slow.
fn report() -> LoadReport {
    let times = |p50: f64| serde_json::json!({ "count": 40, "p50": p50, "p95": p50 * 1.5, "p99": p50 * 2.0, "max": p50 * 3.0 });
    let row = |from: f64, until: f64, failed: usize, waiting: usize, broken: &[&str]| {
        serde_json::json!({
            "from_s": from, "until_s": until, "calls_now": 12, "calls_peak": 14, "started": 20, "passed": 18 - failed, "failed": failed,
            "errors": 1, "not_judged": waiting, "cut_short": 0, "dropped": 0, "pass_rate": 0.85, "turn_latency_ms": times(620.0),
            "greeting_latency_ms": times(410.0), "broken": broken,
            "tester": {
                "kept_waiting": waiting, "held_back_ms": times(0.0), "pacing_p99_ms": times(0.12), "transcript_lag_ms": times(90.0),
                "placed_late_ms": times(1.0), "cpu_cores": 1.24,
            },
        })
    };
    let broken = ["pass_rate: at least 95.0 % (measured 78.9 % of 19 calls)"];
    let bad = row(60.0, 120.0, 3, 2, &broken);
    let example = serde_json::json!({
        "call": 7, "scenario": "Book an appointment", "at_s": 71.2, "message": "turn 2: heard `Thursday` where `Tuesday` was expected",
        "recording": "out/calls/007-book-an-appointment.wav",
    });
    serde_json::from_value(serde_json::json!({
        "goldencall": "0.1.0", "run": "1", "started": "", "cores": 2, "targets": ["sip:bot@10.0.0.5"],
        "plan": { "calls_at_once": 14, "ramp_s": 30.0, "hold_s": 600.0, "interval_s": 60.0, "scenarios": [] },
        "verdict": "failed", "reasons": ["pass_rate: at least 95.0 %, measured 86.8 % of 38 calls"], "ending": "completed",
        "first_bad": bad,
        "thresholds": [
            { "name": "pass_rate", "outcome": "failed", "expected": "at least 95.0 %", "actual": "86.8 % of 38 calls" },
            { "name": "turn_latency.p95", "outcome": "passed", "expected": "at most 1200 ms", "actual": "930 ms over 40 turns" },
        ],
        "whole": row(0.0, 120.0, 3, 2, &broken),
        "kinds": [
            { "kind": "says", "side": "bot", "calls": 3, "examples": [example] },
            { "kind": "busy", "side": "call", "calls": 1, "examples": [] },
            { "kind": "too_slow", "side": "tester", "calls": 2, "examples": [] },
        ],
        "rows": [row(0.0, 60.0, 0, 0, &[]), bad],
    }))
    .expect("a report")
}

fn load(report: LoadReport) -> Event {
    Event::Load { report: Box::new(report) }
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_per_interval_and_the_verdict_at_the_end() {
    let page = Page::default();
    let mut terminal = LoadTerminal::new(TerminalStyle { colour: false, live: false, width: 100 }, Box::new(page.clone()));
    let (mut started, mut first) = (report(), report());
    for early in [&mut started, &mut first] {
        (early.verdict, early.ending) = (None, None);
    }
    started.rows.clear();
    first.rows.truncate(1);
    for known in [started, first, report()] {
        terminal.event(&load(known)).expect("a page");
    }
    insta::assert_snapshot!(String::from_utf8(lock(&page.0).clone()).expect("text"));
}

#[test]
fn a_case_per_threshold_and_per_kind_of_fault() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("junit.xml");
    let written = |report: LoadReport| {
        LoadJunit::new(path.clone()).event(&load(report)).expect("written");
        std::fs::read_to_string(&path).expect("a report")
    };
    insta::assert_snapshot!(written(report()));
    // Where the goal is met, single calls are listed and fail nothing.
    let mut met = report();
    met.thresholds.remove(0);
    met.whole.not_judged = 0;
    (met.verdict, met.reasons) = (serde_json::from_value("passed".into()).ok(), Vec::new());
    let junit = written(met);
    assert!(!junit.contains("<failure") && !junit.contains("<error") && junit.contains("failed, says: 3 calls"), "{junit}");
}

#[test]
fn the_json_report_is_whole_after_every_interval() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("load.json");
    let mut json = LoadJson::new(path.clone());
    let early = LoadReport { verdict: None, rows: Vec::new(), ..report() };
    for known in [early, report()] {
        json.event(&load(known.clone())).expect("written");
        let text = std::fs::read_to_string(&path).expect("a report");
        let read: LoadReport = serde_json::from_str(&text).expect("JSON");
        assert_eq!((read.verdict, read.rows), (known.verdict, known.rows));
    }
}

#[test]
fn the_events_of_a_kept_call_lie_beside_its_recording_and_others_are_forgotten() {
    let folder = tempfile::tempdir().expect("folder");
    let mut journals = CallJournals::default();
    for (call, name) in [(1, None), (2, Some("002-book.wav"))] {
        let started = Event::CallStarted { call, scenario: "Book".to_owned(), target: "bot:".to_owned() };
        let recording = name.map(|name| folder.path().join(name));
        let result = Box::new(CallResult { call, recording, ..CallResult::default() });
        journals.event(&started).and_then(|()| journals.event(&Event::CallFinished { result })).expect("written");
    }
    let names: Vec<_> = std::fs::read_dir(folder.path()).expect("folder").map(|entry| entry.expect("entry").file_name()).collect();
    assert_eq!(names, ["002-book.jsonl"]);
    let events = crate::report::read_journal(&folder.path().join("002-book.jsonl")).expect("events").events;
    assert!(matches!(&events[..], [Event::CallStarted { call: 2, .. }, Event::CallFinished { .. }]), "{events:?}");
}
