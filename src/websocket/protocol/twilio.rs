//! Twilio Media Streams (<https://www.twilio.com/docs/voice/media-streams/websocket-messages>).

use serde_json::{Value, json};

use super::format::PCMU;
use super::json::{Incoming, object};
use super::message::{StreamStart, WireFormat};
use super::stream::Dialect;

/// Twilio's dialect.
#[derive(Debug)]
pub(super) struct Twilio;

impl Dialect for Twilio {
    const PROVIDER: &'static str = "Twilio";
    const FORMATS: &'static [WireFormat] = &[PCMU];
    const SEQUENCE: &'static str = "sequenceNumber";
    const STREAM: &'static str = "streamSid";

    fn connected() -> Option<Value> {
        Some(json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
    }

    fn start(start: &StreamStart, format: WireFormat) -> Value {
        json!({"start": {
            "accountSid": start.account_id,
            "streamSid": start.stream_id,
            "callSid": start.call_id,
            "tracks": ["inbound"],
            "customParameters": object(&start.parameters),
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": format.rate, "channels": 1},
        }})
    }

    fn read_start(message: &Incoming<'_>) -> StreamStart {
        StreamStart {
            call_id: message.string("start.callSid"),
            stream_id: message.string("start.streamSid"),
            account_id: message.string("start.accountSid"),
            format: message.format("start.mediaFormat.encoding", "start.mediaFormat.sampleRate"),
            parameters: message.parameters("start.customParameters"),
            ..StreamStart::default()
        }
    }

    fn dtmf(digit: char, _timestamp: u64) -> Value {
        json!({"track": "inbound_track", "digit": digit})
    }

    fn stop(start: &StreamStart) -> Option<Value> {
        Some(json!({"accountSid": start.account_id, "callSid": start.call_id}))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{asked, bot_says, call, request, said, story, told};
    use super::super::{FromBot, Message, Protocol, StreamStart, ToBot, codec};

    #[test]
    fn a_call_is_told_as_twilio_tells_it() {
        insta::assert_snapshot!(said(Protocol::Twilio, &story()), @r#"
        {"event":"connected","protocol":"Call","version":"1.0.0"}
        {"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","callSid":"CA1","customParameters":{"customer":"42"},"mediaFormat":{"channels":1,"encoding":"audio/x-mulaw","sampleRate":8000},"streamSid":"MZ1","tracks":["inbound"]},"streamSid":"MZ1"}
        {"event":"media","media":{"chunk":"1","payload":"/////////////////////w==","timestamp":"0","track":"inbound"},"sequenceNumber":"2","streamSid":"MZ1"}
        {"event":"media","media":{"chunk":"2","payload":"/////////////////////w==","timestamp":"2","track":"inbound"},"sequenceNumber":"3","streamSid":"MZ1"}
        {"dtmf":{"digit":"5","track":"inbound_track"},"event":"dtmf","sequenceNumber":"4","streamSid":"MZ1"}
        {"event":"mark","mark":{"name":"end"},"sequenceNumber":"5","streamSid":"MZ1"}
        {"event":"mark","mark":{"name":"late"},"sequenceNumber":"6","streamSid":"MZ1"}
        {"event":"stop","sequenceNumber":"7","stop":{"accountSid":"AC1","callSid":"CA1"},"streamSid":"MZ1"}
        "#);
    }

    #[test]
    fn pipecats_messages_are_understood() {
        for (text, expected) in [
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}"#,
                FromBot::Audio { payload: vec![255, 127], format: None, chunk: None },
            ),
            (r#"{"event":"clear","streamSid":"MZ1"}"#, FromBot::Clear(None)),
            (r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"end"}}"#, FromBot::Mark("end".into())),
        ] {
            assert_eq!(bot_says(Protocol::Twilio, text).unwrap(), [expected]);
        }
    }

    #[test]
    fn what_is_wrong_is_told_to_the_bots_author() {
        insta::assert_snapshot!(bot_says(Protocol::Twilio, r#"{"event":"media","streamSid":"MZ1","media":{}}"#).unwrap_err(), @r#"the bot's `media` message has no `media.payload`: {"event":"media","streamSid":"MZ1","media":{}}"#);
        insta::assert_snapshot!(bot_says(Protocol::Twilio, r#"{"event":"clear","streamSid":"MZ2"}"#).unwrap_err(), @r#"the bot's `clear` message names another stream than `MZ1`: {"event":"clear","streamSid":"MZ2"}"#);
        insta::assert_snapshot!(bot_says(Protocol::Twilio, r#"{"streamSid":"MZ1"}"#).unwrap_err(), @r#"the bot's message has no `event`: {"streamSid":"MZ1"}"#);
        let binary = codec(Protocol::Twilio, None).from_bot(&Message::Binary(vec![0; 320]));
        insta::assert_snapshot!(binary.unwrap_err(), @"the bot sent a binary message of 320 bytes, but this protocol has only text messages");
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(events in prop::collection::vec(call(Protocol::Twilio), 1..9), requests in prop::collection::vec(request(), 1..9)) {
            // Twilio says neither who called nor whether a mark's audio was played or thrown away.
            let expected: Vec<ToBot> = events.iter().cloned().map(|event| match event {
                ToBot::Start(start) => ToBot::Start(StreamStart { from: String::new(), to: String::new(), ..start }),
                ToBot::MarkReached { name, .. } => ToBot::MarkReached { name, cleared: false },
                other => other,
            }).collect();
            prop_assert_eq!(told(Protocol::Twilio, &events), expected);
            prop_assert_eq!(asked(Protocol::Twilio, &requests), requests);
        }
    }
}
