//! Plivo audio streaming (<https://www.plivo.com/docs/voice/xml/the-stream-element>).

use ring::hmac::HMAC_SHA256;
use roxmltree::Node;
use serde_json::{Value, json};
use url::Url;

use super::interface::{AnswerUrl, Provider};
use crate::codec::Codec;
use crate::websocket::answer::{
    AnswerRequest, Directions, Document, Fields, Headers, NoStream, Received, Signing, escaped, hmac, is_hmac, pairs, sorted,
    xml_directions,
};
use crate::websocket::protocol::format::{PCMU, l16};
use crate::websocket::protocol::json::Incoming;
use crate::websocket::protocol::stream::Dialect;
use crate::websocket::protocol::{ProtocolError, StreamStart, WireFormat};

const SIGNATURE: &str = "X-Plivo-Signature-V3";
const NONCE: &str = "X-Plivo-Signature-V3-Nonce";

/// Plivo, and its dialect.
#[derive(Debug)]
pub(super) struct Plivo;

fn content_type(format: WireFormat) -> &'static str {
    if format.codec == Codec::L16 { "audio/x-l16" } else { "audio/x-mulaw" }
}

impl Provider for Plivo {
    fn answer_url(&self) -> Option<&'static dyn AnswerUrl> {
        Some(&Self)
    }

    fn is_signed(&self, token: &str, request: &Received<'_>) -> bool {
        match ((request.header)(SIGNATURE), (request.header)(NONCE), Url::parse(request.url)) {
            (Some(signature), Some(nonce), Ok(url)) => is_signed(signature, token, &url, &request.fields(), nonce),
            _ => false,
        }
    }
}

impl Dialect for Plivo {
    const PROVIDER: &'static str = "Plivo";
    const FORMATS: &'static [WireFormat] = &[PCMU, l16(8_000), l16(16_000)];
    const SEQUENCE: &'static str = "sequenceNumber";
    const STREAM: &'static str = "streamId";
    const NUMBERS_AS_TEXT: bool = false;
    const START_NAMES_STREAM: bool = false;
    const BOT_EVENTS: [&'static str; 3] = ["playAudio", "checkpoint", "clearAudio"];
    const BOT_FIELDS: [&'static [&'static str]; 3] =
        [&["media.contentType", "media.sampleRate", "media.payload"], &["streamId", "name"], &["streamId"]];
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

impl AnswerUrl for Plivo {
    fn request(&self, url: Url, start: &StreamStart, signing: &Signing<'_>) -> Result<AnswerRequest, String> {
        let fields = pairs(&[
            ("CallUUID", &start.call_id),
            ("From", &start.from),
            ("To", &start.to),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
            ("Event", "StartApp"),
        ]);
        let signed = signing.token.map(|token| signature(token, &url, &fields, signing.nonce));
        Ok(AnswerRequest::form(url, &fields, signed.unwrap_or_default()))
    }

    fn directions(&self, document: &str) -> Result<Directions, NoStream> {
        let is_two_way = |stream: Node<'_, '_>| stream.attribute("bidirectional").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        xml_directions(document, is_two_way, "`<Stream bidirectional=\"true\">`")
    }

    fn sample(&self, url: &str) -> Document {
        Document::xml(&format!("<Stream bidirectional=\"true\">{}</Stream>", escaped(url)))
    }
}

/// `X-Plivo-Signature-V3` of a POST: HMAC-SHA256 over URL, sorted query, sorted fields and a nonce, base64.
fn signature(token: &str, url: &Url, fields: Fields<'_>, nonce: &str) -> Headers {
    let signature = hmac(HMAC_SHA256, token, &signed_text(url, fields, nonce));
    vec![(SIGNATURE.to_owned(), signature), (NONCE.to_owned(), nonce.to_owned())]
}

/// Whether a POST to this URL has Plivo's signature.
fn is_signed(signature: &str, token: &str, url: &Url, fields: Fields<'_>, nonce: &str) -> bool {
    is_hmac(signature, HMAC_SHA256, token, &signed_text(url, fields, nonce))
}

fn signed_text(url: &Url, fields: Fields<'_>, nonce: &str) -> String {
    let mut base = url.clone();
    base.set_query(None);
    let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let dot = if query.is_empty() { "" } else { "." };
    format!("{base}?{}{dot}{}.{nonce}", query.join("&"), sorted(fields))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{bot_reads, bot_says, call, provider_reads, provider_writes, request, story};
    use super::*;
    use crate::websocket::answer::testing::fields;
    use crate::websocket::protocol::format::{PCMU, l16};
    use crate::websocket::protocol::{FromBot, Protocol, StreamStart, ToBot};

    #[test]
    fn a_call_has_plivos_messages() {
        insta::assert_snapshot!(provider_writes(Protocol::Plivo, &story()), @r#"
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
    fn audio_that_plivo_does_not_play_is_an_error() {
        let opus = r#"{"event":"playAudio","media":{"contentType":"audio/opus","sampleRate":48000,"payload":""}}"#;
        insta::assert_snapshot!(bot_says(Protocol::Plivo, opus).unwrap_err(), @r#"the bot's `playAudio` message has a `media.contentType` and `media.sampleRate` that Plivo does not play: {"event":"playAudio","media":{"contentType":"audio/opus","sampleRate":48000,"payload":""}}"#);
        let odd = r#"{"event":"playAudio","media":{"contentType":"audio/x-l16","sampleRate":16000,"payload":"AAAA"}}"#;
        insta::assert_snapshot!(bot_says(Protocol::Plivo, odd).unwrap_err(), @"the bot's audio has 3 bytes, which is not a whole number of 16-bit samples");
    }

    /// The signatures are those that Plivo's own Python library (4.63) computes.
    #[test]
    fn plivo_signs_like_its_own_library() {
        let signed = |url: &str| signature("12345", &Url::parse(url).expect("URL"), &fields(), "77")[0].1.clone();
        assert_eq!(signed("https://bot.example/answer"), "wEyHtaTlf4BKFL7xyddvv5I1OyZF9VLWTAtQ51yS4qQ=");
        assert_eq!(signed("https://bot.example/answer?b=2&a=1"), "w2tZfzh7ddVs8N81RpNZQ5+cqessW2Clluc1EFtbSCk=");
        let url = Url::parse("https://bot.example/answer").expect("URL");
        let is = |signature: &str, token: &str, nonce: &str| is_signed(signature, token, &url, &fields(), nonce);
        let genuine = "wEyHtaTlf4BKFL7xyddvv5I1OyZF9VLWTAtQ51yS4qQ=";
        assert!(is(genuine, "12345", "77"));
        assert!(!is(genuine, "12346", "77") && !is(genuine, "12345", "78") && !is("", "12345", "77"));
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(events in prop::collection::vec(call(Protocol::Plivo), 1..9), requests in prop::collection::vec(request(), 1..9)) {
            let expected: Vec<ToBot> = events.iter().cloned().filter_map(|event| match event {
                ToBot::Start(start) => Some(ToBot::Start(StreamStart { from: String::new(), to: String::new(), ..start })),
                ToBot::MarkReached { cleared: true, .. } | ToBot::Stop => None,
                other => Some(other),
            }).collect();
            prop_assert_eq!(bot_reads(Protocol::Plivo, &events), expected);
            let named: Vec<FromBot> = requests.iter().cloned().map(|request| match request {
                FromBot::Audio { payload, .. } => FromBot::Audio { payload, format: Some(l16(16_000)), chunk: None },
                other => other,
            }).collect();
            prop_assert_eq!(provider_reads(Protocol::Plivo, &named), named);
        }
    }
}
