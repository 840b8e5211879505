//! Reading the providers' JSON messages, with errors that a bot's author can act on.

use std::collections::BTreeMap;
use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::format;
use super::message::{Message, ProtocolError, WireFormat};

/// The sender of what the provider's role reads.
pub(in crate::websocket) const BOT: &str = "the bot";

const QUOTE: usize = 120;

/// The most marks or chunks that may wait for playout: a bot with more is out of control.
pub(in crate::websocket) const MOST_WAITING: usize = 10_000;

/// At most 120 characters of a text, on one line.
pub(in crate::websocket) fn quote(text: &str) -> String {
    let line = |count| text.chars().take(count).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    if text.chars().nth(QUOTE).is_some() { line(QUOTE - 1) + "…" } else { line(QUOTE) }
}

/// Audio as JSON carries it.
pub(in crate::websocket) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The object as a text message.
pub(in crate::websocket) fn text(value: &Value) -> Message {
    Message::Text(value.to_string())
}

/// A value as text, without JSON's quotation marks.
pub(in crate::websocket) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Adds fields to an object; anything but an object adds nothing.
pub(in crate::websocket) fn extend(target: &mut Map<String, Value>, fields: Value) {
    if let Value::Object(fields) = fields {
        target.extend(fields);
    }
}

/// Parameters as a JSON object.
pub(in crate::websocket) fn object(parameters: &BTreeMap<String, String>) -> Value {
    parameters.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

/// One JSON message that was received.
#[derive(Debug)]
pub(in crate::websocket) struct Incoming<'a> {
    who: &'static str,
    text: &'a str,
    value: Map<String, Value>,
    kind: String,
}

impl<'a> Incoming<'a> {
    /// Reads an object; `key` is the field with the kind of the message.
    pub(in crate::websocket) fn read(who: &'static str, key: &str, text: &'a str) -> Result<Self, ProtocolError> {
        match serde_json::from_str(text) {
            Ok(Value::Object(value)) => {
                let kind = value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                Ok(Self { who, text, value, kind })
            }
            _ => Err(ProtocolError(format!("{who}'s message is not a JSON object: {}", quote(text)))),
        }
    }

    /// As `read`, for a protocol without binary messages and whose every message names its kind.
    pub(in crate::websocket) fn read_text(who: &'static str, key: &str, message: &'a Message) -> Result<Self, ProtocolError> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(bytes) => {
                let length = bytes.len();
                return Err(ProtocolError(format!(
                    "{who} sent a binary message of {length} bytes, but this protocol has only text messages"
                )));
            }
        };
        Self::read(who, key, text)?.with_kind(key)
    }

    /// The message, if it names its kind.
    pub(in crate::websocket) fn with_kind(self, key: &str) -> Result<Self, ProtocolError> {
        if self.kind.is_empty() { Err(self.error(format!("has no `{key}`"))) } else { Ok(self) }
    }

    /// The kind of the message; empty if it has none.
    pub(in crate::websocket) fn kind(&self) -> &str {
        &self.kind
    }

    /// Every field.
    pub(in crate::websocket) fn fields(&self) -> &Map<String, Value> {
        &self.value
    }

    /// The error of a message that is not allowed.
    pub(in crate::websocket) fn error(&self, what: impl Display) -> ProtocolError {
        let named = if self.kind.is_empty() { String::new() } else { format!(" `{}`", quote(&self.kind)) };
        ProtocolError(format!("{}'s{named} message {what}: {}", self.who, quote(self.text)))
    }

    /// An error if this many marks or chunks already wait for playout.
    pub(in crate::websocket) fn room(&self, waiting: usize) -> Result<(), ProtocolError> {
        if waiting < MOST_WAITING {
            Ok(())
        } else {
            Err(self.error(format!("is one too many: {MOST_WAITING} others still wait for playout")))
        }
    }

    /// The value at a path of names with dots between them.
    pub(in crate::websocket) fn get(&self, path: &str) -> Option<&Value> {
        let mut names = path.split('.');
        let first = self.value.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name)).filter(|value| !value.is_null())
    }

    /// Text, or a number as text: providers differ in which of the two they send.
    pub(in crate::websocket) fn optional(&self, path: &str) -> Option<String> {
        self.get(path).filter(|value| value.is_string() || value.is_number()).map(plain)
    }

    /// As `optional`; empty if there is none.
    pub(in crate::websocket) fn string(&self, path: &str) -> String {
        self.optional(path).unwrap_or_default()
    }

    /// As `optional`, of a field that the message must have.
    pub(in crate::websocket) fn required(&self, path: &str) -> Result<String, ProtocolError> {
        self.optional(path).ok_or_else(|| self.error(format!("has no `{path}`")))
    }

    /// A number, or a text with one.
    pub(in crate::websocket) fn number<N: std::str::FromStr>(&self, path: &str) -> Option<N> {
        self.optional(path)?.parse().ok()
    }

    /// A sampling rate in hertz, if it is one of [`format::RATES`].
    pub(in crate::websocket) fn rate(&self, path: &str) -> Option<u32> {
        self.number(path).filter(|rate| format::RATES.contains(rate))
    }

    /// Base64 audio.
    pub(in crate::websocket) fn audio(&self, path: &str) -> Result<Vec<u8>, ProtocolError> {
        STANDARD.decode(self.required(path)?).map_err(|_| self.error(format!("has a `{path}` that is not base64")))
    }

    /// Base64 audio that ends with a whole sample.
    pub(in crate::websocket) fn samples(&self, path: &str, format: WireFormat) -> Result<Vec<u8>, ProtocolError> {
        format::whole_samples(self.who, self.audio(path)?, format)
    }

    /// A key of the telephone.
    pub(in crate::websocket) fn digit(&self, path: &str) -> Result<char, ProtocolError> {
        let text = self.required(path)?;
        let mut keys = text.chars().map(|key| key.to_ascii_uppercase());
        match (keys.next(), keys.next()) {
            (Some(key @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => Ok(key),
            _ => Err(self.error(format!("has a `{path}` that is not a key of a telephone"))),
        }
    }

    /// An object's fields as parameters.
    pub(in crate::websocket) fn parameters(&self, path: &str) -> BTreeMap<String, String> {
        let fields = self.get(path).and_then(Value::as_object);
        fields.into_iter().flatten().map(|(name, value)| (name.clone(), plain(value))).collect()
    }

    /// The format under two paths.
    pub(in crate::websocket) fn format(&self, encoding: &str, rate: &str) -> Option<WireFormat> {
        let codec = format::encoding(&self.optional(encoding)?)?;
        Some(WireFormat { codec, rate: self.rate(rate)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_has_one_line_of_at_most_120_characters() {
        assert_eq!(quote("a\nb"), "a b");
        assert_eq!(quote(&"ß".repeat(120)).chars().count(), 120);
        let long = quote(&"ß".repeat(121));
        assert_eq!((long.chars().count(), long.chars().last()), (120, Some('…')));
    }

    #[test]
    fn errors_name_the_sender_the_message_and_the_field() {
        let message = Incoming::read(BOT, "event", r#"{"event":"media","media":{"payload":"%"}}"#).unwrap();
        insta::assert_snapshot!(message.required("media.chunk").unwrap_err(), @r#"the bot's `media` message has no `media.chunk`: {"event":"media","media":{"payload":"%"}}"#);
        insta::assert_snapshot!(message.audio("media.payload").unwrap_err(), @r#"the bot's `media` message has a `media.payload` that is not base64: {"event":"media","media":{"payload":"%"}}"#);
        insta::assert_snapshot!(message.digit("media.payload").unwrap_err(), @r#"the bot's `media` message has a `media.payload` that is not a key of a telephone: {"event":"media","media":{"payload":"%"}}"#);
    }
}
