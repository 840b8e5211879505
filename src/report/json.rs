//! `--report-json`: the results of a run for other programs. Times are milliseconds.

use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::collected::Collected;
use super::file::{can_be_written_again, write_whole};
use super::{Consumer, breakdown, quality};
use crate::call::{Origin, TurnResult};
use crate::runner::{CallOutcome, CallResult, Event, statistics};
use crate::time::Millis;

/// Collects results and writes them at the end.
#[derive(Debug)]
pub struct JsonReport {
    path: PathBuf,
    run: Collected,
}

impl JsonReport {
    /// A report that will be written to this file.
    pub fn new(path: PathBuf) -> Self {
        Self { path, run: Collected::default() }
    }

    fn write(&self) -> io::Result<()> {
        let text = serde_json::to_string_pretty(&self.value())?;
        write_whole(&self.path, format!("{text}\n").as_bytes())
    }

    fn value(&self) -> Value {
        let (run, results) = (&self.run, self.run.results());
        let count = |outcome| results.iter().filter(|result| result.outcome == outcome).count();
        let mut report = json!({
            "goldencall": env!("CARGO_PKG_VERSION"),
            "run": run.run,
            "started": run.started,
            "seconds": run.seconds,
            "complete": run.is_complete(),
            "peak_calls": run.peak_calls,
            "passed": count(CallOutcome::Passed),
            "failed": count(CallOutcome::Failed),
            "errors": count(CallOutcome::Error),
            "skipped": count(CallOutcome::Skipped),
            "turn_latency_ms": latencies(&results, Origin::CallerSpeechEnd),
            "greeting_latency_ms": latencies(&results, Origin::Answer),
            "thresholds": run.thresholds,
            "calls": results.iter().map(call).collect::<Vec<_>>(),
        });
        if let Some(shard) = run.shard {
            report["part"] = json!(shard);
        }
        report
    }
}

impl Consumer for JsonReport {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if self.run.event(event) && can_be_written_again(&self.path) { self.write() } else { Ok(()) }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write()
    }
}

/// Percentiles over every latency of this kind in every call (linear interpolation, type 7).
fn latencies(results: &[CallResult], origin: Origin) -> Value {
    let values = statistics::latencies(results, origin);
    let at = |p| statistics::percentile(&values, p);
    json!({ "count": values.len(), "p50": at(50.0), "p90": at(90.0), "p95": at(95.0), "p99": at(99.0), "max": at(100.0) })
}

fn call(result: &CallResult) -> Value {
    json!({
        "call": result.call,
        "scenario": result.scenario,
        "file": result.file,
        "repetition": result.repetition,
        "attempt": result.attempt,
        "target": result.target,
        "started": result.started,
        "outcome": result.outcome,
        "error": result.error,
        "earlier_errors": result.earlier_errors,
        "setup_ms": result.setup.map(|at| at.millis_f64()),
        "post_dial_delay_ms": result.post_dial_delay.map(|at| at.millis_f64()),
        "sip_responses": quality::responses_value(&result.sip_responses),
        "duration_ms": result.duration.millis_f64(),
        "call_id": result.call_id,
        "trace_id": result.trace_id,
        "codec": result.codec,
        "recording": result.recording,
        "reception": result.reception,
        "quality": result.quality,
        "health": result.health,
        "stalls": result.stalls,
        "unfair": result.unfair,
        "lost": result.lost,
        "notes": result.notes,
        "turns": result.turns.iter().map(turn).collect::<Vec<_>>(),
    })
}

fn turn(turn: &TurnResult) -> Value {
    let spoken = |at: crate::time::CallTime| at.millis_f64();
    json!({
        "turn": turn.turn,
        "step": turn.step,
        "line": turn.location.line,
        "outcome": turn.outcome,
        "heard": turn.heard(),
        "latency_from": turn.origin,
        "latency_ms": turn.latency.map(Millis::millis_f64),
        "arrival_latency_ms": turn.arrival_latency.map(Millis::millis_f64),
        "answer_latency_ms": turn.answer_latency.map(Millis::millis_f64),
        "barge_in_stop_ms": turn.barge_in_stop.map(Millis::millis_f64),
        "dead_air_ms": turn.dead_air.map(Millis::millis_f64),
        "held_back_ms": turn.held_back.map(Millis::millis_f64),
        "captured": turn.captured,
        "telemetry": turn.telemetry.as_deref().map(breakdown::value),
        "quality": turn.quality,
        "utterances": turn.utterances.iter().map(|utterance| json!({
            "start_ms": spoken(utterance.span.start),
            "end_ms": spoken(utterance.span.end),
            "text": utterance.text,
        })).collect::<Vec<_>>(),
        "checks": turn.checks.iter().map(|check| json!({
            "check": check.check,
            "outcome": check.outcome,
            "expected": check.expected,
            "actual": check.actual,
            "reason": check.reason,
            "forgiven": check.forgiven,
            "line": check.location.line,
        })).collect::<Vec<_>>(),
    })
}
