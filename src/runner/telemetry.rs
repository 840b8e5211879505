//! The bot's telemetry, joined with the turns of a finished call, and judged.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, sleep};

use super::evidence::CallEvidence;
use super::statistics;
use crate::call::{Origin, Outcome, TurnResult, telemetry_checks};
use crate::scenario::{Scenario, Step};
use crate::telemetry::{Found, Receiver, Span, TurnTelemetry, TurnWindow, explain};
use crate::time::CallTime;

/// How often to look whether the spans of the last turn have come.
const LOOK: Duration = Duration::from_millis(250);

/// Where bots export their spans to.
#[derive(Debug)]
pub struct SpanSource {
    /// The server that takes them.
    pub receiver: Receiver,
    /// How long after a call its last spans may come: exporters send in batches, some of them every five seconds.
    pub wait: Duration,
}

/// Explains and judges every turn; waits for late spans where there is a receiver.
pub(super) async fn judge(evidence: &mut CallEvidence, scenario: &Scenario, source: Option<&SpanSource>) {
    let windows = windows(evidence);
    if !windows.is_empty() {
        explain_turns(evidence, scenario, source, &windows).await;
    }
    if let (Some(source), Some(trace)) = (source, evidence.trace) {
        source.receiver.forget(&trace.trace_id());
    }
}

async fn explain_turns(evidence: &mut CallEvidence, scenario: &Scenario, source: Option<&SpanSource>, windows: &[(usize, TurnWindow)]) {
    // A broken call does not get better by waiting.
    let wait = source.filter(|_| evidence.failure.is_none()).map_or(Duration::ZERO, |source| source.wait);
    let deadline = Instant::now() + wait;
    let telemetry = loop {
        let Found { spans, dropped } = source.map(|source| spans_of(evidence, source)).unwrap_or_default();
        let telemetry = explained(evidence, windows, &spans);
        let complete = telemetry.last().is_some_and(|(_, last)| last.source.otlp) && rooted(evidence, windows, &spans);
        if complete || Instant::now() >= deadline {
            break uncertain(telemetry, dropped, evidence);
        }
        sleep(LOOK).await;
    };
    judge_turns(evidence, scenario, telemetry);
}

/// Every span that overlaps the call.
fn spans_of(evidence: &CallEvidence, source: &SpanSource) -> Found {
    let trace = evidence.trace.map(|trace| trace.trace_id());
    source.receiver.find(trace.as_deref(), evidence.zero_unix_ns, unix(evidence, evidence.ended_at))
}

/// Where spans found no room, the bot's own may be among them: nothing is held against it that only they could have told.
fn uncertain(mut telemetry: Vec<(usize, TurnTelemetry)>, dropped: u64, evidence: &mut CallEvidence) -> Vec<(usize, TurnTelemetry)> {
    if dropped > 0 {
        let count = statistics::counted(usize::try_from(dropped).unwrap_or(usize::MAX), "span");
        evidence.note(format!("{count} found no room and may have been the bot's: too many came, or came from traces that no call began"));
        let silent = |telemetry: &TurnTelemetry| !telemetry.source.otlp && !telemetry.source.rtvi;
        let silent = telemetry.iter_mut().map(|(_, telemetry)| telemetry).filter(|telemetry| silent(telemetry));
        silent.for_each(|telemetry| telemetry.source.ambiguous = true);
    }
    telemetry
}

fn unix(evidence: &CallEvidence, at: CallTime) -> u64 {
    evidence.zero_unix_ns.saturating_add(u64::try_from(at.as_nanos()).unwrap_or(0))
}

/// Whether the root of the bot's trace has come and lasted into the last turn: all that it contains came before it.
/// Where the bot continues the call's own trace, its root is a child of the call's span.
fn rooted(evidence: &CallEvidence, windows: &[(usize, TurnWindow)], spans: &[Span]) -> bool {
    let last = windows.last().and_then(|(_, window)| window.bot_onset).unwrap_or(evidence.ended_at);
    let ours = evidence.trace.map(|trace| (trace.trace_id(), trace.span_id()));
    let continued = spans.iter().any(|span| ours.as_ref().is_some_and(|(trace, _)| *trace == span.trace_id));
    let is_root = |span: &Span| match &ours {
        Some((trace, call)) if continued => span.trace_id == *trace && span.parent_span_id.as_ref().is_none_or(|parent| parent == call),
        _ => span.parent_span_id.is_none(),
    };
    spans.iter().any(|span| is_root(span) && span.end_unix_ns >= unix(evidence, last))
}

fn explained(evidence: &CallEvidence, windows: &[(usize, TurnWindow)], spans: &[Span]) -> Vec<(usize, TurnTelemetry)> {
    let only: Vec<TurnWindow> = windows.iter().map(|(_, window)| *window).collect();
    let round_trip = evidence.round_trip.and_then(|time| SignedDuration::try_from(time).ok());
    let trace_id = evidence.trace.map(|trace| trace.trace_id());
    let telemetry = explain(&only, &evidence.reports, spans, evidence.zero_unix_ns, trace_id.as_deref(), round_trip);
    windows.iter().map(|(index, _)| *index).zip(telemetry).collect()
}

/// The turns in which the bot was to speak, by their index among the results.
fn windows(evidence: &CallEvidence) -> Vec<(usize, TurnWindow)> {
    let turns: Vec<(usize, &TurnResult)> = evidence.result.turns.iter().enumerate().filter(|(_, turn)| turn.origin.is_some()).collect();
    let window = |place: usize, index: usize, turn: &TurnResult| {
        let onset = onset(turn);
        let begin = turn.origin_at.unwrap_or(CallTime::DIAL);
        let next = turns.get(place + 1).and_then(|(_, next)| next.origin_at).unwrap_or(evidence.ended_at);
        let spoken = evidence.caller_speech.iter().copied().find(|at| *at > begin && *at < next);
        let window = TurnWindow {
            number: turn.turn,
            caller_speech_end: turn.origin_at.filter(|_| turn.origin == Some(Origin::CallerSpeechEnd)),
            bot_onset: onset,
            received: onset.and_then(|onset| evidence.received.get(&onset).copied()),
            until: spoken.unwrap_or(next),
        };
        (index, window)
    };
    turns.iter().enumerate().map(|(place, (index, turn))| window(place, *index, turn)).collect()
}

fn judge_turns(evidence: &mut CallEvidence, scenario: &Scenario, telemetry: Vec<(usize, TurnTelemetry)>) {
    let mut variables: BTreeMap<String, String> = scenario.variables.clone();
    for (index, telemetry) in telemetry {
        let Some(turn) = evidence.result.turns.get_mut(index) else { continue };
        variables.extend(turn.captured.clone());
        let received = onset(turn).and_then(|onset| evidence.received.get(&onset));
        turn.arrival_latency = received.zip(turn.origin_at).map(|(received, origin)| received.since(origin));
        if let Some(Step::Bot(step)) = scenario.steps.get(turn.step)
            && turn.outcome != Outcome::Skipped
        {
            turn.add_checks(telemetry_checks(step, &telemetry, &variables));
        }
        let source = &telemetry.source;
        let has_any = source.rtvi || source.otlp || source.ambiguous || telemetry.breakdown.stages().next().is_some();
        turn.telemetry = has_any.then(|| Box::new(telemetry));
    }
}

/// The bot's first speech sample.
fn onset(turn: &TurnResult) -> Option<CallTime> {
    let (origin, latency) = turn.origin_at.zip(turn.latency)?;
    Some(CallTime::from_nanos(origin.as_nanos() + i64::try_from(latency.as_nanos()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
#[path = "telemetry_tests.rs"]
mod tests;
