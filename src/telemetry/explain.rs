//! Joins the bot's telemetry with the turns that the tester heard.

use std::collections::HashSet;

use jiff::SignedDuration;

use crate::time::CallTime;

use super::breakdown::{Breakdown, Sources, TurnTelemetry};
use super::facts::{Fact, Traced, of_reports, of_spans};
use super::otlp::Span;
use super::report::{MetricKind, Report, Stage, ToolCall, merge_calls};
use super::spans::Observed;
use super::windows::TurnWindow;

/// Calls of functions in one turn that are kept: no bot makes so many, and every report holds them.
const MOST_CALLS: usize = 1_000;

/// Where the time of each turn went, one entry a window, in their order.
///
/// **Which turn.** A report belongs to the turn in which it arrived, a span to the turn in which it began or, where it is
/// about the caller's speech, ended (see [`observe`](super::observe)). A turn lasts from 250 ms before the caller's last
/// speech sample to `until`; a greeting from the end of the turn before. What the bot heard belongs to the next answer.
/// Spans count of `trace_id` where any has it, else by time alone, and then only in turns into which spans of a single
/// trace fall. `zero_unix_ns` is the wall clock of [`CallTime::DIAL`] in nanoseconds; it is used for spans only.
///
/// **Which time.** Reports come first, spans fill in the stages that are missing in them.
/// - network: `round_trip`, in turns in which the bot spoke.
/// - endpointing: the bot's own measure from spans; else the last decision before the onset, minus the caller's last
///   speech sample. Audio and report travelled meanwhile, so the round trip is taken off; off a span's time half of it.
/// - stt: the last time to first byte, else the last processing time: earlier ones are of parts of the sentence.
/// - llm: all requests up to the onset, added up: a function call takes one request, the answer to it another. Time to
///   the first token of the answer contains the time to first byte, so the greater sum counts.
/// - tts: the first sentence, which holds the onset up; the greater of first audio and first byte.
/// - playout: the onset minus the arrival of its packet.
/// - unexplained: [`Breakdown::rest_of`] of the latency.
///
/// What is not reported is `None`, never zero.
pub fn explain(
    windows: &[TurnWindow],
    reports: &[(CallTime, Report)],
    spans: &[Span],
    zero_unix_ns: u64,
    trace_id: Option<&str>,
    round_trip: Option<SignedDuration>,
) -> Vec<TurnTelemetry> {
    let reported = of_reports(windows, reports);
    let traced = of_spans(windows, spans, zero_unix_ns, trace_id);
    let turns = windows.iter().zip(reported.iter().zip(&traced));
    turns.map(|(window, (reported, traced))| turn(window, reported, traced, round_trip)).collect()
}

fn turn(window: &TurnWindow, reported: &[Fact], traced: &Traced, round_trip: Option<SignedDuration>) -> TurnTelemetry {
    let Traced { facts: traced, ambiguous, continued } = traced;
    let travel = round_trip.unwrap_or_default();
    let (first, second) = (stages(window, reported, travel), stages(window, traced, travel / 2));
    let mut breakdown = Breakdown {
        network: round_trip.filter(|_| window.bot_onset.is_some()),
        endpointing: first.endpointing.or(second.endpointing),
        stt: first.stt.or(second.stt),
        llm: first.llm.or(second.llm),
        tts: first.tts.or(second.tts),
        playout: window.bot_onset.zip(window.received).map(|(onset, received)| onset.since(received)),
        unexplained: None,
    };
    let latency = window.bot_onset.zip(window.caller_speech_end).map(|(onset, end)| onset.since(end));
    breakdown.unexplained = latency.and_then(|latency| breakdown.rest_of(latency));
    TurnTelemetry {
        breakdown,
        calls: calls(reported, traced),
        user_text: heard(reported).or_else(|| heard(traced)),
        bot_text: said(reported).or_else(|| said(traced)),
        source: Sources { rtvi: !reported.is_empty(), otlp: !traced.is_empty(), ambiguous: *ambiguous, traceparent: *continued },
    }
}

/// The stages that one source reports; `travel` is how long its report of a decision and the audio before it took to travel.
fn stages(window: &TurnWindow, facts: &[Fact], travel: SignedDuration) -> Breakdown {
    let onset = window.bot_onset.unwrap_or(window.until);
    let times = |stage, kind| times(facts, stage, kind);
    let measured = times(Stage::Endpointing, MetricKind::Processing).last().map(|(_, time)| *time);
    let decided = facts.iter().rev().find(|(at, observed)| *at <= onset && *observed == Observed::TurnDecided);
    let waited = decided.zip(window.caller_speech_end).map(|((at, _), end)| at.since(end).saturating_sub(travel));
    let last = |kind| times(Stage::Stt, kind).last().map(|(_, time)| *time);
    let first = |kind| times(Stage::Tts, kind).first().map(|(_, time)| *time);
    let sum = |kind| up_to_onset(&times(Stage::Llm, kind), onset);
    Breakdown {
        endpointing: measured.or(waited),
        stt: last(MetricKind::Ttfb).or_else(|| last(MetricKind::Processing)),
        llm: sum(MetricKind::Ttfat).max(sum(MetricKind::Ttfb)),
        tts: first(MetricKind::Ttfa).max(first(MetricKind::Ttfb)),
        ..Breakdown::default()
    }
}

fn times(facts: &[Fact], stage: Stage, kind: MetricKind) -> Vec<(CallTime, SignedDuration)> {
    let time = |(at, observed): &Fact| match observed {
        Observed::Took { stage: of, kind: what, seconds } if *of == stage && *what == kind => {
            Some((*at, SignedDuration::try_from_secs_f64(*seconds).ok()?))
        }
        _ => None,
    };
    facts.iter().filter_map(time).collect()
}

/// The sum of the times up to the onset; without any the first after it, which was late on its way.
fn up_to_onset(times: &[(CallTime, SignedDuration)], onset: CallTime) -> Option<SignedDuration> {
    let early = times.iter().filter(|(at, _)| *at <= onset).map(|(_, time)| *time);
    early.reduce(SignedDuration::saturating_add).or_else(|| times.first().map(|(_, time)| *time))
}

/// The calls of both sources; a call that both report, by its id or by name and arguments, counts once.
fn calls(reported: &[Fact], traced: &[Fact]) -> Vec<ToolCall> {
    let of = |facts: &[Fact]| -> Vec<ToolCall> {
        let call = |(_, observed): &Fact| if let Observed::Call(call) = observed { Some(call.clone()) } else { None };
        merge_calls(&facts.iter().filter_map(call).collect::<Vec<_>>())
    };
    let (reported, mut traced) = (of(reported), of(traced));
    // In sets: a bot can report any number of calls.
    let ids: HashSet<&str> = reported.iter().filter_map(|known| known.id.as_deref()).collect();
    let known: HashSet<(&str, String)> = reported.iter().map(|known| (known.name.as_str(), known.arguments.to_string())).collect();
    let has_id = |call: &ToolCall| call.id.as_deref().is_some_and(|id| ids.contains(id));
    traced.retain(|call| has_id(call) || !known.contains(&(call.name.as_str(), call.arguments.to_string())));
    let mut all = merge_calls(reported.iter().chain(&traced));
    all.truncate(MOST_CALLS);
    all
}

fn heard(facts: &[Fact]) -> Option<String> {
    let texts = facts.iter().filter_map(|(_, observed)| if let Observed::Heard(text) = observed { Some(text.as_str()) } else { None });
    joined(texts.collect())
}

/// A stretch of speech with a known id, or without an id and with the words of another one, was reported before.
/// Where stretches have ids, what has none is the model's text as a whole, of which they are the spoken parts.
fn said(facts: &[Fact]) -> Option<String> {
    let stretches = facts.iter().filter_map(|(_, observed)| match observed {
        Observed::Said { text, segment } => Some((text.as_str(), segment.as_deref())),
        _ => None,
    });
    let stretches: Vec<(&str, Option<&str>)> = stretches.collect();
    let any_id = stretches.iter().any(|(_, segment)| segment.is_some());
    let mut known = HashSet::new();
    let spoken = stretches.into_iter().filter(|(_, segment)| segment.is_some() || !any_id);
    joined(spoken.filter(|(text, segment)| known.insert(segment.unwrap_or(text))).map(|(text, _)| text).collect())
}

fn joined(texts: Vec<&str>) -> Option<String> {
    (!texts.is_empty()).then(|| texts.join(" "))
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
