//! RTVI on a media socket: a bot's own telemetry, which is not part of any provider's protocol.

use serde_json::Value;

use super::protocol::Message;
use crate::telemetry::{self, Report};

/// The reports of an RTVI message; `None` for any other message.
pub(super) fn reports(message: &Message) -> Option<Vec<Report>> {
    // Nearly all messages are audio: only one that names RTVI is parsed for it.
    let Message::Text(text) = message else { return None };
    let named = text.contains("rtvi-ai").then(|| serde_json::from_str::<Value>(text).ok()).flatten()?;
    (named["label"] == "rtvi-ai").then(|| telemetry::rtvi::parse(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Vec<Report>> {
        reports(&Message::Text(text.to_owned()))
    }

    #[test]
    fn only_the_label_makes_a_message_rtvi() {
        assert_eq!(of(r#"{"label":"rtvi-ai","type":"bot-ready"}"#), Some(vec![Report::BotReady]));
        assert_eq!(of(r#"{"label":"rtvi-ai","type":"of-another-version"}"#), Some(Vec::new()));
        assert_eq!(of(r#"{"event":"mark","mark":{"name":"rtvi-ai"}}"#), None);
        assert_eq!(of("rtvi-ai"), None);
        assert_eq!(reports(&Message::Binary(b"rtvi-ai".to_vec())), None);
    }
}
