//! The family of JSON protocols that began with Twilio Media Streams: one codec, and a dialect for each provider.

use std::marker::PhantomData;

use serde_json::{Map, Value, json};

use super::format::{adopt, choose, milliseconds};
use super::json::{BOT, Incoming, base64, extend, quote, text};
use super::message::{FromBot, Message, ProtocolError, StreamStart, ToBot, WireFormat};
use super::roles::{BotRole, ProviderRole};

/// What differs between the providers of this family.
pub(in crate::websocket) trait Dialect: Send + 'static {
    /// The provider's name.
    const PROVIDER: &'static str;
    /// The formats that it carries, the default first.
    const FORMATS: &'static [WireFormat];
    /// The field of the sequence number.
    const SEQUENCE: &'static str = "sequence_number";
    /// The field of the stream's name.
    const STREAM: &'static str;
    /// Whether sequence numbers are JSON strings.
    const NUMBERS_AS_TEXT: bool = true;
    /// Whether `start` names the stream beside its `start` object.
    const START_NAMES_STREAM: bool = true;
    /// Whether the bot's messages name the stream.
    const BOT_NAMES_STREAM: bool = true;
    /// The bot's events for audio, a mark and clearing the queue.
    const BOT_EVENTS: [&'static str; 3] = ["media", "mark", "clear"];
    /// The provider's event for a reached mark.
    const MARK_REACHED: &'static str = "mark";
    /// What each of those must have; the provider drops one that has not.
    const BOT_FIELDS: [&'static [&'static str]; 3] = [&["media.payload"], &["mark.name"], &[]];
    /// How the provider says so.
    const DROPPED: &'static str = "";
    /// The path of a mark's name, in both directions.
    const MARK_NAME: &'static str = "mark.name";
    /// Whether a mark is also sent when its audio was cleared.
    const TELLS_CLEARED_MARKS: bool = true;
    /// The bot's event that sends digits, in its `dtmf`.
    const BOT_DTMF: Option<&'static str> = None;
    /// The provider's confirmation of a cleared queue.
    const CLEARED: Option<&'static str> = None;

    /// The message before `start`.
    fn connected() -> Option<Value> {
        None
    }
    /// The fields of `start`.
    fn start(start: &StreamStart, format: WireFormat) -> Value;
    /// Reads `start`.
    fn read_start(message: &Incoming<'_>) -> StreamStart;
    /// The fields of `media`.
    fn media(chunk: u64, timestamp: u64, payload: &str) -> Value {
        json!({"track": "inbound", "chunk": chunk.to_string(), "timestamp": timestamp.to_string(), "payload": payload})
    }
    /// The fields of `dtmf`.
    fn dtmf(digit: char, timestamp: u64) -> Value;
    /// The fields of `stop`, where there is such a message.
    fn stop(start: &StreamStart) -> Option<Value>;
    /// The bot's `media` fields.
    fn bot_media(payload: &str, _format: WireFormat) -> Value {
        json!({"payload": payload})
    }
    /// The format that the bot's audio names.
    fn bot_format(_message: &Incoming<'_>) -> Result<Option<WireFormat>, ProtocolError> {
        Ok(None)
    }
}

/// One stream of a provider in this family.
#[derive(Debug)]
pub(in crate::websocket) struct JsonStream<D> {
    format: WireFormat,
    start: StreamStart,
    sequence: u64,
    chunk: u64,
    bytes: u64,
    dialect: PhantomData<D>,
}

impl<D: Dialect> JsonStream<D> {
    /// A stream that has not begun.
    pub(in crate::websocket) fn new(asked: Option<WireFormat>) -> Self {
        Self { format: choose(asked, D::FORMATS), start: StreamStart::default(), sequence: 0, chunk: 0, bytes: 0, dialect: PhantomData }
    }

    fn provider_message(&mut self, event: &str, fields: Value) -> Message {
        let mut message = Map::from_iter([("event".to_owned(), event.into())]);
        self.sequence += 1;
        message.insert(D::SEQUENCE.to_owned(), if D::NUMBERS_AS_TEXT { self.sequence.to_string().into() } else { self.sequence.into() });
        if event != "start" || D::START_NAMES_STREAM {
            message.insert(D::STREAM.to_owned(), self.start.stream_id.as_str().into());
        }
        extend(&mut message, fields);
        text(&message.into())
    }

    fn start_messages(&mut self, start: &StreamStart) -> Vec<Message> {
        self.start = start.clone();
        self.format = adopt(start.format, self.format, D::FORMATS);
        let start = self.provider_message("start", D::start(start, self.format));
        D::connected().iter().map(text).chain([start]).collect()
    }

    fn now(&self) -> u64 {
        milliseconds(self.format, self.bytes)
    }

    fn media(&mut self, payload: &[u8]) -> Message {
        self.chunk += 1;
        let media = D::media(self.chunk, self.now(), &base64(payload));
        self.bytes += payload.len() as u64;
        self.provider_message("media", json!({"media": media}))
    }

    fn bot_message(&self, event: &str, fields: Value) -> Vec<Message> {
        let mut message = Map::from_iter([("event".to_owned(), event.into())]);
        if D::BOT_NAMES_STREAM {
            message.insert(D::STREAM.to_owned(), self.start.stream_id.as_str().into());
        }
        extend(&mut message, fields);
        vec![text(&message.into())]
    }

    /// Why the provider would drop this message: a field is missing, or it names another stream. A bot that does so would not be
    /// heard on a real call.
    fn dropped(&self, message: &Incoming<'_>) -> Option<FromBot> {
        let kind = message.kind();
        let place = D::BOT_EVENTS.iter().position(|event| *event == kind)?;
        let missing = D::BOT_FIELDS[place].iter().find(|field| message.get(field).is_none());
        let (ours, named) = (&self.start.stream_id, message.string(D::STREAM));
        let other = !ours.is_empty() && !named.is_empty() && *ours != named;
        let why = missing
            .map(|field| format!("has no `{field}`"))
            .or_else(|| other.then(|| format!("names another `{}` than the stream's", D::STREAM)))?;
        Some(FromBot::Dropped(format!("the bot's `{kind}` message {why}; {} drops such a message{}", D::PROVIDER, D::DROPPED)))
    }

    fn bot_audio(&self, message: &Incoming<'_>) -> Result<FromBot, ProtocolError> {
        let format = D::bot_format(message)?;
        let payload = message.samples("media.payload", format.unwrap_or(self.format))?;
        Ok(FromBot::Audio { payload, format, chunk: None })
    }

    fn read_start(&mut self, message: &Incoming<'_>) -> StreamStart {
        self.start = D::read_start(message);
        self.format = self.start.format.unwrap_or(self.format);
        self.start.clone()
    }
}

fn mark(path: &str, name: &str) -> Value {
    path.rsplit('.').fold(Value::from(name), |inner, key| json!({key: inner}))
}

impl<D: Dialect> ProviderRole for JsonStream<D> {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn write(&mut self, event: &ToBot) -> Vec<Message> {
        match event {
            ToBot::Start(start) => self.start_messages(start),
            ToBot::Audio(payload) => vec![self.media(payload)],
            ToBot::Dtmf(digit) => vec![self.provider_message("dtmf", json!({"dtmf": D::dtmf(*digit, self.now())}))],
            ToBot::MarkReached { cleared: true, .. } if !D::TELLS_CLEARED_MARKS => Vec::new(),
            ToBot::MarkReached { name, .. } => vec![self.provider_message(D::MARK_REACHED, mark(D::MARK_NAME, name))],
            ToBot::Playback { .. } => Vec::new(),
            ToBot::Stop => D::stop(&self.start).map(|stop| self.provider_message("stop", json!({"stop": stop}))).into_iter().collect(),
        }
    }

    fn read(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError> {
        let message = Incoming::read_text(BOT, "event", message)?;
        let [audio, mark, clear] = D::BOT_EVENTS;
        let kind = message.kind();
        if let Some(dropped) = self.dropped(&message) {
            return Ok(vec![dropped]);
        }
        Ok(if kind == audio {
            vec![self.bot_audio(&message)?]
        } else if kind == mark {
            vec![FromBot::Mark(message.required(D::MARK_NAME)?)]
        } else if kind == clear {
            let reply = D::CLEARED.map(|event| FromBot::Reply(self.provider_message(event, Value::Null)));
            [FromBot::Clear(None)].into_iter().chain(reply).collect()
        } else if Some(kind) == D::BOT_DTMF {
            vec![FromBot::Dtmf(message.required("dtmf")?)]
        } else {
            vec![FromBot::Other(quote(kind))]
        })
    }
}

impl<D: Dialect> BotRole for JsonStream<D> {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn read(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError> {
        let message = Incoming::read_text(D::PROVIDER, "event", message)?;
        Ok(match message.kind() {
            "start" => vec![ToBot::Start(self.read_start(&message))],
            "media" if message.string("media.track").starts_with("outbound") => Vec::new(),
            "media" => vec![ToBot::Audio(message.samples("media.payload", self.format)?)],
            "dtmf" => vec![ToBot::Dtmf(message.digit("dtmf.digit")?)],
            "stop" => vec![ToBot::Stop],
            kind if kind == D::MARK_REACHED => vec![ToBot::MarkReached { name: message.required(D::MARK_NAME)?, cleared: false }],
            _ => Vec::new(),
        })
    }

    fn write(&mut self, event: &FromBot) -> Vec<Message> {
        let [audio, mark_event, clear] = D::BOT_EVENTS;
        match event {
            FromBot::Audio { payload, format, .. } => {
                self.bot_message(audio, json!({"media": D::bot_media(&base64(payload), format.unwrap_or(self.format))}))
            }
            FromBot::Mark(name) => self.bot_message(mark_event, mark(D::MARK_NAME, name)),
            FromBot::Clear(None) => self.bot_message(clear, Value::Null),
            FromBot::Dtmf(digits) => D::BOT_DTMF.map(|event| text(&json!({"event": event, "dtmf": digits}))).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}
