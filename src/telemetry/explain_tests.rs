//! Turns as bots report them.

use proptest::prelude::*;
use serde_json::json;

use super::super::report::Metric;
use super::*;

const ZERO: u64 = 1_700_000_000_000_000_000;

fn at(millis: i64) -> CallTime {
    CallTime::from_millis(millis)
}

fn ms(millis: i64) -> Option<SignedDuration> {
    Some(SignedDuration::from_millis(millis))
}

/// The caller stops at 1 s, the bot starts at 2.5 s.
fn window() -> TurnWindow {
    TurnWindow { number: 1, caller_speech_end: Some(at(1000)), bot_onset: Some(at(2500)), received: Some(at(2440)), until: at(6000) }
}

fn metric(stage: Stage, kind: MetricKind, seconds: f64) -> Report {
    Report::Metrics(vec![Metric { stage, kind, processor: "P#0".to_owned(), model: None, seconds }])
}

fn span(name: &str, start: i64, end: i64, attributes: serde_json::Value) -> Span {
    let unix = |millis: i64| ZERO + u64::try_from(millis).unwrap() * 1_000_000;
    Span {
        name: name.to_owned(),
        span_id: format!("{name}{start}"),
        start_unix_ns: unix(start),
        end_unix_ns: unix(end),
        attributes: serde_json::from_value(attributes).unwrap(),
        ..Span::default()
    }
}

fn reported(reports: &[(CallTime, Report)]) -> TurnTelemetry {
    explain(&[window()], reports, &[], ZERO, None, ms(40)).remove(0)
}

fn traced(spans: &[Span]) -> TurnTelemetry {
    explain(&[window()], &[], spans, ZERO, None, ms(40)).remove(0)
}

#[test]
fn a_turn_told_over_the_data_channel() {
    let telemetry = reported(&[
        (at(800), Report::UserTranscription { text: "a table".to_owned(), is_final: true }),
        (at(1440), Report::UserStoppedSpeaking),
        (at(1450), Report::UserTranscription { text: "for two".to_owned(), is_final: true }),
        (at(1460), metric(Stage::Stt, MetricKind::Ttfb, 0.35)),
        (at(1800), metric(Stage::Llm, MetricKind::Ttfb, 0.3)),
        (at(1810), metric(Stage::Llm, MetricKind::Ttfat, 0.32)),
        (at(2100), metric(Stage::Tts, MetricKind::Ttfb, 0.2)),
        (at(2200), metric(Stage::Tts, MetricKind::Ttfa, 0.25)),
        (at(2300), Report::BotOutput { text: "With pleasure.".to_owned(), segment: Some("1".to_owned()) }),
        (at(2400), Report::BotOutput { text: "With pleasure.".to_owned(), segment: None }),
        (at(3500), metric(Stage::Tts, MetricKind::Ttfa, 0.9)),
    ]);
    let expected = Breakdown {
        network: ms(40),
        endpointing: ms(400),
        stt: ms(350),
        llm: ms(320),
        tts: ms(250),
        playout: ms(60),
        unexplained: ms(1500 - 40 - 400 - 320 - 250 - 60),
    };
    assert_eq!(telemetry.breakdown, expected);
    assert_eq!(telemetry.user_text.as_deref(), Some("a table for two"));
    assert_eq!(telemetry.bot_text.as_deref(), Some("With pleasure."));
    assert_eq!(telemetry.source, Sources { rtvi: true, otlp: false, ..Sources::default() });
}

#[test]
fn a_turn_told_by_livekit_spans() {
    let telemetry = traced(&[
        span("user_turn", 100, 1550, json!({"lk.transcription_delay": 0.3, "lk.end_of_turn_delay": 0.5, "lk.pii.user_transcript": "hi"})),
        span("llm_node", 1560, 1900, json!({"lk.response.ttft": 0.25})),
        span("function_tool", 1900, 1950, json!({"lk.function_tool.name": "look_up", "lk.pii.function_tool.arguments": "{}"})),
        span("llm_node", 1950, 2200, json!({"lk.response.ttft": 0.2, "lk.pii.response.text": "Hello."})),
        span("llm_node", 3000, 3200, json!({"lk.response.ttft": 0.7})),
        span("tts_node", 2200, 4000, json!({"lk.response.ttfb": 0.15})),
    ]);
    let expected = Breakdown {
        network: ms(40),
        endpointing: ms(500),
        stt: ms(300),
        llm: ms(450),
        tts: ms(150),
        playout: ms(60),
        unexplained: ms(1500 - 40 - 500 - 450 - 150 - 60),
    };
    assert_eq!(telemetry.breakdown, expected);
    assert_eq!(telemetry.calls, [ToolCall { name: "look_up".to_owned(), arguments: json!({}), id: None }]);
    assert_eq!((telemetry.user_text.as_deref(), telemetry.bot_text.as_deref()), (Some("hi"), Some("Hello.")));
    assert_eq!(telemetry.source, Sources { rtvi: false, otlp: true, ..Sources::default() });
}

#[test]
fn without_a_measure_the_end_of_the_decision_counts_less_half_a_round_trip() {
    assert_eq!(traced(&[span("eou_detection", 1300, 1520, json!({}))]).breakdown.endpointing, ms(500));
}

#[test]
fn reports_come_first_and_spans_fill_in() {
    let reports = [(at(1700), metric(Stage::Llm, MetricKind::Ttfb, 0.3))];
    let spans = [span("llm", 1500, 1900, json!({"metrics.ttfb": 0.9})), span("tts", 1900, 2300, json!({"metrics.ttfb": 0.2}))];
    let telemetry = explain(&[window()], &reports, &spans, ZERO, None, None).remove(0);
    let expected = Breakdown { llm: ms(300), tts: ms(200), playout: ms(60), unexplained: ms(940), ..Breakdown::default() };
    assert_eq!(telemetry.breakdown, expected);
    assert_eq!(telemetry.source, Sources { rtvi: true, otlp: true, ..Sources::default() });
}

#[test]
fn a_call_that_both_sources_tell_of_is_one_call() {
    let call = |id: Option<&str>, arguments| ToolCall { name: "book".to_owned(), arguments, id: id.map(str::to_owned) };
    let reports = [(at(1700), Report::ToolCall(call(Some("c1"), serde_json::Value::Null)))];
    let spans = [span(
        "function_tool",
        1700,
        1800,
        json!({"lk.function_tool.name": "book", "lk.function_tool.id": "c1", "lk.function_tool.arguments": "{\"n\":1}"}),
    )];
    let telemetry = explain(&[window()], &reports, &spans, ZERO, None, None).remove(0);
    assert_eq!(telemetry.calls, [call(Some("c1"), json!({"n": 1}))]);
}

#[test]
fn silence_of_the_bot_on_itself_is_no_data() {
    let expected = Breakdown { network: ms(40), playout: ms(60), ..Breakdown::default() };
    assert_eq!(reported(&[]), TurnTelemetry { breakdown: expected, ..TurnTelemetry::default() });
}

#[test]
fn a_false_end_of_turn_is_outlived_by_the_last_one() {
    let reports =
        [(at(1200), Report::UserStoppedSpeaking), (at(1840), Report::UserStoppedSpeaking), (at(4000), Report::UserStoppedSpeaking)];
    assert_eq!(reported(&reports).breakdown.endpointing, ms(800));
}

#[test]
fn the_time_of_a_turn_analyser_is_not_the_whole_wait() {
    let reports = [(at(1200), metric(Stage::Endpointing, MetricKind::Processing, 0.1))];
    assert_eq!(reported(&reports).breakdown.endpointing, None);
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(end: i64, onset: i64, until: i64, arrival: i64, start: u64, zero: u64, seconds: f64, trip: i64) {
        let nanos = CallTime::from_nanos;
        let window = TurnWindow { number: 1, caller_speech_end: Some(nanos(end)), bot_onset: Some(nanos(onset)), received: Some(nanos(arrival)), until: nanos(until) };
        let reports = [(nanos(arrival), Report::UserStoppedSpeaking), (nanos(arrival), metric(Stage::Llm, MetricKind::Ttfb, seconds))];
        let mut span = span("llm_node", 0, 0, json!({"lk.response.ttft": 1e300}));
        (span.start_unix_ns, span.end_unix_ns) = (start, start);
        let found = explain(&[window, window], &reports, &[span], zero, Some("x"), Some(SignedDuration::from_nanos(trip)));
        prop_assert_eq!(found.len(), 2);
    }
}
