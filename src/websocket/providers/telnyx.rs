//! Telnyx media streaming (<https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::Ed25519KeyPair;
use roxmltree::Node;
use serde_json::{Value, json};
use url::Url;

use super::interface::{AnswerUrl, Provider};
use crate::websocket::answer::{
    AnswerRequest, Directions, Document, Headers, NoStream, Signing, form, is_connected, twiml_fields, xml_directions,
};
use crate::websocket::protocol::format::{PCMA, PCMU, l16};
use crate::websocket::protocol::json::{Incoming, object};
use crate::websocket::protocol::stream::Dialect;
use crate::websocket::protocol::{StreamStart, WireFormat};

/// Telnyx, and its dialect.
#[derive(Debug)]
pub(super) struct Telnyx;

impl Provider for Telnyx {
    fn answer_url(&self) -> Option<&'static dyn AnswerUrl> {
        Some(&Self)
    }
}

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

impl AnswerUrl for Telnyx {
    fn request(&self, url: Url, start: &StreamStart, signing: &Signing<'_>) -> Result<AnswerRequest, String> {
        let fields = twiml_fields(start);
        let signed = signing.token.map(|token| sign(token, &form(&fields), signing.unix_seconds)).transpose()?;
        Ok(AnswerRequest::form(url, &fields, signed.unwrap_or_default()))
    }

    fn directions(&self, document: &str) -> Result<Directions, NoStream> {
        let is_two_way = |stream: Node<'_, '_>| stream.attribute("bidirectionalMode") == Some("rtp") || is_connected(stream);
        xml_directions(document, is_two_way, "`<Connect><Stream bidirectionalMode=\"rtp\">`")
    }

    fn sample(&self, url: &str) -> Document {
        Document::connect_stream(url)
    }
}

/// `telnyx-signature-ed25519` over time and body. Only Telnyx has its own key: `token` is the base64 seed of one whose
/// public half the staging bot knows.
fn sign(token: &str, body: &str, unix_seconds: i64) -> Result<Headers, String> {
    let seed = STANDARD.decode(token).map_err(|error| format!("`auth_token` of a telnyx target is not base64 ({error})"))?;
    let key = Ed25519KeyPair::from_seed_unchecked(&seed)
        .map_err(|_| "`auth_token` of a telnyx target is not an Ed25519 seed: write 32 bytes in base64".to_owned())?;
    let signature = key.sign(format!("{unix_seconds}|{body}").as_bytes());
    Ok(vec![("telnyx-signature-ed25519".to_owned(), STANDARD.encode(signature)), ("telnyx-timestamp".to_owned(), unix_seconds.to_string())])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::signature::{ED25519, KeyPair, UnparsedPublicKey};

    use super::super::testing::{bot_reads, bot_says, call, provider_reads, provider_writes, request, story};
    use super::*;
    use crate::websocket::protocol::{FromBot, Protocol, ToBot};

    #[test]
    fn a_call_has_telnyxs_messages() {
        insta::assert_snapshot!(provider_writes(Protocol::Telnyx, &story()), @r#"
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

    #[test]
    fn telnyx_signs_time_and_body() {
        let seed = [7_u8; 32];
        let headers = sign(&STANDARD.encode(seed), "a=1", 1_700_000_000).expect("signed");
        let public = Ed25519KeyPair::from_seed_unchecked(&seed).expect("key");
        let key = UnparsedPublicKey::new(&ED25519, public.public_key().as_ref());
        let signature = STANDARD.decode(&headers[0].1).expect("base64");
        assert!(key.verify(b"1700000000|a=1", &signature).is_ok());
        assert!(sign("short", "a=1", 0).is_err());
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(events in prop::collection::vec(call(Protocol::Telnyx), 1..9), requests in prop::collection::vec(request(), 1..9)) {
            let expected: Vec<ToBot> = events.iter().cloned().map(|event| match event {
                ToBot::MarkReached { name, .. } => ToBot::MarkReached { name, cleared: false },
                other => other,
            }).collect();
            prop_assert_eq!(bot_reads(Protocol::Telnyx, &events), expected);
            prop_assert_eq!(provider_reads(Protocol::Telnyx, &requests), requests);
        }
    }
}
