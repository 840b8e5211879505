//! Events of the `oai-events` data channel of OpenAI-Realtime-like servers, and of their WebSockets.

use serde_json::Value;

use super::report::{Report, ToolCall};

/// What one event reports; nothing if it is unknown, malformed or of no interest.
///
/// A function call comes twice, as `response.function_call_arguments.done` and as `response.output_item.done`: older
/// servers leave the name out of the first. Both have the same id, see [`merge_calls`](super::merge_calls).
pub fn parse(text: &str) -> Vec<Report> {
    let Ok(event) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let report = match event["type"].as_str().unwrap_or_default() {
        "session.created" => Some(Report::BotReady),
        "input_audio_buffer.speech_started" => Some(Report::UserStartedSpeaking),
        "input_audio_buffer.speech_stopped" => Some(Report::UserStoppedSpeaking),
        "output_audio_buffer.started" => Some(Report::BotStartedSpeaking),
        "output_audio_buffer.stopped" => Some(Report::BotStoppedSpeaking),
        "output_audio_buffer.cleared" => Some(Report::BotInterrupted),
        "conversation.item.input_audio_transcription.completed" => {
            words(&event["transcript"]).map(|text| Report::UserTranscription { text, is_final: true })
        }
        "response.output_audio_transcript.done" | "response.audio_transcript.done" => {
            words(&event["transcript"]).map(|text| Report::BotOutput { text, segment: words(&event["item_id"]) })
        }
        "response.function_call_arguments.done" => Some(Report::ToolCall(function_call(&event))),
        "response.output_item.done" if event["item"]["type"] == "function_call" => Some(Report::ToolCall(function_call(&event["item"]))),
        "error" => Some(Report::Error { message: error(&event["error"]) }),
        _ => None,
    };
    report.into_iter().collect()
}

fn words(text: &Value) -> Option<String> {
    text.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn function_call(from: &Value) -> ToolCall {
    ToolCall { name: words(&from["name"]).unwrap_or_default(), arguments: arguments(&from["arguments"]), id: words(&from["call_id"]) }
}

/// Arguments as a value: models write them as a JSON text, and not always a well-formed one.
pub(super) fn arguments(from: &Value) -> Value {
    match from.as_str() {
        Some(text) => serde_json::from_str(text).unwrap_or_else(|_| from.clone()),
        None => from.clone(),
    }
}

fn error(error: &Value) -> String {
    let found = [&error["message"], &error["code"], error].into_iter().find_map(words);
    found.unwrap_or_else(|| "an error without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::report::merge_calls;
    use super::*;

    fn event(event: Value) -> Vec<Report> {
        parse(&event.to_string())
    }

    #[test]
    fn buffers_tell_who_speaks() {
        let said = |kind: &str| event(json!({"type": kind, "event_id": "e", "audio_end_ms": 500}));
        assert_eq!(said("input_audio_buffer.speech_stopped"), [Report::UserStoppedSpeaking]);
        assert_eq!(said("output_audio_buffer.started"), [Report::BotStartedSpeaking]);
        assert_eq!(said("output_audio_buffer.cleared"), [Report::BotInterrupted]);
        assert_eq!(said("response.created"), []);
    }

    #[test]
    fn transcripts_of_both_sides() {
        let user = json!({"type": "conversation.item.input_audio_transcription.completed", "transcript": "Hello\n"});
        assert_eq!(event(user), [Report::UserTranscription { text: "Hello".to_owned(), is_final: true }]);
        let output = [Report::BotOutput { text: "Hi.".to_owned(), segment: Some("i1".to_owned()) }];
        for kind in ["response.output_audio_transcript.done", "response.audio_transcript.done"] {
            assert_eq!(event(json!({"type": kind, "item_id": "i1", "transcript": "Hi."})), output);
        }
    }

    #[test]
    fn a_function_call_has_its_name_from_the_item_where_the_arguments_have_none() {
        let done = json!({"type": "response.function_call_arguments.done", "call_id": "c", "arguments": "{\"n\":2}"});
        let item = json!({"type": "function_call", "name": "order", "call_id": "c", "arguments": "{\"n\":2}"});
        let item = json!({"type": "response.output_item.done", "item": item});
        let calls: Vec<ToolCall> = [event(done), event(item)]
            .concat()
            .into_iter()
            .filter_map(|report| if let Report::ToolCall(call) = report { Some(call) } else { None })
            .collect();
        let one = ToolCall { name: "order".to_owned(), arguments: json!({"n": 2}), id: Some("c".to_owned()) };
        assert_eq!(merge_calls(&calls), [one]);
    }

    #[test]
    fn arguments_that_are_no_json_stay_a_text() {
        assert_eq!(arguments(&json!("{\"n\":")), json!("{\"n\":"));
    }

    #[test]
    fn errors_have_a_message() {
        let text = |error: Value| match event(json!({"type": "error", "error": error})).as_slice() {
            [Report::Error { message }] => message.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(json!({"message": "rate limit", "code": "x"})), "rate limit");
        assert_eq!(text(Value::Null), "an error without a message");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in any::<String>(), kind in "(error|response.output_item.done|response.function_call_arguments.done)") {
            parse(&text);
            event(json!({"type": kind, "arguments": text, "error": text, "item": [text]}));
        }
    }
}
