//! What the bot reported over its data channel or socket.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A part of the way from the caller's last word to the bot's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The way of the audio to the bot and back.
    Network,
    /// The bot's decision that the caller has finished.
    Endpointing,
    /// Speech to text.
    Stt,
    /// The language model.
    Llm,
    /// Text to speech.
    Tts,
    /// Arrival of the onset to its playing: the audio that was queued before it.
    Playout,
}

impl Stage {
    /// Every stage, in the order in which a turn runs through them.
    pub const ALL: [Self; 6] = [Self::Network, Self::Endpointing, Self::Stt, Self::Llm, Self::Tts, Self::Playout];

    /// Its key in the scenario language and in reports.
    pub fn key(self) -> &'static str {
        match self {
            Stage::Network => "network",
            Stage::Endpointing => "endpointing",
            Stage::Stt => "stt",
            Stage::Llm => "llm",
            Stage::Tts => "tts",
            Stage::Playout => "playout",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Network => "network",
            Stage::Endpointing => "end of turn detection",
            Stage::Stt => "speech to text",
            Stage::Llm => "language model",
            Stage::Tts => "text to speech",
            Stage::Playout => "playout",
        })
    }
}

/// What a [`Metric`] measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Request to first byte; for a recogniser, end of speech to final transcript.
    Ttfb,
    /// Request to first audible sample: [`MetricKind::Ttfb`] plus leading silence.
    Ttfa,
    /// Request to first token of the answer: [`MetricKind::Ttfb`] plus thinking.
    Ttfat,
    /// Request to end of the work.
    Processing,
}

/// A time that the bot measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// To which stage it belongs.
    pub stage: Stage,
    /// From what to what it counts.
    pub kind: MetricKind,
    /// Who measured, in the bot's words: `OpenAILLMService#0`.
    pub processor: String,
    /// The model behind it, if the bot reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Seconds.
    pub seconds: f64,
}

/// A function that the bot called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Name of the function; empty where the bot does not report it (Pipecat's `function_call_report_level`).
    pub name: String,
    /// Its arguments; `null` where the bot does not report them.
    #[serde(default)]
    pub arguments: Value,
    /// The bot's id of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// One thing that the bot reported about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The bot hears the caller speak.
    UserStartedSpeaking,
    /// The bot takes the caller's turn as finished.
    UserStoppedSpeaking,
    /// The bot believes that it starts to speak; the audio may say otherwise.
    BotStartedSpeaking,
    /// The bot believes that it stops speaking.
    BotStoppedSpeaking,
    /// The bot gave way to the caller.
    BotInterrupted,
    /// What the bot heard.
    UserTranscription {
        /// The words.
        text: String,
        /// Whether they will not change any more.
        is_final: bool,
    },
    /// What the bot says, or is about to.
    BotOutput {
        /// The words.
        text: String,
        /// The bot's id of this stretch; two reports of one stretch are one output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        segment: Option<String>,
    },
    /// The bot listens.
    BotReady,
    /// Times that the bot measured.
    Metrics(Vec<Metric>),
    /// The bot calls a function. One call may be reported several times: see [`merge_calls`].
    ToolCall(ToolCall),
    /// The bot complains.
    Error {
        /// In its words.
        message: String,
    },
}

/// One entry per call, in the order of the first report of each.
///
/// Reports with the same id are one call: the first name that is not empty and the first arguments that are not `null`
/// count. A report without an id is a call of its own.
pub fn merge_calls<'a>(calls: impl IntoIterator<Item = &'a ToolCall>) -> Vec<ToolCall> {
    let mut merged: Vec<ToolCall> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for call in calls {
        let place = call.id.as_deref().map(|id| *places.entry(id).or_insert(merged.len()));
        match place.and_then(|place| merged.get_mut(place)) {
            Some(known) => fill_in(known, call),
            None => merged.push(call.clone()),
        }
    }
    merged
}

fn fill_in(known: &mut ToolCall, call: &ToolCall) {
    if known.name.is_empty() {
        known.name.clone_from(&call.name);
    }
    if known.arguments.is_null() {
        known.arguments = call.arguments.clone();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(name: &str, arguments: Value, id: Option<&str>) -> ToolCall {
        ToolCall { name: name.to_owned(), arguments, id: id.map(str::to_owned) }
    }

    #[test]
    fn a_call_reported_twice_is_one_call_with_all_that_is_known() {
        let reports = [
            call("", Value::Null, Some("1")),
            call("book", Value::Null, Some("1")),
            call("book", json!({"time": "15:00"}), Some("1")),
            call("cancel", json!({}), Some("2")),
        ];
        let merged = merge_calls(&reports);
        assert_eq!(merged, [call("book", json!({"time": "15:00"}), Some("1")), call("cancel", json!({}), Some("2"))]);
    }

    #[test]
    fn calls_without_an_id_stay_apart() {
        assert_eq!(merge_calls(&[call("ping", json!({}), None), call("ping", json!({}), None)]).len(), 2);
    }

    #[test]
    fn reports_survive_json() {
        let reports = [
            Report::BotReady,
            Report::BotOutput { text: "Hello.".to_owned(), segment: Some("4".to_owned()) },
            Report::ToolCall(call("book", json!({"n": 1}), None)),
        ];
        let text = serde_json::to_string(&reports).unwrap();
        insta::assert_snapshot!(text, @r#"["bot_ready",{"bot_output":{"text":"Hello.","segment":"4"}},{"tool_call":{"name":"book","arguments":{"n":1}}}]"#);
        assert_eq!(serde_json::from_str::<Vec<Report>>(&text).unwrap(), reports);
    }

    #[test]
    fn stages_have_names_in_words_and_in_json() {
        assert_eq!(
            Stage::ALL.map(|stage| stage.to_string()).join(", "),
            "network, end of turn detection, speech to text, language model, text to speech, playout"
        );
        assert_eq!(serde_json::to_string(&Stage::Stt).unwrap(), "\"stt\"");
    }
}
