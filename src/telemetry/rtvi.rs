//! RTVI messages: what Pipecat bots send over the data channel of a call, or over their WebSocket.

use serde_json::{Value, json};

use super::report::{Metric, MetricKind, Report, Stage, ToolCall};

/// Keep-alive text of Pipecat's SmallWebRTC data channel.
///
/// From the first one on the bot takes a gap of more than 3 s as a lost connection: send one every second, or none.
/// The answer, if any, is not an RTVI message.
pub const PING: &str = "ping";

/// Version of the protocol that this client speaks. Bots of protocol 1 refuse a client of version 2, those of protocol 2
/// still serve one of version 1, and [`parse`] reads both.
pub const VERSION: &str = "1.2.0";

/// The message by which a client reports that it is ready; `id` comes back in `bot-ready`.
pub fn client_ready(id: &str) -> String {
    let about = json!({"library": "goldencall", "library_version": env!("CARGO_PKG_VERSION")});
    json!({"label": "rtvi-ai", "type": "client-ready", "id": id, "data": {"version": VERSION, "about": about}}).to_string()
}

/// What one text message of the bot reports; nothing if it is unknown, malformed or of no interest.
///
/// - `server-message` is left out: its content is the application's own.
/// - `vad-user-stopped-speaking` is left out: it reports a silence, not the end of a turn.
/// - `llm-function-call-started` and `-stopped` are left out: `-in-progress` comes between them with the same call's id,
///   and is the one with arguments. The older `llm-function-call` reports the same call once more.
/// - A metrics message of nothing but zeros is left out: bots send one before the first turn.
pub fn parse(text: &str) -> Vec<Report> {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    if message["label"] != "rtvi-ai" {
        return Vec::new();
    }
    let data = &message["data"];
    let report = match message["type"].as_str().unwrap_or_default() {
        "user-started-speaking" => Some(Report::UserStartedSpeaking),
        "user-stopped-speaking" => Some(Report::UserStoppedSpeaking),
        "bot-started-speaking" => Some(Report::BotStartedSpeaking),
        "bot-stopped-speaking" => Some(Report::BotStoppedSpeaking),
        "bot-interrupted" => Some(Report::BotInterrupted),
        "bot-ready" => Some(Report::BotReady),
        "user-transcription" => transcription(data),
        "bot-output" => output(data),
        "bot-transcription" => words(&data["text"]).map(|text| Report::BotOutput { text, segment: None }),
        "metrics" => metrics(data),
        "llm-function-call" | "llm-function-call-in-progress" => Some(Report::ToolCall(function_call(data))),
        "error" | "error-response" => Some(Report::Error { message: error(data) }),
        _ => None,
    };
    report.into_iter().collect()
}

fn words(text: &Value) -> Option<String> {
    text.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn transcription(data: &Value) -> Option<Report> {
    Some(Report::UserTranscription { text: words(&data["text"])?, is_final: data["final"].as_bool().unwrap_or(true) })
}

/// Sentences only: the words of a sentence come one by one as it is spoken, after the sentence itself.
fn output(data: &Value) -> Option<Report> {
    let unit = ["output_type", "aggregated_by"].iter().find_map(|key| data[*key].as_str()).unwrap_or_default();
    if matches!(unit, "word" | "token") || data["spoken_status"] == "in-progress" || data["will_be_spoken"] == false {
        return None;
    }
    // The last message of a stretch carries its last word; the whole text stands beside it.
    let whole = words(&data["spoken_progress"]["accumulated_text"]);
    let text = whole.filter(|_| data["spoken_status"] == "completed").or_else(|| words(&data["text"]))?;
    Some(Report::BotOutput { text, segment: data["segment_id"].as_u64().map(|id| id.to_string()) })
}

fn function_call(data: &Value) -> ToolCall {
    let arguments = ["arguments", "args"].iter().map(|key| &data[*key]).find(|value| !value.is_null());
    ToolCall {
        name: words(&data["function_name"]).unwrap_or_default(),
        arguments: arguments.cloned().unwrap_or_default(),
        id: words(&data["tool_call_id"]),
    }
}

fn error(data: &Value) -> String {
    ["error", "message"].iter().find_map(|key| words(&data[*key])).unwrap_or_else(|| "an error without a message".to_owned())
}

fn metrics(data: &Value) -> Option<Report> {
    use MetricKind::{Processing, Ttfa, Ttfat, Ttfb};
    let kinds = [("ttfb", Ttfb, "value"), ("ttfa", Ttfa, "ttfa"), ("ttfat", Ttfat, "ttfat"), ("processing", Processing, "value")];
    let mut found = Vec::new();
    for (list, kind, key) in kinds {
        found.extend(data[list].as_array().into_iter().flatten().filter_map(|entry| metric(entry, kind, key)));
    }
    found.iter().any(|metric| metric.seconds != 0.0).then_some(Report::Metrics(found))
}

fn metric(entry: &Value, kind: MetricKind, key: &str) -> Option<Metric> {
    let processor = words(&entry["processor"])?;
    let seconds = entry[key].as_f64().filter(|seconds| *seconds >= 0.0)?;
    Some(Metric { stage: stage(&processor)?, kind, processor, model: words(&entry["model"]), seconds })
}

/// The stage of a processor by its class name: `DeepgramSTTService#0`, `LocalSmartTurnAnalyzerV3#0`.
fn stage(processor: &str) -> Option<Stage> {
    let names = [("STT", Stage::Stt), ("LLM", Stage::Llm), ("TTS", Stage::Tts), ("VAD", Stage::Endpointing), ("Turn", Stage::Endpointing)];
    names.iter().find(|(part, _)| processor.contains(part)).map(|(_, stage)| *stage)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(kind: &str, data: Value) -> Vec<Report> {
        parse(&json!({"label": "rtvi-ai", "type": kind, "data": data}).to_string())
    }

    #[test]
    fn the_greeting_of_a_client_names_protocol_and_library() {
        let message: Value = serde_json::from_str(&client_ready("7")).unwrap();
        let about = json!({"library": "goldencall", "library_version": env!("CARGO_PKG_VERSION")});
        let data = json!({"version": "1.2.0", "about": about});
        assert_eq!(message, json!({"label": "rtvi-ai", "type": "client-ready", "id": "7", "data": data}));
    }

    #[test]
    fn speaking_and_readiness() {
        assert_eq!(said("user-stopped-speaking", Value::Null), [Report::UserStoppedSpeaking]);
        assert_eq!(said("bot-ready", json!({"version": "2.2.0"})), [Report::BotReady]);
        assert_eq!(said("vad-user-stopped-speaking", Value::Null), []);
        assert_eq!(said("server-message", json!({"type": "metrics"})), []);
        assert_eq!(parse("ping"), []);
        assert_eq!(parse(r#"{"type":"bot-ready"}"#), []);
    }

    #[test]
    fn a_sentence_counts_once_its_words_do_not() {
        let new = json!({"text": "Good day.", "spoken_status": "new", "will_be_spoken": true, "segment_id": 3, "output_type": "sentence"});
        let done =
            json!({"text": "day.", "spoken_status": "completed", "segment_id": 3, "spoken_progress": {"accumulated_text": "Good day."}});
        let one = [Report::BotOutput { text: "Good day.".to_owned(), segment: Some("3".to_owned()) }];
        assert_eq!(said("bot-output", new), one);
        assert_eq!(said("bot-output", done), one);
        assert_eq!(said("bot-output", json!({"text": "Good", "aggregated_by": "word"})), []);
        assert_eq!(said("bot-output", json!({"text": "Good", "spoken_status": "in-progress"})), []);
    }

    #[test]
    fn metrics_get_their_stage_from_the_processor() {
        let data = json!({
            "ttfb": [{"processor": "OpenAILLMService#0", "model": "gpt-x", "value": 0.3}, {"processor": "Mixer#0", "value": 1}],
            "ttfa": [{"processor": "CartesiaTTSService#0", "ttfa": 0.25, "ttfb": 0.2, "leading_silence": 0.05}],
            "processing": [{"processor": "LocalSmartTurnAnalyzerV3#0", "value": 0.1}],
            "tokens": [{"prompt_tokens": 5}],
        });
        let found: Vec<_> = match said("metrics", data).as_slice() {
            [Report::Metrics(metrics)] => metrics.iter().map(|m| (m.stage, m.kind, m.seconds)).collect(),
            other => panic!("{other:?}"),
        };
        let expected =
            [(Stage::Llm, MetricKind::Ttfb, 0.3), (Stage::Tts, MetricKind::Ttfa, 0.25), (Stage::Endpointing, MetricKind::Processing, 0.1)];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_first_metrics_message_is_all_zeros_and_tells_nothing() {
        let data = json!({"ttfb": [{"processor": "OpenAILLMService#0", "value": 0.0}], "processing": [{"processor": "XTTSService#0", "value": 0}]});
        assert_eq!(said("metrics", data), []);
    }

    #[test]
    fn a_function_call_carries_what_the_bot_tells() {
        let full = json!({"tool_call_id": "c1", "function_name": "book", "arguments": {"time": "15:00"}});
        let call = ToolCall { name: "book".to_owned(), arguments: json!({"time": "15:00"}), id: Some("c1".to_owned()) };
        assert_eq!(said("llm-function-call-in-progress", full), [Report::ToolCall(call.clone())]);
        let old = json!({"tool_call_id": "c1", "function_name": "book", "args": {"time": "15:00"}});
        assert_eq!(said("llm-function-call", old), [Report::ToolCall(call)]);
        let bare = ToolCall { id: Some("c1".to_owned()), ..ToolCall::default() };
        assert_eq!(said("llm-function-call-in-progress", json!({"tool_call_id": "c1"})), [Report::ToolCall(bare)]);
        assert_eq!(said("llm-function-call-stopped", json!({"tool_call_id": "c1", "cancelled": false})), []);
    }

    #[test]
    fn errors_have_a_message() {
        assert_eq!(said("error", json!({"error": "boom", "fatal": true})), [Report::Error { message: "boom".to_owned() }]);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in any::<String>(), kind in "(metrics|bot-output|llm-function-call|error|[a-z-]*)", data in "[\\[\\]{}\":,a-z0-9.]*") {
            parse(&text);
            parse(&format!("{{\"label\":\"rtvi-ai\",\"type\":\"{kind}\",\"data\":{data}}}"));
            said(&kind, Value::String(data.clone()));
            said(&kind, json!({"ttfb": [data, 1, {"processor": text, "value": -1e300}], "text": 5, "error": []}));
        }
    }
}
