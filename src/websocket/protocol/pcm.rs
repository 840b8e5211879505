//! Bare linear samples in binary messages: the bot knows the format, and nothing but audio is said.

use super::format::{HalfSample, choose, l16};
use super::json::quote;
use super::message::{FromBot, Message, ProtocolCodec, ProtocolError, ToBot, WireFormat};

const FORMATS: &[WireFormat] = &[l16(16_000), l16(8_000), l16(24_000), l16(32_000), l16(44_100), l16(48_000)];

/// One stream.
#[derive(Debug)]
pub(super) struct Pcm {
    format: WireFormat,
    from_bot: HalfSample,
    on_bot: HalfSample,
}

impl Pcm {
    /// A stream that has not begun.
    pub(super) fn new(wish: Option<WireFormat>) -> Self {
        Self { format: choose(wish, FORMATS), from_bot: HalfSample::default(), on_bot: HalfSample::default() }
    }
}

impl ProtocolCodec for Pcm {
    fn default_format(&self) -> WireFormat {
        self.format
    }

    fn formats(&self) -> &'static [WireFormat] {
        FORMATS
    }

    fn to_bot(&mut self, event: &ToBot) -> Vec<Message> {
        match event {
            ToBot::Audio(payload) => vec![Message::Binary(payload.clone())],
            _ => Vec::new(),
        }
    }

    fn from_bot(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError> {
        Ok(vec![match message {
            Message::Binary(bytes) => FromBot::Audio { payload: self.from_bot.join(bytes), format: None, chunk: None },
            Message::Text(text) => FromBot::Other(quote(text)),
        }])
    }

    fn on_bot(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError> {
        Ok(match message {
            Message::Binary(bytes) => vec![ToBot::Audio(self.on_bot.join(bytes))],
            Message::Text(_) => Vec::new(),
        })
    }

    fn by_bot(&mut self, event: &FromBot) -> Vec<Message> {
        match event {
            FromBot::Audio { payload, .. } => vec![Message::Binary(payload.clone())],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Protocol;
    use super::super::testing::{asked, audio, bot_says, said, story, told};
    use super::*;

    #[test]
    fn only_audio_is_told() {
        insta::assert_snapshot!(said(Protocol::Pcm, &story()), @r"
        16 bytes: [ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
        16 bytes: [ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
        ");
    }

    #[test]
    fn a_bots_text_is_noted() {
        assert_eq!(bot_says(Protocol::Pcm, "hello").unwrap(), [FromBot::Other("hello".into())]);
    }

    proptest! {
        #[test]
        fn both_roles_understand_each_other(sound in audio()) {
            let request = FromBot::Audio { payload: sound.clone(), format: None, chunk: None };
            prop_assert_eq!(told(Protocol::Pcm, &[ToBot::Audio(sound.clone())]), [ToBot::Audio(sound)]);
            prop_assert_eq!(asked(Protocol::Pcm, std::slice::from_ref(&request)), [request]);
        }
    }
}
