//! The sequence number and timestamp of a media message, which show missing messages and when its audio was due.

use serde::{Deserialize, Deserializer};

use crate::websocket::protocol::Message;

/// A message's position in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Counts the stream's audio messages.
    pub number: u64,
    /// Milliseconds of the stream before it, if the provider has them.
    pub millis: Option<u64>,
}

/// Twilio's `media` or Teler's `audio`, without its payload.
#[derive(Deserialize)]
struct Numbered {
    #[serde(default, deserialize_with = "number")]
    message_id: Option<u64>,
    media: Option<Media>,
}

#[derive(Deserialize)]
struct Media {
    #[serde(default, deserialize_with = "number")]
    chunk: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    timestamp: Option<u64>,
}

/// A number, or one in a text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_u64().or_else(|| value.as_str()?.parse().ok()))
}

/// The position of an audio message; `None` if it has none.
pub(super) fn stamp(message: &Message) -> Option<Stamp> {
    let Message::Text(text) = message else { return None };
    let numbered: Numbered = serde_json::from_str(text).ok()?;
    match numbered.media {
        Some(Media { chunk, timestamp }) => Some(Stamp { number: chunk?, millis: timestamp }),
        None => Some(Stamp { number: numbered.message_id?, millis: None }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Option<Stamp> {
        stamp(&Message::Text(text.to_owned()))
    }

    #[test]
    fn both_providers_number_their_audio() {
        let twilio = r#"{"event":"media","sequenceNumber":"4","media":{"track":"inbound","chunk":"2","timestamp":"20","payload":"//8="}}"#;
        assert_eq!(of(twilio), Some(Stamp { number: 2, millis: Some(20) }));
        assert_eq!(of(r#"{"type":"audio","message_id":7,"data":{"audio_b64":""}}"#), Some(Stamp { number: 7, millis: None }));
        assert_eq!(of(r#"{"media":{"chunk":-1}}"#), None);
        assert_eq!(of("{}"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), number in any::<i64>()) {
            let _anything = (of(&text), of(&format!(r#"{{"media":{{"chunk":{number},"timestamp":"{text}"}}}}"#)));
        }
    }
}
