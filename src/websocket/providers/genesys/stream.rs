//! Genesys Cloud AudioHook, version 2 (<https://developer.genesys.cloud/devapps/audiohook>), as its Audio Connector uses it.

use serde_json::{Value, json};

use super::session::{AudioHookSession, FORMATS, duration, media_format};
use crate::websocket::protocol::format::{adopt, whole_samples};
use crate::websocket::protocol::json::{BOT, Incoming, object, quote};
use crate::websocket::protocol::{BotRole, FromBot, Message, ProtocolError, ProviderRole, StreamStart, ToBot, WireFormat};

const PROVIDER: &str = "Genesys";
pub(super) const API_KEY: &str = "x-api-key";

/// Between the provider's pings.
const PING: u64 = 5_000;

/// One session.
#[derive(Debug)]
pub(super) struct GenesysStream {
    session: AudioHookSession,
    next_ping: u64,
    paused_at: Option<u64>,
    closing: bool,
    // Answers that the bot's role owes the provider; they go out before its next message.
    owed: Vec<&'static str>,
}

impl GenesysStream {
    /// A session that has not been opened.
    pub(super) fn new(asked: Option<WireFormat>) -> Self {
        Self { session: AudioHookSession::new(asked), next_ping: PING, paused_at: None, closing: false, owed: Vec::new() }
    }

    fn open(&mut self, start: &StreamStart) -> Message {
        self.session.format = adopt(start.format, self.session.format, FORMATS);
        self.session.id.clone_from(&start.stream_id);
        let mut variables = start.parameters.clone();
        variables.remove(API_KEY);
        let parameters = json!({
            "organizationId": start.account_id,
            "conversationId": start.call_id,
            "participant": {"id": start.stream_id, "ani": start.from, "aniName": "", "dnis": start.to},
            "media": self.session.media(),
            "language": "en-US",
            "inputVariables": object(&variables),
        });
        self.session.client("open", parameters)
    }

    fn read_start(&mut self, message: &Incoming<'_>) -> StreamStart {
        let offered = message.get("parameters.media").and_then(|media| media.get(0));
        let format = offered.and_then(media_format).filter(|format| FORMATS.contains(format));
        self.session.format = format.unwrap_or(self.session.format);
        self.session.id = message.string("id");
        StreamStart {
            call_id: message.string("parameters.conversationId"),
            stream_id: self.session.id.clone(),
            account_id: message.string("parameters.organizationId"),
            from: message.string("parameters.participant.ani"),
            to: message.string("parameters.participant.dnis"),
            format,
            parameters: message.parameters("parameters.inputVariables"),
        }
    }

    fn audio(&mut self, payload: &[u8]) -> Vec<Message> {
        let mut messages = Vec::new();
        if self.session.position() >= self.next_ping {
            self.next_ping += PING;
            messages.push(self.session.client("ping", json!({})));
        }
        self.session.bytes += payload.len() as u64;
        if self.paused_at.is_none() {
            messages.push(Message::Binary(payload.to_vec()));
        }
        messages
    }

    fn opened(&mut self, message: &Incoming<'_>) -> Result<FromBot, ProtocolError> {
        let media = message.get("parameters.media").and_then(Value::as_array);
        let Some(chosen) = media.ok_or_else(|| message.error("has no `parameters.media`"))?.first() else {
            return Ok(FromBot::Accepted { format: None });
        };
        let mono = chosen.get("channels").is_some_and(|channels| *channels == json!(["external"]));
        let format = media_format(chosen).filter(|format| mono && *format == self.session.format);
        format.map(|_| FromBot::Accepted { format }).ok_or_else(|| message.error("chooses media that was not offered"))
    }

    fn resumed(&mut self) -> Message {
        let start = self.paused_at.take().unwrap_or_else(|| self.session.position());
        let discarded = self.session.position().saturating_sub(start);
        self.session.client("resumed", json!({"start": duration(start), "discarded": duration(discarded)}))
    }

    fn disconnect(&mut self, message: &Incoming<'_>) -> Vec<FromBot> {
        let completed = message.optional("parameters.reason").filter(|reason| reason != "completed");
        let hang_up = FromBot::HangUp { reason: message.optional("parameters.info").or(completed) };
        let close = (!self.closing).then(|| FromBot::Reply(self.session.client("close", json!({"reason": "disconnect"}))));
        self.closing = true;
        close.into_iter().chain([hang_up]).collect()
    }

    fn request(&mut self, message: &Incoming<'_>) -> Result<Vec<FromBot>, ProtocolError> {
        self.session.received = message.number("seq").unwrap_or(self.session.received);
        Ok(match message.kind() {
            "opened" => vec![self.opened(message)?],
            "error" => return Err(failed(message)),
            "closed" => vec![FromBot::Goodbye],
            "pong" | "updated" => Vec::new(),
            "ping" => vec![FromBot::Reply(self.session.client("pong", json!({})))],
            "pause" => {
                self.paused_at = self.paused_at.or(Some(self.session.position()));
                vec![FromBot::Reply(self.session.client("paused", json!({})))]
            }
            "resume" => vec![FromBot::Reply(self.resumed())],
            "disconnect" => self.disconnect(message),
            "event" => events(message)?,
            other => vec![FromBot::Other(quote(other))],
        })
    }

    fn owed(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.owed).into_iter().map(|kind| self.session.server(kind, json!({}))).collect()
    }

    fn bot_says(&mut self, event: &FromBot) -> Option<Message> {
        Some(match event {
            FromBot::Accepted { format } => {
                self.session.format = adopt(*format, self.session.format, FORMATS);
                let media = self.session.media();
                self.session.server("opened", json!({"startPaused": false, "media": media}))
            }
            FromBot::Audio { payload, .. } => Message::Binary(payload.clone()),
            FromBot::Clear(None) => self.session.server("event", json!({"entities": [{"type": "barge_in", "data": {}}]})),
            FromBot::HangUp { .. } if self.closing => return None,
            FromBot::HangUp { reason: None } => self.session.server("disconnect", json!({"reason": "completed"})),
            FromBot::HangUp { reason } => self.session.server("disconnect", json!({"reason": "completed", "info": reason})),
            _ => return None,
        })
    }
}

fn events(message: &Incoming<'_>) -> Result<Vec<FromBot>, ProtocolError> {
    let entities = message.get("parameters.entities").and_then(Value::as_array);
    let entities = entities.ok_or_else(|| message.error("has no `parameters.entities`"))?;
    // Genesys ignores unknown entities, and transcripts are for its own screens.
    let barge_ins = entities.iter().filter(|entity| entity.get("type").and_then(Value::as_str) == Some("barge_in"));
    Ok(barge_ins.map(|_| FromBot::Clear(None)).collect())
}

/// The error with which the bot ends the session.
fn failed(message: &Incoming<'_>) -> ProtocolError {
    let code = message.optional("parameters.code").map(|code| format!(" {}", quote(&code))).unwrap_or_default();
    let why = message.optional("parameters.message").map(|why| format!(": {}", quote(&why))).unwrap_or_default();
    ProtocolError(format!("the bot reported an AudioHook error{code}{why}"))
}

impl ProviderRole for GenesysStream {
    fn format(&self) -> WireFormat {
        self.session.format
    }

    fn write(&mut self, event: &ToBot) -> Vec<Message> {
        match event {
            // AudioHook has no marks, and nothing may follow `close`.
            ToBot::MarkReached { .. } => Vec::new(),
            _ if self.closing => Vec::new(),
            ToBot::Start(start) => vec![self.open(start)],
            ToBot::Audio(payload) => self.audio(payload),
            ToBot::Dtmf(digit) => vec![self.session.client("dtmf", json!({"digit": digit}))],
            ToBot::Playback { started } => {
                vec![self.session.client(if *started { "playback_started" } else { "playback_completed" }, json!({}))]
            }
            ToBot::Stop => {
                self.closing = true;
                vec![self.session.client("close", json!({"reason": "end"}))]
            }
        }
    }

    fn read(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError> {
        match message {
            Message::Binary(bytes) => {
                let payload = whole_samples(BOT, bytes.clone(), self.session.format)?;
                Ok(vec![FromBot::Audio { payload, format: None, chunk: None }])
            }
            Message::Text(text) => self.request(&Incoming::read(BOT, "type", text)?.with_kind("type")?),
        }
    }
}

impl BotRole for GenesysStream {
    fn format(&self) -> WireFormat {
        self.session.format
    }

    fn read(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError> {
        let text = match message {
            Message::Binary(bytes) => return Ok(vec![ToBot::Audio(whole_samples(PROVIDER, bytes.clone(), self.session.format)?)]),
            Message::Text(text) => text,
        };
        let message = Incoming::read(PROVIDER, "type", text)?;
        self.session.received = message.number("seq").unwrap_or(self.session.received);
        Ok(match message.kind() {
            "open" => vec![ToBot::Start(self.read_start(&message))],
            "dtmf" => vec![ToBot::Dtmf(message.digit("parameters.digit")?)],
            "playback_started" => vec![ToBot::Playback { started: true }],
            "playback_completed" => vec![ToBot::Playback { started: false }],
            "ping" => {
                self.owed.push("pong");
                Vec::new()
            }
            "close" => {
                self.closing = true;
                self.owed.push("closed");
                vec![ToBot::Stop]
            }
            _ => Vec::new(),
        })
    }

    fn write(&mut self, event: &FromBot) -> Vec<Message> {
        let owed = self.owed();
        owed.into_iter().chain(self.bot_says(event)).collect()
    }
}
