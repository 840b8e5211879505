//! What the tests of every protocol share.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{bot_role, provider_role};
use crate::websocket::protocol::{FromBot, Message, Protocol, ProtocolError, StreamStart, ToBot};

/// The start of a call in a protocol's default format.
pub(in crate::websocket::providers) fn begin(protocol: Protocol) -> StreamStart {
    StreamStart {
        call_id: "CA1".into(),
        stream_id: "MZ1".into(),
        account_id: "AC1".into(),
        from: "+15550100".into(),
        to: "+15550199".into(),
        format: Some(provider_role(protocol, None).format()),
        parameters: [("customer".to_owned(), "42".to_owned())].into(),
    }
}

/// One event of each kind.
pub(in crate::websocket::providers) fn story() -> Vec<ToBot> {
    let audio = ToBot::Audio(vec![255; 16]);
    vec![
        audio.clone(),
        audio,
        ToBot::Dtmf('5'),
        ToBot::MarkReached { name: "end".into(), cleared: false },
        ToBot::MarkReached { name: "late".into(), cleared: true },
        ToBot::Playback { started: true },
        ToBot::Playback { started: false },
        ToBot::Stop,
    ]
}

// The order of JSON fields depends on what else the whole program is built with.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            fields.into_iter().collect::<Map<_, _>>().into()
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// One line for each message.
pub(in crate::websocket::providers) fn lines(messages: &[Message]) -> String {
    messages.iter().fold(String::new(), |mut lines, message| {
        match message {
            Message::Text(text) => writeln!(lines, "{}", sorted(serde_json::from_str(text).unwrap())),
            Message::Binary(bytes) => writeln!(lines, "{} bytes: {:02x?}", bytes.len(), &bytes[..bytes.len().min(19)]),
        }
        .unwrap();
        lines
    })
}

/// What a provider writes in a call with these events.
pub(in crate::websocket::providers) fn provider_writes(protocol: Protocol, events: &[ToBot]) -> String {
    let mut provider = provider_role(protocol, None);
    let start = provider.write(&ToBot::Start(begin(protocol)));
    lines(&events.iter().fold(start, |messages, event| [messages, provider.write(event)].concat()))
}

/// How a provider reads a bot's text, in the stream `MZ1`.
pub(in crate::websocket::providers) fn bot_says(protocol: Protocol, text: &str) -> Result<Vec<FromBot>, ProtocolError> {
    let mut provider = provider_role(protocol, None);
    provider.write(&ToBot::Start(begin(protocol)));
    provider.read(&Message::Text(text.to_owned()))
}

/// Events as the bot hears them.
pub(in crate::websocket::providers) fn bot_reads(protocol: Protocol, events: &[ToBot]) -> Vec<ToBot> {
    let (mut provider, mut bot) = (provider_role(protocol, None), bot_role(protocol));
    let messages = events.iter().flat_map(|event| provider.write(event)).collect::<Vec<_>>();
    messages.iter().flat_map(|message| bot.read(message).unwrap()).collect()
}

/// Requests as the provider hears them, without its own replies.
pub(in crate::websocket::providers) fn provider_reads(protocol: Protocol, requests: &[FromBot]) -> Vec<FromBot> {
    let (mut provider, mut bot) = (provider_role(protocol, None), bot_role(protocol));
    let messages = requests.iter().flat_map(|request| bot.write(request)).collect::<Vec<_>>();
    let heard = messages.iter().flat_map(|message| provider.read(message).unwrap());
    heard.filter(|request| !matches!(request, FromBot::Reply(_))).collect()
}

/// Whole 16-bit samples.
pub(in crate::websocket::providers) fn audio() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<[u8; 2]>(), 1..400).prop_map(|samples| samples.concat())
}

/// A start with everything that any protocol can carry.
pub(in crate::websocket::providers) fn start(protocol: Protocol) -> impl Strategy<Value = StreamStart> {
    let parameters = prop::collection::btree_map("p_[a-z]{1,8}", "[ -:<-~]{0,12}", 0..4);
    let ids = ("[A-Za-z0-9-]{1,36}", "[A-Za-z0-9-]{1,36}", "[A-Za-z0-9-]{1,36}");
    (ids, "\\PC{0,12}", "\\PC{0,12}", parameters).prop_map(move |((call_id, stream_id, account_id), from, to, parameters)| {
        let format = Some(provider_role(protocol, None).format());
        StreamStart { call_id, stream_id, account_id, from, to, format, parameters }
    })
}

/// A key of the telephone.
pub(in crate::websocket::providers) fn key() -> impl Strategy<Value = char> {
    prop::sample::select("0123456789*#ABCD".chars().collect::<Vec<_>>())
}

/// An event of a call.
pub(in crate::websocket::providers) fn call(protocol: Protocol) -> impl Strategy<Value = ToBot> {
    prop_oneof![
        start(protocol).prop_map(ToBot::Start),
        audio().prop_map(ToBot::Audio),
        key().prop_map(ToBot::Dtmf),
        (".{0,20}", any::<bool>()).prop_map(|(name, cleared)| ToBot::MarkReached { name, cleared }),
        Just(ToBot::Stop),
    ]
}

/// A request that most protocols carry.
pub(in crate::websocket::providers) fn request() -> impl Strategy<Value = FromBot> {
    prop_oneof![
        audio().prop_map(|payload| FromBot::Audio { payload, format: None, chunk: None }),
        ".{0,20}".prop_map(FromBot::Mark),
        Just(FromBot::Clear(None)),
    ]
}

/// Both roles read a message, valid or not.
pub(in crate::websocket::providers) fn feed(protocol: Protocol, message: &Message) {
    let (mut provider, mut bot) = (provider_role(protocol, None), bot_role(protocol));
    for begin in provider.write(&ToBot::Start(begin(protocol))) {
        let _ = bot.read(&begin);
    }
    let _ = provider.read(message);
    let _ = bot.read(message);
    provider.write(&ToBot::Audio(vec![0; 3]));
    bot.write(&FromBot::HangUp { reason: None });
}

/// Messages of both directions.
pub(in crate::websocket::providers) fn valid_messages(protocol: Protocol) -> Vec<Message> {
    let (mut provider, mut bot) = (provider_role(protocol, None), bot_role(protocol));
    let format = Some(provider.format());
    let mut told = provider.write(&ToBot::Start(begin(protocol)));
    told.iter().for_each(|message| drop(bot.read(message)));
    told.extend(story().iter().flat_map(|event| provider.write(event)));
    let requests = [
        FromBot::Accepted { format },
        FromBot::Audio { payload: vec![1; 8], format, chunk: Some("7".into()) },
        FromBot::Mark("end".into()),
        FromBot::Clear(None),
        FromBot::Clear(Some("7".into())),
        FromBot::Dtmf("1#".into()),
        FromBot::HangUp { reason: Some("done".into()) },
    ];
    told.into_iter().chain(requests.iter().flat_map(|request| bot.write(request))).collect()
}

/// The message with one byte changed, or cut off there.
pub(in crate::websocket::providers) fn damaged(message: &Message, place: prop::sample::Index, cut: bool, byte: u8) -> Message {
    let damage = |mut bytes: Vec<u8>| {
        if bytes.is_empty() {
            return bytes;
        }
        let place = place.index(bytes.len());
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] = byte;
        }
        bytes
    };
    match message {
        Message::Text(text) => Message::Text(String::from_utf8_lossy(&damage(text.clone().into_bytes())).into_owned()),
        Message::Binary(bytes) => Message::Binary(damage(bytes.clone())),
    }
}
