//! Reads the spans of Pipecat and LiveKit Agents.

use serde_json::Value;

use super::openai::arguments;
use super::otlp::Span;
use super::report::{MetricKind, Stage, ToolCall};

/// One thing that the bot reported, by message or span.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// The bot took the caller's turn as finished.
    TurnDecided,
    /// A stage took this many seconds.
    Took {
        /// Which stage.
        stage: Stage,
        /// From what to what it counts.
        kind: MetricKind,
        /// Seconds, more than zero.
        seconds: f64,
    },
    /// The bot called a function.
    Call(ToolCall),
    /// The bot understood these words.
    Heard(String),
    /// The bot says these words.
    Said {
        /// The words.
        text: String,
        /// The bot's id of this stretch of speech, where it has one.
        segment: Option<String>,
    },
}

/// What a span reports, with the moment by which it is assigned to a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Nanoseconds since the Unix epoch, by the bot's clock.
    pub at_unix_ns: u64,
    /// What it reports.
    pub observed: Observed,
}

/// What one span reports; nothing if its name is unknown.
///
/// - What is about the caller's speech (`stt`, `user_turn`, `eou_wait`, `eou_detection`) counts at the *end* of the span,
///   for these spans begin while the caller speaks. What is about the answer (`llm`, `llm_node`, `tts`, `tts_node`, tools)
///   counts at its *start*.
/// - Pipecat: `metrics.ttfb` of `stt`, `llm` and `tts`; `transcript` of `stt`, `output` of `llm`; `llm_tool_call` with
///   `tool.function_name`, `tool.arguments`, `tool.call_id`; `llm_response`, of speech-to-speech models, as `llm`.
///   `turn.user_bot_latency_seconds` is left out: the tester measures that itself.
/// - LiveKit: `lk.response.ttft` of `llm_node`, `lk.response.ttfb` of `tts_node`; `lk.transcription_delay` and
///   `lk.end_of_turn_delay` of `user_turn` and `agent_turn`; the end of `eou_wait` or `eou_detection` is a decision;
///   `function_tool` is a call. Texts are looked for under `lk.pii.` and under the older names without `pii`.
/// - Zero is not a time: LiveKit writes it where it has none.
pub fn observe(span: &Span) -> Vec<Observation> {
    let (end, observed) = match span.name.as_str() {
        "stt" => (true, vec![took(span, "metrics.ttfb", Stage::Stt), heard(span, &["transcript"])]),
        "llm" | "llm_response" => (false, vec![took(span, "metrics.ttfb", Stage::Llm), said(span, &["output"])]),
        "tts" => (false, vec![took(span, "metrics.ttfb", Stage::Tts)]),
        "user_turn" => (true, user_turn(span)),
        "agent_turn" => (false, delays(span)),
        "eou_wait" | "eou_detection" => (true, vec![decided(span)]),
        "llm_node" => {
            let texts = ["lk.pii.response.text", "lk.response.text"];
            (false, vec![took(span, "lk.response.ttft", Stage::Llm), said(span, &texts)])
        }
        "tts_node" => (false, vec![took(span, "lk.response.ttfb", Stage::Tts)]),
        "function_tool" | "llm_tool_call" => (false, vec![Some(call(span))]),
        _ => return Vec::new(),
    };
    let at_unix_ns = if end { span.end_unix_ns } else { span.start_unix_ns };
    observed.into_iter().flatten().map(|observed| Observation { at_unix_ns, observed }).collect()
}

fn user_turn(span: &Span) -> Vec<Option<Observed>> {
    let mut found = delays(span);
    found.push(heard(span, &["lk.pii.user_transcript", "lk.user_transcript"]));
    found
}

fn delays(span: &Span) -> Vec<Option<Observed>> {
    vec![took(span, "lk.transcription_delay", Stage::Stt), took(span, "lk.end_of_turn_delay", Stage::Endpointing)]
}

/// A wait that the caller cut short by speaking on decided nothing.
fn decided(span: &Span) -> Option<Observed> {
    let outcome = span.attributes.get("lk.eou.outcome").and_then(Value::as_str).unwrap_or("committed");
    (outcome == "committed").then_some(Observed::TurnDecided)
}

fn took(span: &Span, key: &str, stage: Stage) -> Option<Observed> {
    let seconds = span.attributes.get(key)?.as_f64().filter(|seconds| *seconds > 0.0)?;
    let kind = if stage == Stage::Endpointing { MetricKind::Processing } else { MetricKind::Ttfb };
    Some(Observed::Took { stage, kind, seconds })
}

fn words(span: &Span, keys: &[&str]) -> Option<String> {
    let text = keys.iter().find_map(|key| span.attributes.get(*key)?.as_str())?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn heard(span: &Span, keys: &[&str]) -> Option<Observed> {
    words(span, keys).map(Observed::Heard)
}

fn said(span: &Span, keys: &[&str]) -> Option<Observed> {
    words(span, keys).map(|text| Observed::Said { text, segment: Some(span.span_id.clone()) })
}

fn call(span: &Span) -> Observed {
    let arguments_in = ["lk.pii.function_tool.arguments", "lk.function_tool.arguments", "gen_ai.tool.call.arguments", "tool.arguments"];
    Observed::Call(ToolCall {
        name: words(span, &["lk.function_tool.name", "gen_ai.tool.name", "tool.function_name"]).unwrap_or_default(),
        arguments: arguments_in.iter().find_map(|key| span.attributes.get(*key)).map(arguments).unwrap_or_default(),
        id: words(span, &["lk.function_tool.id", "gen_ai.tool.call.id", "tool.call_id"]),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn span(name: &str, attributes: Value) -> Span {
        let attributes = serde_json::from_value(attributes).unwrap();
        Span { name: name.to_owned(), span_id: "s1".to_owned(), start_unix_ns: 100, end_unix_ns: 900, attributes, ..Span::default() }
    }

    fn told(name: &str, attributes: Value) -> Vec<(u64, Observed)> {
        observe(&span(name, attributes)).into_iter().map(|one| (one.at_unix_ns, one.observed)).collect()
    }

    fn took(stage: Stage, kind: MetricKind, seconds: f64) -> Observed {
        Observed::Took { stage, kind, seconds }
    }

    #[test]
    fn pipecat_spans() {
        let stt = told("stt", json!({"metrics.ttfb": 0.4, "transcript": "hello "}));
        assert_eq!(stt, [(900, took(Stage::Stt, MetricKind::Ttfb, 0.4)), (900, Observed::Heard("hello".to_owned()))]);
        let said = Observed::Said { text: "Hi.".to_owned(), segment: Some("s1".to_owned()) };
        let llm = told("llm", json!({"metrics.ttfb": 0.3, "output": "Hi."}));
        assert_eq!(llm, [(100, took(Stage::Llm, MetricKind::Ttfb, 0.3)), (100, said)]);
        assert_eq!(told("tts", json!({"metrics.ttfb": 0.2})), [(100, took(Stage::Tts, MetricKind::Ttfb, 0.2))]);
        assert_eq!(told("turn", json!({"turn.user_bot_latency_seconds": 1.2})), []);
    }

    #[test]
    fn livekit_spans() {
        let turn = told("user_turn", json!({"lk.transcription_delay": 0, "lk.end_of_turn_delay": 0.6, "lk.user_transcript": "yes"}));
        let delay = took(Stage::Endpointing, MetricKind::Processing, 0.6);
        assert_eq!(turn, [(900, delay), (900, Observed::Heard("yes".to_owned()))]);
        assert_eq!(told("llm_node", json!({"lk.response.ttft": 0.5})), [(100, took(Stage::Llm, MetricKind::Ttfb, 0.5))]);
        assert_eq!(told("tts_node", json!({"lk.response.ttfb": 0.1})), [(100, took(Stage::Tts, MetricKind::Ttfb, 0.1))]);
        assert_eq!(told("eou_wait", json!({"lk.eou.outcome": "user_resumed"})), []);
        assert_eq!(told("eou_detection", json!({})), [(900, Observed::TurnDecided)]);
    }

    #[test]
    fn tool_spans_are_calls() {
        let call = |arguments| ToolCall { name: "book".to_owned(), arguments, id: Some("c1".to_owned()) };
        let livekit = json!({"lk.function_tool.name": "book", "lk.function_tool.id": "c1", "lk.pii.function_tool.arguments": "{\"n\": 2}"});
        assert_eq!(told("function_tool", livekit), [(100, Observed::Call(call(json!({"n": 2}))))]);
        let pipecat = json!({"tool.function_name": "book", "tool.call_id": "c1"});
        assert_eq!(told("llm_tool_call", pipecat), [(100, Observed::Call(call(Value::Null)))]);
    }
}
