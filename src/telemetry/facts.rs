//! Reports and spans on the call's clock, sorted into turns.

use std::collections::BTreeSet;

use crate::time::CallTime;

use super::otlp::Span;
use super::report::{Report, Stage};
use super::spans::{Observed, observe};
use super::windows::{TurnWindow, turn_at, turn_heard_at};

/// What the bot reported, and when.
pub(super) type Fact = (CallTime, Observed);

/// What spans report about one turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Traced {
    pub facts: Vec<Fact>,
    /// Spans of two calls came, and it is unknown which belong to this one.
    pub ambiguous: bool,
    /// The spans are of the trace that the call itself began.
    pub continued: bool,
}

/// What the bot's messages report about each turn, in order of arrival.
pub(super) fn of_reports(windows: &[TurnWindow], reports: &[(CallTime, Report)]) -> Vec<Vec<Fact>> {
    let facts = reports.iter().flat_map(|(at, report)| observed(report).into_iter().map(|observed| (*at, observed)));
    let mut turns = vec![Vec::new(); windows.len()];
    for fact in facts {
        if let Some(turn) = turn_of(windows, &fact).and_then(|turn| turns.get_mut(turn)) {
            turn.push(fact);
        }
    }
    sorted(turns)
}

/// What the spans report about each turn, in order of time.
///
/// With a trace id that any span has, only spans of that trace count. Otherwise every span does that falls into a turn,
/// unless spans of two traces do: they are of two calls, and it is unknown which is this one, so none counts.
/// A span that was exported twice counts once.
pub(super) fn of_spans(windows: &[TurnWindow], spans: &[Span], zero_unix_ns: u64, trace_id: Option<&str>) -> Vec<Traced> {
    let mine = |span: &&Span| trace_id.is_some_and(|id| span.trace_id.eq_ignore_ascii_case(id));
    let narrow = spans.iter().any(|span| mine(&span));
    let mut seen = BTreeSet::new();
    let mut turns = vec![(Vec::new(), BTreeSet::new()); windows.len()];
    for span in spans.iter().filter(|span| !narrow || mine(span)) {
        if !seen.insert((&span.trace_id, &span.span_id)) {
            continue;
        }
        for one in observe(span) {
            let fact = (call_time(one.at_unix_ns, zero_unix_ns), one.observed);
            if let Some((facts, traces)) = turn_of(windows, &fact).and_then(|turn| turns.get_mut(turn)) {
                facts.push(fact);
                traces.insert(&span.trace_id);
            }
        }
    }
    let traced = |(mut facts, traces): (Vec<Fact>, BTreeSet<_>)| {
        facts.sort_by_key(|(at, _)| *at);
        if traces.len() > 1 {
            return Traced { facts: Vec::new(), ambiguous: true, continued: false };
        }
        Traced { continued: narrow && !facts.is_empty(), facts, ambiguous: false }
    };
    turns.into_iter().map(traced).collect()
}

fn turn_of(windows: &[TurnWindow], (at, observed): &Fact) -> Option<usize> {
    if matches!(observed, Observed::Heard(_)) { turn_heard_at(windows, *at) } else { turn_at(windows, *at) }
}

fn sorted(mut turns: Vec<Vec<Fact>>) -> Vec<Vec<Fact>> {
    turns.iter_mut().for_each(|facts| facts.sort_by_key(|(at, _)| *at));
    turns
}

fn call_time(unix_ns: u64, zero_unix_ns: u64) -> CallTime {
    let nanos = i128::from(unix_ns) - i128::from(zero_unix_ns);
    CallTime::from_nanos(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
}

/// What a message reports about a turn.
///
/// Times of turn analysers are left out: they are a part of end of turn detection only, and
/// [`Report::UserStoppedSpeaking`] covers the whole. Transcripts that may still change are left out as well.
fn observed(report: &Report) -> Vec<Observed> {
    match report {
        Report::UserStoppedSpeaking => vec![Observed::TurnDecided],
        Report::UserTranscription { text, is_final: true } => vec![Observed::Heard(text.clone())],
        Report::BotOutput { text, segment } => vec![Observed::Said { text: text.clone(), segment: segment.clone() }],
        Report::ToolCall(call) => vec![Observed::Call(call.clone())],
        Report::Metrics(metrics) => metrics
            .iter()
            .filter(|metric| metric.stage != Stage::Endpointing && metric.seconds > 0.0)
            .map(|metric| Observed::Took { stage: metric.stage, kind: metric.kind, seconds: metric.seconds })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::report::ToolCall;
    use super::*;

    const ZERO: u64 = 1_700_000_000_000_000_000;

    fn window() -> TurnWindow {
        let at = CallTime::from_millis;
        TurnWindow { number: 1, caller_speech_end: Some(at(1000)), bot_onset: Some(at(2000)), received: None, until: at(5000) }
    }

    fn span(trace: &str, id: &str, millis: u64) -> Span {
        Span {
            trace_id: trace.to_owned(),
            span_id: id.to_owned(),
            name: "llm".to_owned(),
            start_unix_ns: ZERO + millis * 1_000_000,
            attributes: [("metrics.ttfb".to_owned(), json!(0.3))].into(),
            ..Span::default()
        }
    }

    fn count(spans: &[Span], trace_id: Option<&str>) -> usize {
        of_spans(&[window()], spans, ZERO, trace_id).iter().map(|traced| traced.facts.len()).sum()
    }

    #[test]
    fn spans_join_by_time_and_by_trace() {
        assert_eq!(count(&[span("a", "1", 1200), span("a", "2", 1500), span("a", "3", 6000)], None), 2);
        let two = [span("a", "1", 1200), span("b", "2", 1300)];
        assert_eq!(count(&two, Some("B")), 1);
        assert_eq!([Some("B"), Some("c")].map(|id| of_spans(&[window()], &two[1..], ZERO, id)[0].continued), [true, false]);
        assert_eq!(count(&two, None), 0, "two calls at once: no telling");
        assert!(of_spans(&[window()], &two, ZERO, None)[0].ambiguous);
        assert_eq!(count(&two[..1], Some("unknown")), 1);
    }

    #[test]
    fn a_span_exported_twice_counts_once() {
        assert_eq!(count(&[span("a", "1", 1200), span("a", "1", 1200)], None), 1);
    }

    #[test]
    fn clocks_far_apart_are_no_overflow() {
        assert_eq!(call_time(u64::MAX, 0), CallTime::from_nanos(i64::MAX));
        assert_eq!(call_time(0, u64::MAX), CallTime::from_nanos(i64::MIN));
        assert_eq!(call_time(ZERO + 5, ZERO), CallTime::from_nanos(5));
    }

    #[test]
    fn reports_join_by_arrival() {
        let at = CallTime::from_millis;
        let reports = [
            (at(900), Report::UserStoppedSpeaking),
            (at(500), Report::UserTranscription { text: "I want".to_owned(), is_final: true }),
            (at(600), Report::UserTranscription { text: "I".to_owned(), is_final: false }),
            (at(6000), Report::ToolCall(ToolCall::default())),
        ];
        let facts = of_reports(&[window()], &reports).concat();
        assert_eq!(facts, [(at(500), Observed::Heard("I want".to_owned())), (at(900), Observed::TurnDecided)]);
    }
}
