//! Teler's media streams, by FreJun (<https://frejun.ai/docs/media-streaming/supported-messages>).

use serde_json::{Value, json};
use url::Url;

use super::interface::{AnswerUrl, Provider, Streams};
use crate::websocket::answer::{AnswerRequest, Directions, Document, NoStream, Signing, parse, text_at, unusable};
use crate::websocket::protocol::format::{adopt, choose, l16};
use crate::websocket::protocol::json::{BOT, Incoming, base64, quote, text};
use crate::websocket::protocol::{BotRole, FromBot, Message, ProtocolError, ProviderRole, StreamStart, ToBot, WireFormat};

const FORMATS: &[WireFormat] = &[l16(8_000), l16(16_000)];

/// Teler.
#[derive(Debug)]
pub(super) struct Teler;

impl Streams for Teler {
    fn formats(&self) -> &'static [WireFormat] {
        FORMATS
    }

    fn provider_role(&self, format: Option<WireFormat>) -> Box<dyn ProviderRole> {
        Box::new(TelerStream::new(format))
    }

    fn bot_role(&self) -> Box<dyn BotRole> {
        Box::new(TelerStream::new(None))
    }
}

impl Provider for Teler {
    fn answer_url(&self) -> Option<&'static dyn AnswerUrl> {
        Some(&Self)
    }
}

/// One stream.
#[derive(Debug)]
struct TelerStream {
    format: WireFormat,
    stream_id: String,
    messages: u64,
}

impl TelerStream {
    /// A stream that has not begun.
    fn new(asked: Option<WireFormat>) -> Self {
        Self { format: choose(asked, FORMATS), stream_id: String::new(), messages: 0 }
    }

    fn start_message(&mut self, start: &StreamStart) -> Message {
        self.format = adopt(start.format, self.format, FORMATS);
        self.stream_id.clone_from(&start.stream_id);
        self.messages = 1;
        text(&json!({
            "type": "start",
            "account_id": start.account_id,
            "call_app_id": start.parameters.get("call_app_id").unwrap_or(&start.account_id),
            "call_id": start.call_id,
            "stream_id": start.stream_id,
            "message_id": 1,
            "data": {"encoding": "audio/l16", "sample_rate": self.format.rate, "channels": 1},
        }))
    }

    fn audio(&mut self, payload: &[u8]) -> Message {
        self.messages += 1;
        let data = json!({"audio_b64": base64(payload)});
        text(&json!({"type": "audio", "stream_id": self.stream_id, "message_id": self.messages, "data": data}))
    }

    fn read_start(&mut self, message: &Incoming<'_>) -> StreamStart {
        let format = message.format("data.encoding", "data.sample_rate");
        self.format = format.unwrap_or(self.format);
        let app = message.optional("call_app_id").map(|app| ("call_app_id".to_owned(), app));
        StreamStart {
            call_id: message.string("call_id"),
            stream_id: message.string("stream_id"),
            account_id: message.string("account_id"),
            format,
            parameters: app.into_iter().collect(),
            ..StreamStart::default()
        }
    }
}

// Teler's own examples have the fields under `data`; bots in use have them flat too.
fn nested(message: &Incoming<'_>, name: &str) -> String {
    let inner = format!("data.{name}");
    if message.get(&inner).is_none() && message.get(name).is_some() { name.to_owned() } else { inner }
}

// Chunks are numbered in Teler's examples, so a number goes out as one.
fn chunk_id(chunk: &str) -> Value {
    chunk.parse::<u64>().ok().filter(|number| number.to_string() == chunk).map_or_else(|| chunk.into(), Value::from)
}

impl ProviderRole for TelerStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn write(&mut self, event: &ToBot) -> Vec<Message> {
        match event {
            ToBot::Start(start) => vec![self.start_message(start)],
            ToBot::Audio(payload) => vec![self.audio(payload)],
            _ => Vec::new(),
        }
    }

    fn read(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError> {
        let message = Incoming::read_text(BOT, "type", message)?;
        Ok(match message.kind() {
            "audio" => {
                let payload = message.samples(&nested(&message, "audio_b64"), self.format)?;
                let chunk = message.optional(&nested(&message, "chunk_id"));
                vec![FromBot::Audio { payload, format: None, chunk }]
            }
            "interrupt" => {
                let chunk = message.optional("chunk_id").or_else(|| message.optional("data.chunk_id"));
                vec![FromBot::Clear(Some(chunk.ok_or_else(|| message.error("has no `chunk_id`"))?))]
            }
            "clear" => vec![FromBot::Clear(None)],
            other => vec![FromBot::Other(quote(other))],
        })
    }
}

impl BotRole for TelerStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn read(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError> {
        let message = Incoming::read_text("Teler", "type", message)?;
        Ok(match message.kind() {
            "start" => vec![ToBot::Start(self.read_start(&message))],
            "audio" => vec![ToBot::Audio(message.samples(&nested(&message, "audio_b64"), self.format)?)],
            _ => Vec::new(),
        })
    }

    fn write(&mut self, event: &FromBot) -> Vec<Message> {
        match event {
            FromBot::Audio { payload, chunk, .. } => {
                let mut data = json!({"audio_b64": base64(payload)});
                if let Some(chunk) = chunk {
                    data["chunk_id"] = chunk_id(chunk);
                }
                vec![text(&json!({"type": "audio", "data": data}))]
            }
            FromBot::Clear(None) => vec![text(&json!({"type": "clear"}))],
            FromBot::Clear(Some(chunk)) => vec![text(&json!({"type": "interrupt", "chunk_id": chunk_id(chunk)}))],
            _ => Vec::new(),
        }
    }
}

impl AnswerUrl for Teler {
    fn request(&self, url: Url, start: &StreamStart, _signing: &Signing<'_>) -> Result<AnswerRequest, String> {
        let body = json!({
            "call_id": start.call_id, "account_id": start.account_id, "from_number": start.from, "to_number": start.to,
        });
        Ok(AnswerRequest::post(url, "application/json", body.to_string(), Vec::new()))
    }

    fn directions(&self, document: &str) -> Result<Directions, NoStream> {
        flow(&parse(document)?, document)
    }

    fn sample(&self, url: &str) -> Document {
        Document::json(&json!({"action": "stream", "ws_url": url, "chunk_size": 400, "sample_rate": "8k", "record": false}))
    }
}

/// `{"action": "stream", "ws_url": ..., "sample_rate": "8k", "chunk_size": ..., "record": ...}`.
fn flow(answer: &Value, document: &str) -> Result<Directions, NoStream> {
    match answer["action"].as_str() {
        Some("stream") => {
            let url = text_at(answer, "/ws_url").ok_or_else(|| unusable("a `stream` without `ws_url`", document))?;
            let rate = answer["sample_rate"].as_str().and_then(|rate| rate.strip_suffix('k')).and_then(|rate| rate.parse::<u32>().ok());
            Ok(Directions { rate: rate.map(|thousands| thousands.saturating_mul(1000)), ..Directions::to(url) })
        }
        Some("hangup") => Err(NoStream::Refused("ends the call with `hangup`".to_owned())),
        _ => Err(unusable("no `action: stream`", document)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{audio, bot_reads, bot_says, provider_reads, provider_writes, start, story};
    use super::*;
    use crate::websocket::protocol::Protocol;

    #[test]
    fn a_call_has_telers_messages() {
        insta::assert_snapshot!(provider_writes(Protocol::Teler, &story()), @r#"
        {"account_id":"AC1","call_app_id":"AC1","call_id":"CA1","data":{"channels":1,"encoding":"audio/l16","sample_rate":8000},"message_id":1,"stream_id":"MZ1","type":"start"}
        {"data":{"audio_b64":"/////////////////////w=="},"message_id":2,"stream_id":"MZ1","type":"audio"}
        {"data":{"audio_b64":"/////////////////////w=="},"message_id":3,"stream_id":"MZ1","type":"audio"}
        "#);
    }

    #[test]
    fn nested_and_flat_audio_are_understood() {
        for text in [
            r#"{"type":"audio","data":{"audio_b64":"/38=","chunk_id":123}}"#,
            r#"{"type":"audio","audio_b64":"/38=","chunk_id":123}"#,
            r#"{"type":"audio","audio_b64":"/38=","data":{"chunk_id":"123"}}"#,
        ] {
            let expected = FromBot::Audio { payload: vec![255, 127], format: None, chunk: Some("123".into()) };
            assert_eq!(bot_says(Protocol::Teler, text).unwrap(), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_a_readable_error() {
        insta::assert_snapshot!(bot_says(Protocol::Teler, r#"{"type":"interrupt"}"#).unwrap_err(), @r#"the bot's `interrupt` message has no `chunk_id`: {"type":"interrupt"}"#);
        insta::assert_snapshot!(bot_says(Protocol::Teler, r#"{"type":"audio","chunk_id":1}"#).unwrap_err(), @r#"the bot's `audio` message has no `data.audio_b64`: {"type":"audio","chunk_id":1}"#);
    }

    fn request() -> impl Strategy<Value = FromBot> {
        let chunk = || prop_oneof!["[0-9]{1,5}", "[a-z]{1,5}"];
        prop_oneof![
            (audio(), prop::option::of(chunk())).prop_map(|(payload, chunk)| FromBot::Audio { payload, format: None, chunk }),
            prop::option::of(chunk()).prop_map(FromBot::Clear),
        ]
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(begin in start(Protocol::Teler), sound in audio(), requests in prop::collection::vec(request(), 1..9)) {
            let events = [ToBot::Start(begin.clone()), ToBot::Audio(sound.clone()), ToBot::Stop];
            let parameters = [("call_app_id".to_owned(), begin.account_id.clone())].into();
            let begin = StreamStart { from: String::new(), to: String::new(), parameters, ..begin };
            prop_assert_eq!(bot_reads(Protocol::Teler, &events), [ToBot::Start(begin), ToBot::Audio(sound)]);
            prop_assert_eq!(provider_reads(Protocol::Teler, &requests), requests);
        }
    }
}
