//! Plivo audio streaming (<https://www.plivo.com/docs/voice/xml/the-stream-element>).

use serde_json::{Value, json};

use super::format::{PCMU, l16};
use super::json::Incoming;
use super::message::{ProtocolError, StreamStart, WireFormat};
use super::stream::Dialect;
use crate::codec::Codec;

/// Plivo's dialect.
#[derive(Debug)]
pub(super) struct Plivo;

fn content_type(format: WireFormat) -> &'static str {
    if format.codec == Codec::L16 { "audio/x-l16" } else { "audio/x-mulaw" }
}

impl Dialect for Plivo {
    const PROVIDER: &'static str = "Plivo";
    const FORMATS: &'static [WireFormat] = &[PCMU, l16(8_000), l16(16_000)];
    const SEQUENCE: &'static str = "sequenceNumber";
    const STREAM: &'static str = "streamId";
    const NUMBERS_AS_TEXT: bool = false;
    const START_NAMES_STREAM: bool = false;
    const BOT_EVENTS: [&'static str; 3] = ["playAudio", "checkpoint", "clearAudio"];
    const MARK_REACHED: &'static str = "playedStream";
    const MARK_NAME: &'static str = "name";
    const TELLS_CLEARED_MARKS: bool = false;
    const BOT_DTMF: Option<&'static str> = Some("sendDTMF");
    const CLEARED: Option<&'static str> = Some("clearedAudio");

    fn start(start: &StreamStart, format: WireFormat) -> Value {
        let headers: Vec<String> = start.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        json!({
            "start": {
                "callId": start.call_id,
                "streamId": start.stream_id,
                "accountId": start.account_id,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": content_type(format), "sampleRate": format.rate},
            },
            "extra_headers": headers.join(";"),
        })
    }

    fn read_start(message: &Incoming<'_>) -> StreamStart {
        let headers = message.string("extra_headers");
        let parameters = headers.split(';').filter_map(|header| header.split_once('='));
        StreamStart {
            call_id: message.string("start.callId"),
            stream_id: message.string("start.streamId"),
            account_id: message.string("start.accountId"),
            format: message.format("start.mediaFormat.encoding", "start.mediaFormat.sampleRate"),
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ..StreamStart::default()
        }
    }

    fn media(chunk: u64, timestamp: u64, payload: &str) -> Value {
        json!({"track": "inbound", "chunk": chunk, "timestamp": timestamp.to_string(), "payload": payload})
    }

    fn dtmf(digit: char, timestamp: u64) -> Value {
        json!({"track": "inbound", "digit": digit, "timestamp": timestamp.to_string()})
    }

    // Plivo's list of messages has no `stop`: the socket closes.
    fn stop(_start: &StreamStart) -> Option<Value> {
        None
    }

    fn bot_media(payload: &str, format: WireFormat) -> Value {
        json!({"contentType": content_type(format), "sampleRate": format.rate, "payload": payload})
    }

    fn bot_format(message: &Incoming<'_>) -> Result<Option<WireFormat>, ProtocolError> {
        if message.get("media.contentType").is_none() {
            return Ok(None);
        }
        let format = message.format("media.contentType", "media.sampleRate").filter(|format| Self::FORMATS.contains(format));
        format.map(Some).ok_or_else(|| message.error("has a `media.contentType` and `media.sampleRate` that Plivo does not play"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::format::{PCMU, l16};
    use super::super::testing::{asked, bot_says, call, request, said, story, told};
    use super::super::{FromBot, Protocol, StreamStart, ToBot};

    #[test]
    fn a_call_is_told_as_plivo_tells_it() {
        insta::assert_snapshot!(said(Protocol::Plivo, &story()), @r#"
        {"event":"start","extra_headers":"customer=42","sequenceNumber":1,"start":{"accountId":"AC1","callId":"CA1","mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000},"streamId":"MZ1","tracks":["inbound"]}}
        {"event":"media","media":{"chunk":1,"payload":"/////////////////////w==","timestamp":"0","track":"inbound"},"sequenceNumber":2,"streamId":"MZ1"}
        {"event":"media","media":{"chunk":2,"payload":"/////////////////////w==","timestamp":"2","track":"inbound"},"sequenceNumber":3,"streamId":"MZ1"}
        {"dtmf":{"digit":"5","timestamp":"4","track":"inbound"},"event":"dtmf","sequenceNumber":4,"streamId":"MZ1"}
        {"event":"playedStream","name":"end","sequenceNumber":5,"streamId":"MZ1"}
        "#);
    }

    #[test]
    fn pipecats_messages_are_understood() {
        let audio = r#"{"event":"playAudio","media":{"contentType":"audio/x-mulaw","sampleRate":8000,"payload":"/38="},"streamId":"MZ1"}"#;
        assert_eq!(
            bot_says(Protocol::Plivo, audio).unwrap(),
            [FromBot::Audio { payload: vec![255, 127], format: Some(PCMU), chunk: None }]
        );
        assert_eq!(bot_says(Protocol::Plivo, r#"{"event":"sendDTMF","dtmf":"12#"}"#).unwrap(), [FromBot::Dtmf("12#".into())]);
    }

    #[test]
    fn clear_audio_is_confirmed_at_once() {
        let asked = bot_says(Protocol::Plivo, r#"{"event":"clearAudio","streamId":"MZ1"}"#).unwrap();
        insta::assert_debug_snapshot!(asked, @r#"
        [
            Clear(
                None,
            ),
            Reply(
                Text(
                    "{\"event\":\"clearedAudio\",\"sequenceNumber\":2,\"streamId\":\"MZ1\"}",
                ),
            ),
        ]
        "#);
    }

    #[test]
    fn audio_that_plivo_does_not_play_is_told() {
        let opus = r#"{"event":"playAudio","media":{"contentType":"audio/opus","sampleRate":48000,"payload":""}}"#;
        insta::assert_snapshot!(bot_says(Protocol::Plivo, opus).unwrap_err(), @r#"the bot's `playAudio` message has a `media.contentType` and `media.sampleRate` that Plivo does not play: {"event":"playAudio","media":{"contentType":"audio/opus","sampleRate":48000,"payload":""}}"#);
        let odd = r#"{"event":"playAudio","media":{"contentType":"audio/x-l16","sampleRate":16000,"payload":"AAAA"}}"#;
        insta::assert_snapshot!(bot_says(Protocol::Plivo, odd).unwrap_err(), @"the bot's audio has 3 bytes, which is no whole number of 16-bit samples");
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(events in prop::collection::vec(call(Protocol::Plivo), 1..9), requests in prop::collection::vec(request(), 1..9)) {
            let expected: Vec<ToBot> = events.iter().cloned().filter_map(|event| match event {
                ToBot::Start(start) => Some(ToBot::Start(StreamStart { from: String::new(), to: String::new(), ..start })),
                ToBot::MarkReached { cleared: true, .. } | ToBot::Stop => None,
                other => Some(other),
            }).collect();
            prop_assert_eq!(told(Protocol::Plivo, &events), expected);
            let named: Vec<FromBot> = requests.iter().cloned().map(|request| match request {
                FromBot::Audio { payload, .. } => FromBot::Audio { payload, format: Some(l16(16_000)), chunk: None },
                other => other,
            }).collect();
            prop_assert_eq!(asked(Protocol::Plivo, &named), named);
        }
    }
}
