//! The WebSocket endpoint of Vonage's Voice API (<https://developer.vonage.com/en/voice/voice-api/concepts/websockets>).

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use serde_json::{Map, Value, json};
use url::Url;

use super::interface::{AnswerUrl, Provider, Streams};
use crate::websocket::answer::{AnswerRequest, Directions, Document, NoStream, Received, Signing, pairs, parse, text_at, unusable};
use crate::websocket::protocol::format::{RATES, adopt, choose, encoding, l16, whole_samples};
use crate::websocket::protocol::json::{BOT, Incoming, extend, object, plain, quote, text};
use crate::websocket::protocol::{BotRole, FromBot, Message, ProtocolError, ProviderRole, StreamStart, ToBot, WireFormat};

const FORMATS: &[WireFormat] = &[l16(16_000), l16(8_000), l16(24_000)];

const RESERVED: [&str; 2] = ["event", "content-type"];

/// Vonage.
#[derive(Debug)]
pub(super) struct Vonage;

impl Streams for Vonage {
    fn formats(&self) -> &'static [WireFormat] {
        FORMATS
    }

    fn provider_role(&self, format: Option<WireFormat>) -> Box<dyn ProviderRole> {
        Box::new(VonageStream::new(format))
    }

    fn bot_role(&self) -> Box<dyn BotRole> {
        Box::new(VonageStream::new(None))
    }
}

impl Provider for Vonage {
    fn answer_url(&self) -> Option<&'static dyn AnswerUrl> {
        Some(&Self)
    }

    fn is_signed(&self, token: &str, request: &Received<'_>) -> bool {
        (request.header)("Authorization").is_some_and(|value| is_signed(value, token, request.body))
    }
}

/// One stream.
#[derive(Debug)]
struct VonageStream {
    format: WireFormat,
    // Vonage gives a notification's payload back as it came, and a payload can be any JSON.
    notifications: VecDeque<(String, Value)>,
}

impl VonageStream {
    /// A stream that has not begun.
    fn new(asked: Option<WireFormat>) -> Self {
        Self { format: choose(asked, FORMATS), notifications: VecDeque::new() }
    }

    fn start_message(&mut self, start: &StreamStart) -> Message {
        self.format = adopt(start.format, self.format, FORMATS);
        let mut message = Map::new();
        extend(&mut message, object(&start.parameters));
        let content_type = format!("audio/l16;rate={}", self.format.rate);
        extend(&mut message, json!({"event": "websocket:connected", "content-type": content_type}));
        text(&message.into())
    }

    fn read_start(&mut self, message: &Incoming<'_>) -> StreamStart {
        let content_type = message.string("content-type");
        let rate = content_type.split_once("rate=").and_then(|(_, rate)| rate.trim().parse().ok()).filter(|rate| RATES.contains(rate));
        let format = encoding(&content_type).zip(rate).map(|(codec, rate)| WireFormat { codec, rate });
        self.format = format.unwrap_or(self.format);
        let headers = message.fields().iter().filter(|(name, _)| !RESERVED.contains(&name.as_str()));
        let parameters = headers.map(|(name, value)| (name.clone(), plain(value))).collect();
        StreamStart { format, parameters, ..StreamStart::default() }
    }

    fn notified(&mut self, name: &str) -> Message {
        let known = self.notifications.iter().position(|(waiting, _)| waiting == name);
        let payload = known.and_then(|place| self.notifications.remove(place)).map(|(_, payload)| payload);
        text(&json!({"event": "websocket:notify", "payload": payload.unwrap_or_else(|| json!({"name": name}))}))
    }

    fn action(&mut self, message: &Incoming<'_>) -> Result<Vec<FromBot>, ProtocolError> {
        Ok(match message.kind() {
            "clear" => {
                self.notifications.clear();
                vec![FromBot::Clear(None), FromBot::Reply(text(&json!({"event": "websocket:cleared"})))]
            }
            "notify" => {
                message.room(self.notifications.len())?;
                let payload = message.get("payload").cloned().unwrap_or(Value::Null);
                let name = mark_name(&payload);
                self.notifications.push_back((name.clone(), payload));
                vec![FromBot::Mark(name)]
            }
            other => vec![FromBot::Other(quote(other))],
        })
    }
}

fn mark_name(payload: &Value) -> String {
    let only_name = payload.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.get("name")?.as_str());
    only_name.map_or_else(|| plain(payload), str::to_owned)
}

impl ProviderRole for VonageStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn write(&mut self, event: &ToBot) -> Vec<Message> {
        match event {
            ToBot::Start(start) => vec![self.start_message(start)],
            ToBot::Audio(payload) => vec![Message::Binary(payload.clone())],
            ToBot::Dtmf(digit) => vec![text(&json!({"event": "websocket:dtmf", "digit": digit, "duration": 100}))],
            ToBot::MarkReached { name, cleared: false } => vec![self.notified(name)],
            // Vonage confirms only that the queue was cleared, and ends a call by closing the socket.
            ToBot::MarkReached { .. } | ToBot::Playback { .. } | ToBot::Stop => Vec::new(),
        }
    }

    fn read(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError> {
        match message {
            Message::Binary(bytes) => {
                let payload = whole_samples(BOT, bytes.clone(), self.format)?;
                Ok(vec![FromBot::Audio { payload, format: None, chunk: None }])
            }
            Message::Text(text) => self.action(&Incoming::read(BOT, "action", text)?.with_kind("action")?),
        }
    }
}

impl BotRole for VonageStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn read(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError> {
        let text = match message {
            Message::Binary(bytes) => return Ok(vec![ToBot::Audio(whole_samples("Vonage", bytes.clone(), self.format)?)]),
            Message::Text(text) => text,
        };
        let message = Incoming::read("Vonage", "event", text)?;
        Ok(match message.kind() {
            "websocket:connected" => vec![ToBot::Start(self.read_start(&message))],
            "websocket:dtmf" => vec![ToBot::Dtmf(message.digit("digit")?)],
            "websocket:notify" => {
                let name = mark_name(message.get("payload").unwrap_or(&Value::Null));
                vec![ToBot::MarkReached { name, cleared: false }]
            }
            _ => Vec::new(),
        })
    }

    fn write(&mut self, event: &FromBot) -> Vec<Message> {
        match event {
            FromBot::Audio { payload, .. } => vec![Message::Binary(payload.clone())],
            FromBot::Mark(name) => vec![text(&json!({"action": "notify", "payload": {"name": name}}))],
            FromBot::Clear(None) => vec![text(&json!({"action": "clear"}))],
            _ => Vec::new(),
        }
    }
}

impl AnswerUrl for Vonage {
    fn request(&self, url: Url, start: &StreamStart, signing: &Signing<'_>) -> Result<AnswerRequest, String> {
        let fields = pairs(&[("to", &start.to), ("from", &start.from), ("uuid", &start.call_id), ("conversation_uuid", &start.stream_id)]);
        let signed = signing.token.map(|token| bearer_token(token, "", signing.unix_seconds, signing.nonce));
        Ok(AnswerRequest::get(url, &fields, signed.into_iter().collect()))
    }

    fn directions(&self, document: &str) -> Result<Directions, NoStream> {
        ncco(&parse(document)?).ok_or_else(|| unusable("no NCCO action `connect` with a `websocket` endpoint", document))
    }

    fn sample(&self, url: &str) -> Document {
        let endpoint = json!({"type": "websocket", "uri": url, "content-type": "audio/l16;rate=16000", "headers": {}});
        Document::json(&json!([{"action": "connect", "endpoint": [endpoint]}]))
    }
}

/// `[{"action": "connect", "endpoint": [{"type": "websocket", "uri": ..., "content-type": ..., "headers": {...}}]}]`.
fn ncco(answer: &Value) -> Option<Directions> {
    let connect = answer.as_array()?.iter().filter(|action| action["action"] == "connect");
    let endpoint = connect.filter_map(|action| action["endpoint"].as_array()).flatten().find(|endpoint| endpoint["type"] == "websocket")?;
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let headers = endpoint["headers"].as_object().into_iter().flatten();
    let parameters = headers.map(|(name, value)| (name.clone(), plain(value))).collect();
    let directions = Directions { parameters, ..Directions::to(text_at(endpoint, "/uri")?) };
    Some(directions.with_content_type(endpoint["content-type"].as_str().unwrap_or_default()))
}

/// Vonage's signed webhooks: a JSON Web Token (HS256, RFC 7519) in `Authorization`.
fn bearer_token(token: &str, body: &str, unix_seconds: i64, id: &str) -> (String, String) {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let claims = json!({"iat": unix_seconds, "jti": id, "iss": "Vonage", "payload_hash": hash(body), "api_key": "goldencall"});
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let key = Key::new(HMAC_SHA256, token.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(sign(&key, signed.as_bytes()));
    ("Authorization".to_owned(), format!("Bearer {signed}.{signature}"))
}

/// Whether a Bearer token is Vonage's and of this body; its signature is compared in constant time.
fn is_signed(authorization: &str, token: &str, body: &str) -> bool {
    let parts = authorization.strip_prefix("Bearer ").and_then(|token| token.rsplit_once('.'));
    let Some((signed, signature)) = parts else { return false };
    let key = Key::new(HMAC_SHA256, token.as_bytes());
    let is_genuine = URL_SAFE_NO_PAD.decode(signature).is_ok_and(|signature| verify(&key, signed.as_bytes(), &signature).is_ok());
    let claims = signed.split_once('.').and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Option<serde_json::Value> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    is_genuine && claims.is_some_and(|claims| claims["payload_hash"] == hash(body))
}

fn hash(body: &str) -> String {
    digest(&SHA256, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::provider_role;
    use super::super::testing::{bot_reads, bot_says, call, lines, provider_reads, provider_writes, request, story};
    use super::*;
    use crate::websocket::protocol::Protocol;
    use crate::websocket::protocol::json::MOST_WAITING;

    #[test]
    fn a_call_has_vonages_messages() {
        insta::assert_snapshot!(provider_writes(Protocol::Vonage, &story()), @r#"
        {"content-type":"audio/l16;rate=16000","customer":"42","event":"websocket:connected"}
        16 bytes: [ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
        16 bytes: [ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
        {"digit":"5","duration":100,"event":"websocket:dtmf"}
        {"event":"websocket:notify","payload":{"name":"end"}}
        "#);
    }

    #[test]
    fn clear_is_confirmed_at_once() {
        insta::assert_debug_snapshot!(bot_says(Protocol::Vonage, r#"{"action":"clear"}"#).unwrap(), @r#"
        [
            Clear(
                None,
            ),
            Reply(
                Text(
                    "{\"event\":\"websocket:cleared\"}",
                ),
            ),
        ]
        "#);
    }

    #[test]
    fn a_notification_gets_its_payload_back() {
        let mut provider = provider_role(Protocol::Vonage, None);
        let notify = Message::Text(r#"{"action":"notify","payload":{"turn":3,"last":true}}"#.into());
        let asked = provider.read(&notify).unwrap();
        let [FromBot::Mark(name)] = asked.as_slice() else { panic!("{asked:?}") };
        let told = provider.write(&ToBot::MarkReached { name: name.clone(), cleared: false });
        insta::assert_snapshot!(lines(&told), @r#"{"event":"websocket:notify","payload":{"last":true,"turn":3}}"#);
    }

    #[test]
    fn notifications_that_wait_are_bounded() {
        let mut provider = provider_role(Protocol::Vonage, None);
        let notify = Message::Text(r#"{"action":"notify","payload":1}"#.into());
        assert!((0..MOST_WAITING).all(|_| provider.read(&notify).is_ok()));
        insta::assert_snapshot!(provider.read(&notify).unwrap_err(), @r#"the bot's `notify` message is one too many: 10000 others still wait for playout: {"action":"notify","payload":1}"#);
        provider.write(&ToBot::MarkReached { name: "1".into(), cleared: false });
        assert!(provider.read(&notify).is_ok());
    }

    #[test]
    fn half_a_sample_is_an_error() {
        insta::assert_snapshot!(provider_role(Protocol::Vonage, None).read(&Message::Binary(vec![0; 641])).unwrap_err(), @"the bot's audio has 641 bytes, which is not a whole number of 16-bit samples");
    }

    #[test]
    fn vonage_signs_a_token_with_the_hash_of_the_body() {
        let (_, value) = bearer_token("secret", "", 1_700_000_000, "j1");
        let token = value.strip_prefix("Bearer ").expect("a bearer token");
        let parts: Vec<&str> = token.split('.').collect();
        let key = Key::new(HMAC_SHA256, b"secret");
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).expect("base64");
        assert!(ring::hmac::verify(&key, format!("{}.{}", parts[0], parts[1]).as_bytes(), &signature).is_ok());
        assert!(is_signed(&value, "secret", ""));
        assert!(!is_signed(&value, "secrets", "") && !is_signed(&value, "secret", "{}") && !is_signed("Bearer x", "secret", ""));
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).expect("base64")).expect("UTF-8");
        assert!(claims.contains("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "{claims}");
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(events in prop::collection::vec(call(Protocol::Vonage), 1..9), requests in prop::collection::vec(request(), 1..9)) {
            let expected: Vec<ToBot> = events.iter().cloned().filter_map(|event| match event {
                ToBot::Start(StreamStart { format, parameters, .. }) => Some(ToBot::Start(StreamStart { format, parameters, ..StreamStart::default() })),
                ToBot::MarkReached { cleared: true, .. } | ToBot::Stop => None,
                other => Some(other),
            }).collect();
            prop_assert_eq!(bot_reads(Protocol::Vonage, &events), expected);
            prop_assert_eq!(provider_reads(Protocol::Vonage, &requests), requests);
        }
    }
}
