//! Telnyx media streaming (<https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming>).

use serde_json::{Value, json};

use super::format::{PCMA, PCMU, l16};
use super::json::{Incoming, object};
use super::message::{StreamStart, WireFormat};
use super::stream::Dialect;

/// Telnyx's dialect.
#[derive(Debug)]
pub(super) struct Telnyx;

impl Dialect for Telnyx {
    const PROVIDER: &'static str = "Telnyx";
    const FORMATS: &'static [WireFormat] = &[PCMU, PCMA, l16(16_000), l16(8_000), l16(24_000)];
    const STREAM: &'static str = "stream_id";
    const BOT_NAMES_STREAM: bool = false;

    fn connected() -> Option<Value> {
        Some(json!({"event": "connected", "version": "1.0.0"}))
    }

    fn start(start: &StreamStart, format: WireFormat) -> Value {
        let encoding = format.codec.name();
        json!({"start": {
            "user_id": start.account_id,
            "call_control_id": start.call_id,
            "from": start.from,
            "to": start.to,
            "custom_parameters": object(&start.parameters),
            "media_format": {"encoding": encoding, "sample_rate": format.rate, "channels": 1},
        }})
    }

    fn read_start(message: &Incoming<'_>) -> StreamStart {
        StreamStart {
            call_id: message.string("start.call_control_id"),
            stream_id: message.string("stream_id"),
            account_id: message.string("start.user_id"),
            from: message.string("start.from"),
            to: message.string("start.to"),
            format: message.format("start.media_format.encoding", "start.media_format.sample_rate"),
            parameters: message.parameters("start.custom_parameters"),
        }
    }

    fn dtmf(digit: char, _timestamp: u64) -> Value {
        json!({"digit": digit})
    }

    fn stop(start: &StreamStart) -> Option<Value> {
        Some(json!({"user_id": start.account_id, "call_control_id": start.call_id}))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{asked, bot_says, call, request, said, story, told};
    use super::super::{FromBot, Protocol, ToBot};

    #[test]
    fn a_call_is_told_as_telnyx_tells_it() {
        insta::assert_snapshot!(said(Protocol::Telnyx, &story()), @r#"
        {"event":"connected","version":"1.0.0"}
        {"event":"start","sequence_number":"1","start":{"call_control_id":"CA1","custom_parameters":{"customer":"42"},"from":"+15550100","media_format":{"channels":1,"encoding":"PCMU","sample_rate":8000},"to":"+15550199","user_id":"AC1"},"stream_id":"MZ1"}
        {"event":"media","media":{"chunk":"1","payload":"/////////////////////w==","timestamp":"0","track":"inbound"},"sequence_number":"2","stream_id":"MZ1"}
        {"event":"media","media":{"chunk":"2","payload":"/////////////////////w==","timestamp":"2","track":"inbound"},"sequence_number":"3","stream_id":"MZ1"}
        {"dtmf":{"digit":"5"},"event":"dtmf","sequence_number":"4","stream_id":"MZ1"}
        {"event":"mark","mark":{"name":"end"},"sequence_number":"5","stream_id":"MZ1"}
        {"event":"mark","mark":{"name":"late"},"sequence_number":"6","stream_id":"MZ1"}
        {"event":"stop","sequence_number":"7","stop":{"call_control_id":"CA1","user_id":"AC1"},"stream_id":"MZ1"}
        "#);
    }

    #[test]
    fn pipecats_messages_are_understood() {
        let audio = FromBot::Audio { payload: vec![255, 127], format: None, chunk: None };
        assert_eq!(bot_says(Protocol::Telnyx, r#"{"event":"media","media":{"payload":"/38="}}"#).unwrap(), [audio]);
        assert_eq!(bot_says(Protocol::Telnyx, r#"{"event":"clear"}"#).unwrap(), [FromBot::Clear(None)]);
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(events in prop::collection::vec(call(Protocol::Telnyx), 1..9), requests in prop::collection::vec(request(), 1..9)) {
            let expected: Vec<ToBot> = events.iter().cloned().map(|event| match event {
                ToBot::MarkReached { name, .. } => ToBot::MarkReached { name, cleared: false },
                other => other,
            }).collect();
            prop_assert_eq!(told(Protocol::Telnyx, &events), expected);
            prop_assert_eq!(asked(Protocol::Telnyx, &requests), requests);
        }
    }
}
