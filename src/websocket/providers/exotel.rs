//! Exotel's Voicebot applet (<https://developer.exotel.com/docs/agentstream/websocket-protocol>).

use serde_json::{Value, json};
use url::Url;

use super::interface::{AnswerUrl, Provider};
use crate::codec::Codec;
use crate::websocket::answer::{AnswerRequest, Directions, Document, NoStream, Signing, pairs, parse, text_at, unusable};
use crate::websocket::protocol::format::l16;
use crate::websocket::protocol::json::{Incoming, object};
use crate::websocket::protocol::stream::Dialect;
use crate::websocket::protocol::{StreamStart, WireFormat};

/// Exotel, and its dialect.
#[derive(Debug)]
pub(super) struct Exotel;

impl Provider for Exotel {
    fn answer_url(&self) -> Option<&'static dyn AnswerUrl> {
        Some(&Self)
    }
}

impl Dialect for Exotel {
    const PROVIDER: &'static str = "Exotel";
    const FORMATS: &'static [WireFormat] = &[l16(8_000), l16(16_000), l16(24_000)];
    const STREAM: &'static str = "stream_sid";

    fn connected() -> Option<Value> {
        Some(json!({"event": "connected"}))
    }

    fn start(start: &StreamStart, format: WireFormat) -> Value {
        json!({"start": {
            "stream_sid": start.stream_id,
            "call_sid": start.call_id,
            "account_sid": start.account_id,
            "from": start.from,
            "to": start.to,
            "custom_parameters": object(&start.parameters),
            "media_format": {"encoding": "audio/x-raw", "sample_rate": format.rate.to_string(), "bit_rate": "16"},
        }})
    }

    fn read_start(message: &Incoming<'_>) -> StreamStart {
        // Older accounts get `base64` as the encoding; the samples are linear all the same.
        let rate = message.rate("start.media_format.sample_rate");
        StreamStart {
            call_id: message.string("start.call_sid"),
            stream_id: message.string("start.stream_sid"),
            account_id: message.string("start.account_sid"),
            from: message.string("start.from"),
            to: message.string("start.to"),
            format: rate.map(|rate| WireFormat { codec: Codec::L16, rate }),
            parameters: message.parameters("start.custom_parameters"),
        }
    }

    fn media(chunk: u64, timestamp: u64, payload: &str) -> Value {
        json!({"chunk": chunk.to_string(), "timestamp": timestamp.to_string(), "payload": payload})
    }

    fn dtmf(digit: char, _timestamp: u64) -> Value {
        json!({"digit": digit, "duration": "100"})
    }

    fn stop(start: &StreamStart) -> Option<Value> {
        Some(json!({"call_sid": start.call_id, "account_sid": start.account_id, "reason": "callended"}))
    }
}

impl AnswerUrl for Exotel {
    fn request(&self, url: Url, start: &StreamStart, _signing: &Signing<'_>) -> Result<AnswerRequest, String> {
        let fields = pairs(&[("CallSid", &start.call_id), ("CallFrom", &start.from), ("CallTo", &start.to), ("Direction", "incoming")]);
        Ok(AnswerRequest::get(url, &fields, Vec::new()))
    }

    /// The dynamic URL of a Voicebot applet: `{"url": ...}`.
    fn directions(&self, document: &str) -> Result<Directions, NoStream> {
        let url = text_at(&parse(document)?, "/url").ok_or_else(|| unusable("no `url`", document))?;
        Ok(Directions::to(url))
    }

    fn sample(&self, url: &str) -> Document {
        Document::json(&json!({"url": url}))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{bot_reads, bot_says, call, provider_reads, provider_writes, request, story};
    use crate::websocket::protocol::{FromBot, Protocol, ToBot};

    #[test]
    fn a_call_has_exotels_messages() {
        insta::assert_snapshot!(provider_writes(Protocol::Exotel, &story()), @r#"
        {"event":"connected"}
        {"event":"start","sequence_number":"1","start":{"account_sid":"AC1","call_sid":"CA1","custom_parameters":{"customer":"42"},"from":"+15550100","media_format":{"bit_rate":"16","encoding":"audio/x-raw","sample_rate":"8000"},"stream_sid":"MZ1","to":"+15550199"},"stream_sid":"MZ1"}
        {"event":"media","media":{"chunk":"1","payload":"/////////////////////w==","timestamp":"0"},"sequence_number":"2","stream_sid":"MZ1"}
        {"event":"media","media":{"chunk":"2","payload":"/////////////////////w==","timestamp":"1"},"sequence_number":"3","stream_sid":"MZ1"}
        {"dtmf":{"digit":"5","duration":"100"},"event":"dtmf","sequence_number":"4","stream_sid":"MZ1"}
        {"event":"mark","mark":{"name":"end"},"sequence_number":"5","stream_sid":"MZ1"}
        {"event":"mark","mark":{"name":"late"},"sequence_number":"6","stream_sid":"MZ1"}
        {"event":"stop","sequence_number":"7","stop":{"account_sid":"AC1","call_sid":"CA1","reason":"callended"},"stream_sid":"MZ1"}
        "#);
    }

    #[test]
    fn pipecats_messages_are_understood() {
        let audio = FromBot::Audio { payload: vec![255, 127], format: None, chunk: None };
        assert_eq!(bot_says(Protocol::Exotel, r#"{"event":"media","stream_sid":"MZ1","media":{"payload":"/38="}}"#).unwrap(), [audio]);
        assert_eq!(bot_says(Protocol::Exotel, r#"{"event":"clear","stream_sid":"MZ1"}"#).unwrap(), [FromBot::Clear(None)]);
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(events in prop::collection::vec(call(Protocol::Exotel), 1..9), requests in prop::collection::vec(request(), 1..9)) {
            let expected: Vec<ToBot> = events.iter().cloned().map(|event| match event {
                ToBot::MarkReached { name, .. } => ToBot::MarkReached { name, cleared: false },
                other => other,
            }).collect();
            prop_assert_eq!(bot_reads(Protocol::Exotel, &events), expected);
            prop_assert_eq!(provider_reads(Protocol::Exotel, &requests), requests);
        }
    }
}
