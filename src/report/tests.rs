//! What the reports say of the line.

use std::sync::{Arc, Mutex};

use super::*;
use crate::lock::lock;
use crate::media::quality::Quality;
use crate::runner::{CallOutcome, CallResult, SipResponse};
use crate::scenario::Secrets;
use crate::time::CallTime;

fn result(outcome: CallOutcome, quality: Quality) -> CallResult {
    let mut result: CallResult = serde_json::from_value(serde_json::json!({
        "call": 1, "scenario": "Booking", "file": "a.yaml", "repetition": 1, "attempt": 1, "target": "sip:bot@host", "started": "",
        "outcome": "passed", "error": null, "setup_ns": 1_200_000_000, "duration": { "secs": 9, "nanos": 0 }, "call_id": null,
        "codec": "PCMU", "turns": [], "reception": { "packets": 205, "lost": 9, "reordered": 0, "duplicates": 0, "jitter_ms": 1.0 },
        "health": { "pacing_p99_ms": 0.0, "held_back_ms": 0.0, "transcript_lag_ms": 0.0 }, "notes": [], "recording": null,
    }))
    .expect("a result as earlier versions wrote it");
    assert_eq!((&result.quality, result.post_dial_delay), (&Quality::default(), None));
    (result.outcome, result.quality) = (outcome, quality);
    result
}

fn bad() -> Quality {
    Quality {
        packets: Some(205),
        lost: Some(9),
        loss: Some(0.042),
        late: Some(3),
        late_share: Some(0.014),
        jitter_ms: Some(2.0),
        jitter_mean_ms: Some(11.84),
        jitter_max_ms: Some(45.2),
        round_trip_ms: Some(212.3),
        mos: Some(3.417),
        mos_lqe: Some(3.6),
        gaps: Some(2),
        longest_gap_ms: Some(180.0),
        longest_gap_at_ms: Some(12_310.0),
        level_dbov: Some(-24.2),
        clipping: Some(0.0052),
        ..Quality::default()
    }
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

fn printed(results: Vec<CallResult>) -> String {
    let page = Page::default();
    let style = TerminalStyle { colour: false, live: false, width: 100 };
    let mut terminal = Terminal::new(style, Secrets::default(), Box::new(page.clone()));
    for (index, result) in results.into_iter().enumerate() {
        let result = CallResult { call: index + 1, ..result };
        terminal.event(&clean(Event::CallFinished { result: Box::new(result) })).expect("a page");
    }
    terminal.event(&Event::RunFinished { thresholds: Vec::new(), seconds: 9.0, interrupted: false, peak_calls: 1 }).expect("a page");
    String::from_utf8(page.0.lock().expect("the page").clone()).expect("text")
}

#[test]
fn a_failed_call_tells_of_its_line_and_a_passed_one_does_not() {
    let good = Quality { mos: Some(4.3), loss: Some(0.0), ..Quality::default() };
    let socket = Quality { gaps: Some(1), longest_gap_ms: Some(80.0), level_dbov: Some(-30.0), ..Quality::default() };
    let mut busy = result(CallOutcome::Error, Quality::default());
    let response = |at, code, reason: &str| SipResponse { at: CallTime::from_millis(at), code, reason: reason.to_owned() };
    busy.sip_responses = vec![response(12, 100, "Trying"), response(1204, 486, "Busy Here")];
    busy.error = serde_json::from_value(serde_json::json!({ "kind": "busy", "message": "the bot is busy (486)" })).expect("an error");
    insta::assert_snapshot!(printed(vec![
        result(CallOutcome::Passed, good),
        result(CallOutcome::Failed, bad()),
        result(CallOutcome::Failed, socket),
        busy,
    ]));
}

#[test]
fn what_a_peer_wrote_does_not_reach_the_terminal_as_commands() {
    let mut rude = result(CallOutcome::Error, Quality::default());
    rude.sip_responses = vec![SipResponse { at: CallTime::from_millis(12), code: 486, reason: "Busy\u{1b}[2J\u{9b}31m".to_owned() }];
    rude.error = serde_json::from_value(serde_json::json!({ "kind": "busy", "message": "gone \u{1b}]0;title\u{7}" })).expect("an error");
    let text = printed(vec![rude]);
    assert!(text.contains("gone") && !text.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{text:?}");
}

#[test]
fn what_the_audio_allowed_is_shown_where_the_call_passed_too() {
    let mut passed = result(CallOutcome::Passed, Quality::default());
    let location = serde_json::json!({ "line": 3, "column": 5, "offset": 20, "length": 5 });
    let turn = serde_json::json!({
        "step": 0, "turn": 1, "location": location, "outcome": "passed", "utterances": [], "origin": null, "origin_ns": null,
        "latency_ns": null, "answer_latency_ns": null, "barge_in_stop_ns": null, "dead_air_ns": null, "held_back_ns": null, "captured": {},
        "checks": [{
            "check": "says", "outcome": "passed", "expected": "says \"Ask for Niamh\"", "actual": "Ask for Neve.", "location": location,
            "forgiven": "heard `Neve` for `Niamh`: the audio allows it",
        }],
    });
    passed.turns = vec![serde_json::from_value(turn).expect("a turn")];
    insta::assert_snapshot!(printed(vec![passed]));
}

#[test]
fn a_run_ends_with_what_could_not_be_judged_fairly() {
    let mut calls: Vec<CallResult> = (0..8).map(|_| result(CallOutcome::Error, Quality::default())).collect();
    calls.push(result(CallOutcome::Passed, Quality::default()));
    for (number, call) in calls.iter_mut().take(7).enumerate() {
        call.repetition = number + 1;
        call.unfair = vec!["`says` of turn 2: the bot spoke again while the tester kept the caller waiting for 812 ms".to_owned()];
    }
    let text = printed(calls);
    let last = text.lines().last().expect("a line");
    let first = "not judged fairly: Booking, `says` of turn 2: the bot spoke again while the tester kept the caller waiting for 812 ms; Booking #2, ";
    assert!(last.starts_with(first) && last.ends_with("; and 2 more; run fewer calls at once (--jobs)"), "{last}");
    assert!(!printed(vec![result(CallOutcome::Passed, Quality::default())]).contains("fairly"));
}

#[test]
fn known_numbers_become_properties() {
    let lines = quality::properties(&bad()).into_iter().map(|(name, value)| format!("{name}: {value}"));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    assert!(quality::properties(&Quality::default()).is_empty());
}

#[test]
fn the_journal_keeps_every_number() {
    let mut result = result(CallOutcome::Failed, bad());
    result.post_dial_delay = Some(CallTime::from_millis(400));
    result.sip_responses = vec![SipResponse { at: CallTime::from_millis(5), code: 180, reason: "Ringing".to_owned() }];
    let event = Event::CallFinished { result: Box::new(result) };
    let line = serde_json::to_string(&event).expect("a line");
    assert_eq!(serde_json::from_str::<Event>(&line).expect("an event"), event);
}
