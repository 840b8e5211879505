//! The WebSocket endpoint of Vonage's Voice API (<https://developer.vonage.com/en/voice/voice-api/concepts/websockets>).

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::format::{RATES, adopt, choose, encoding, l16, whole_samples};
use super::json::{BOT, Incoming, extend, object, plain, quote, text};
use super::message::{FromBot, Message, ProtocolCodec, ProtocolError, StreamStart, ToBot, WireFormat};

const FORMATS: &[WireFormat] = &[l16(16_000), l16(8_000), l16(24_000)];

const RESERVED: [&str; 2] = ["event", "content-type"];

/// One stream.
#[derive(Debug)]
pub(super) struct Vonage {
    format: WireFormat,
    // Vonage gives a notification's payload back as it came, and a payload can be any JSON.
    notifications: VecDeque<(String, Value)>,
}

impl Vonage {
    /// A stream that has not begun.
    pub(super) fn new(wish: Option<WireFormat>) -> Self {
        Self { format: choose(wish, FORMATS), notifications: VecDeque::new() }
    }

    fn begin(&mut self, start: &StreamStart) -> Message {
        self.format = adopt(start.format, self.format, FORMATS);
        let mut message = Map::new();
        extend(&mut message, object(&start.parameters));
        let content_type = format!("audio/l16;rate={}", self.format.rate);
        extend(&mut message, json!({"event": "websocket:connected", "content-type": content_type}));
        text(&message.into())
    }

    fn learn(&mut self, message: &Incoming<'_>) -> StreamStart {
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

impl ProtocolCodec for Vonage {
    fn default_format(&self) -> WireFormat {
        self.format
    }

    fn formats(&self) -> &'static [WireFormat] {
        FORMATS
    }

    fn to_bot(&mut self, event: &ToBot) -> Vec<Message> {
        match event {
            ToBot::Start(start) => vec![self.begin(start)],
            ToBot::Audio(payload) => vec![Message::Binary(payload.clone())],
            ToBot::Dtmf(digit) => vec![text(&json!({"event": "websocket:dtmf", "digit": digit, "duration": 100}))],
            ToBot::MarkReached { name, cleared: false } => vec![self.notified(name)],
            // Vonage tells only that the queue was cleared, and ends a call by closing the socket.
            ToBot::MarkReached { .. } | ToBot::Playback { .. } | ToBot::Stop => Vec::new(),
        }
    }

    fn from_bot(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError> {
        match message {
            Message::Binary(bytes) => {
                let payload = whole_samples(BOT, bytes.clone(), self.format)?;
                Ok(vec![FromBot::Audio { payload, format: None, chunk: None }])
            }
            Message::Text(text) => self.action(&Incoming::read(BOT, "action", text)?.with_kind("action")?),
        }
    }

    fn on_bot(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError> {
        let text = match message {
            Message::Binary(bytes) => return Ok(vec![ToBot::Audio(whole_samples("Vonage", bytes.clone(), self.format)?)]),
            Message::Text(text) => text,
        };
        let message = Incoming::read("Vonage", "event", text)?;
        Ok(match message.kind() {
            "websocket:connected" => vec![ToBot::Start(self.learn(&message))],
            "websocket:dtmf" => vec![ToBot::Dtmf(message.digit("digit")?)],
            "websocket:notify" => {
                let name = mark_name(message.get("payload").unwrap_or(&Value::Null));
                vec![ToBot::MarkReached { name, cleared: false }]
            }
            _ => Vec::new(),
        })
    }

    fn by_bot(&mut self, event: &FromBot) -> Vec<Message> {
        match event {
            FromBot::Audio { payload, .. } => vec![Message::Binary(payload.clone())],
            FromBot::Mark(name) => vec![text(&json!({"action": "notify", "payload": {"name": name}}))],
            FromBot::Clear(None) => vec![text(&json!({"action": "clear"}))],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Protocol;
    use super::super::json::MOST_WAITING;
    use super::super::testing::{asked, bot_says, call, lines, request, said, story, told};
    use super::*;

    #[test]
    fn a_call_is_told_as_vonage_tells_it() {
        insta::assert_snapshot!(said(Protocol::Vonage, &story()), @r#"
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
        let mut provider = Vonage::new(None);
        let notify = Message::Text(r#"{"action":"notify","payload":{"turn":3,"last":true}}"#.into());
        let asked = provider.from_bot(&notify).unwrap();
        let [FromBot::Mark(name)] = asked.as_slice() else { panic!("{asked:?}") };
        let told = provider.to_bot(&ToBot::MarkReached { name: name.clone(), cleared: false });
        insta::assert_snapshot!(lines(&told), @r#"{"event":"websocket:notify","payload":{"last":true,"turn":3}}"#);
    }

    #[test]
    fn notifications_that_wait_are_bounded() {
        let mut provider = Vonage::new(None);
        let notify = Message::Text(r#"{"action":"notify","payload":1}"#.into());
        assert!((0..MOST_WAITING).all(|_| provider.from_bot(&notify).is_ok()));
        insta::assert_snapshot!(provider.from_bot(&notify).unwrap_err(), @r#"the bot's `notify` message is one too many: 10000 others still wait for playout: {"action":"notify","payload":1}"#);
        provider.to_bot(&ToBot::MarkReached { name: "1".into(), cleared: false });
        assert!(provider.from_bot(&notify).is_ok());
    }

    #[test]
    fn half_a_sample_is_told() {
        insta::assert_snapshot!(Vonage::new(None).from_bot(&Message::Binary(vec![0; 641])).unwrap_err(), @"the bot's audio has 641 bytes, which is no whole number of 16-bit samples");
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(events in prop::collection::vec(call(Protocol::Vonage), 1..9), requests in prop::collection::vec(request(), 1..9)) {
            let expected: Vec<ToBot> = events.iter().cloned().filter_map(|event| match event {
                ToBot::Start(StreamStart { format, parameters, .. }) => Some(ToBot::Start(StreamStart { format, parameters, ..StreamStart::default() })),
                ToBot::MarkReached { cleared: true, .. } | ToBot::Stop => None,
                other => Some(other),
            }).collect();
            prop_assert_eq!(told(Protocol::Vonage, &events), expected);
            prop_assert_eq!(asked(Protocol::Vonage, &requests), requests);
        }
    }
}
