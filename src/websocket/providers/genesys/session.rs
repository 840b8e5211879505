//! What both ends of an AudioHook session share: sequence numbers, the position in the stream, and the envelope of a message.

use serde_json::{Map, Value, json};

use crate::codec::Codec;
use crate::websocket::protocol::format::{PCMU, choose, l16, milliseconds};
use crate::websocket::protocol::json::{extend, text};
use crate::websocket::protocol::{Message, WireFormat};

/// The formats that AudioHook carries.
pub(super) const FORMATS: &[WireFormat] = &[PCMU, l16(8_000)];

/// One end's view of a session.
#[derive(Debug)]
pub(super) struct AudioHookSession {
    /// The caller's format.
    pub(super) format: WireFormat,
    /// The session's name.
    pub(super) id: String,
    /// The other end's last sequence number.
    pub(super) received: u64,
    /// Of the caller's audio, sent or held back.
    pub(super) bytes: u64,
    sent: u64,
}

impl AudioHookSession {
    /// A session that has not been opened.
    pub(super) fn new(asked: Option<WireFormat>) -> Self {
        Self { format: choose(asked, FORMATS), id: String::new(), received: 0, bytes: 0, sent: 0 }
    }

    /// Milliseconds of the caller's audio.
    pub(super) fn position(&self) -> u64 {
        milliseconds(self.format, self.bytes)
    }

    /// A message of Genesys.
    pub(super) fn client(&mut self, kind: &str, parameters: Value) -> Message {
        let mut message = self.message(kind, "serverseq", parameters);
        message.insert("position".to_owned(), duration(self.position()).into());
        text(&message.into())
    }

    /// A message of the bot.
    pub(super) fn server(&mut self, kind: &str, parameters: Value) -> Message {
        text(&self.message(kind, "clientseq", parameters).into())
    }

    fn message(&mut self, kind: &str, acknowledged: &str, parameters: Value) -> Map<String, Value> {
        self.sent += 1;
        let mut message = Map::from_iter([(acknowledged.to_owned(), self.received.into())]);
        extend(&mut message, json!({"version": "2", "id": self.id, "type": kind, "seq": self.sent, "parameters": parameters}));
        message
    }

    /// The list of media with only the caller's channel in it.
    pub(super) fn media(&self) -> Value {
        let format = if self.format.codec == Codec::L16 { "L16" } else { "PCMU" };
        json!([{"type": "audio", "format": format, "channels": ["external"], "rate": self.format.rate}])
    }
}

/// The format of one item in a list of media.
pub(super) fn media_format(media: &Value) -> Option<WireFormat> {
    let rate = u32::try_from(media.get("rate")?.as_u64()?).ok()?;
    let codec = crate::websocket::protocol::format::encoding(media.get("format")?.as_str()?)?;
    Some(WireFormat { codec, rate })
}

/// ISO 8601.
pub(super) fn duration(milliseconds: u64) -> String {
    format!("PT{}.{:03}S", milliseconds / 1_000, milliseconds % 1_000)
}
