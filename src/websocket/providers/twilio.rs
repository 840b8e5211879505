//! Twilio Media Streams (<https://www.twilio.com/docs/voice/media-streams/websocket-messages>).

use ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
use serde_json::{Value, json};
use url::Url;

use super::interface::{AnswerUrl, IdPrefixes, Provider};
use crate::scenario::WebSocketTarget;
use crate::websocket::answer::{
    AnswerRequest, Directions, Document, Fields, Headers, NoStream, Received, Signing, hmac, is_connected, is_hmac, sorted, twiml_fields,
    xml_directions,
};
use crate::websocket::protocol::format::PCMU;
use crate::websocket::protocol::json::{Incoming, object};
use crate::websocket::protocol::stream::Dialect;
use crate::websocket::protocol::{StreamStart, WireFormat};

const SIGNATURE: &str = "X-Twilio-Signature";

/// Twilio, and its dialect.
#[derive(Debug)]
pub(super) struct Twilio;

impl Provider for Twilio {
    fn answer_url(&self) -> Option<&'static dyn AnswerUrl> {
        Some(&Self)
    }

    fn id_prefixes(&self) -> Option<IdPrefixes> {
        Some(IdPrefixes { account: "AC", call: "CA", stream: "MZ" })
    }

    fn sign_handshake(&self, target: &WebSocketTarget) -> Headers {
        target.auth_token.iter().map(|token| signature(token.reveal(), &target.url, &[])).collect()
    }

    fn signs_handshake(&self) -> bool {
        true
    }

    fn handshake_credentials(&self) -> &'static str {
        "`auth_token` and `headers`"
    }

    fn is_signed(&self, token: &str, request: &Received<'_>) -> bool {
        (request.header)(SIGNATURE).is_some_and(|signature| is_signed(signature, token, request.url, &request.fields()))
    }
}

impl Dialect for Twilio {
    const PROVIDER: &'static str = "Twilio";
    const FORMATS: &'static [WireFormat] = &[PCMU];
    const SEQUENCE: &'static str = "sequenceNumber";
    const STREAM: &'static str = "streamSid";
    const BOT_FIELDS: [&'static [&'static str]; 3] = [&["streamSid", "media.payload"], &["streamSid", "mark.name"], &["streamSid"]];
    const DROPPED: &'static str = " (warning 31951)";

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

impl AnswerUrl for Twilio {
    fn request(&self, url: Url, start: &StreamStart, signing: &Signing<'_>) -> Result<AnswerRequest, String> {
        let fields = twiml_fields(start);
        let signed = signing.token.map(|token| signature(token, url.as_str(), &fields));
        Ok(AnswerRequest::form(url, &fields, signed.into_iter().collect()))
    }

    fn directions(&self, document: &str) -> Result<Directions, NoStream> {
        xml_directions(document, is_connected, "`<Connect><Stream>`")
    }

    fn sample(&self, url: &str) -> Document {
        Document::connect_stream(url)
    }
}

/// `X-Twilio-Signature`: HMAC-SHA1 over the URL and the sorted POST fields, base64.
fn signature(token: &str, url: &str, fields: Fields<'_>) -> (String, String) {
    (SIGNATURE.to_owned(), hmac(HMAC_SHA1_FOR_LEGACY_USE_ONLY, token, &signed_text(url, fields)))
}

fn signed_text(url: &str, fields: Fields<'_>) -> String {
    format!("{url}{}", sorted(fields))
}

/// Whether a request to this URL has Twilio's signature. As Twilio's own libraries do, a port that is the scheme's own may stand in
/// the URL or not.
pub(crate) fn is_signed(signature: &str, token: &str, url: &str, fields: Fields<'_>) -> bool {
    [Some(url.to_owned()), with_port(url)]
        .into_iter()
        .flatten()
        .any(|url| is_hmac(signature, HMAC_SHA1_FOR_LEGACY_USE_ONLY, token, &signed_text(&url, fields)))
}

/// `https://host/path` as `https://host:443/path`; `None` where it has a port.
fn with_port(url: &str) -> Option<String> {
    let parsed = Url::parse(url).ok().filter(|parsed| parsed.port().is_none())?;
    let host = parsed.host_str()?;
    let (before, after) = url.split_once(host)?;
    (!after.starts_with(':')).then(|| format!("{before}{host}:{}{after}", parsed.port_or_known_default().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::provider_role;
    use super::super::testing::{bot_reads, bot_says, call, provider_reads, provider_writes, request, story};
    use super::*;
    use crate::websocket::answer::testing::fields;
    use crate::websocket::protocol::{FromBot, Message, Protocol, StreamStart, ToBot};

    #[test]
    fn a_call_has_twilios_messages() {
        insta::assert_snapshot!(provider_writes(Protocol::Twilio, &story()), @r#"
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
    fn what_is_wrong_is_a_readable_error() {
        insta::assert_snapshot!(bot_says(Protocol::Twilio, r#"{"streamSid":"MZ1"}"#).unwrap_err(), @r#"the bot's message has no `event`: {"streamSid":"MZ1"}"#);
        let binary = provider_role(Protocol::Twilio, None).read(&Message::Binary(vec![0; 320]));
        insta::assert_snapshot!(binary.unwrap_err(), @"the bot sent a binary message of 320 bytes, but this protocol has only text messages");
    }

    #[test]
    fn what_twilio_would_drop_is_dropped_and_named() {
        let dropped = |text: &str| match &bot_says(Protocol::Twilio, text).unwrap()[..] {
            [FromBot::Dropped(why)] => why.clone(),
            other => format!("taken: {other:?}"),
        };
        let said = [
            r#"{"event":"media","media":{"payload":"/38="}}"#,
            r#"{"event":"media","stream_sid":"MZ1","media":{"payload":"/38="}}"#,
            r#"{"event":"media","streamSid":"MZ1","media":{}}"#,
            r#"{"event":"mark","streamSid":"MZ2","mark":{"name":"end"}}"#,
            r#"{"event":"mark","streamSid":"MZ1"}"#,
            r#"{"event":"clear"}"#,
        ];
        insta::assert_snapshot!(said.map(dropped).join("\n"), @"
        the bot's `media` message has no `streamSid`; Twilio drops such a message (warning 31951)
        the bot's `media` message has no `streamSid`; Twilio drops such a message (warning 31951)
        the bot's `media` message has no `media.payload`; Twilio drops such a message (warning 31951)
        the bot's `mark` message names another `streamSid` than the stream's; Twilio drops such a message (warning 31951)
        the bot's `mark` message has no `mark.name`; Twilio drops such a message (warning 31951)
        the bot's `clear` message has no `streamSid`; Twilio drops such a message (warning 31951)
        ");
    }

    /// The signatures are those that Twilio's own Python library (9.13) computes.
    #[test]
    fn twilio_signs_like_its_own_library() {
        assert_eq!(signature("12345", "https://bot.example/voice?x=1", &fields()).1, "B5ZmC2OhEqBIwRtrVQXnxKguEjk=");
        assert_eq!(signature("12345", "wss://bot.example/ws", &[]).1, "ZP1CdL+sV2pQZPttopnfF5CMYMM=");
    }

    #[test]
    fn twilios_signature_is_known_from_others() {
        let url = "https://bot.example/voice?x=1";
        let is = |signature: &str, token: &str, url: &str, fields: &[(String, String)]| is_signed(signature, token, url, fields);
        assert!(is("B5ZmC2OhEqBIwRtrVQXnxKguEjk=", "12345", url, &fields()));
        // Twilio's library over the same URLs with `:443`.
        assert!(is("wNrTexTjAj7udm/TCaXZU/hYDZw=", "12345", url, &fields()));
        assert!(is("+ksA9iXIN29udlzbRtmCQdEIxMo=", "12345", "wss://bot.example/ws", &[]));
        assert!(!is("B5ZmC2OhEqBIwRtrVQXnxKguEjk=", "12346", url, &fields()));
        assert!(!is("B5ZmC2OhEqBIwRtrVQXnxKguEjk=", "12345", url, &[]));
        assert!(!is("B5ZmC2OhEqBIwRtrVQXnxKguEjk=", "12345", "http://bot.example/voice?x=1", &fields()));
        assert!(!is("", "12345", url, &fields()) && !is("no base64", "12345", url, &fields()));
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
            prop_assert_eq!(bot_reads(Protocol::Twilio, &events), expected);
            prop_assert_eq!(provider_reads(Protocol::Twilio, &requests), requests);
        }
    }
}
