//! Bare linear samples in binary messages: the bot knows the format, and there are no other messages.

use super::interface::{Provider, Streams};
use crate::websocket::protocol::format::{HalfSample, choose, l16};
use crate::websocket::protocol::json::quote;
use crate::websocket::protocol::{BotRole, FromBot, Message, ProtocolError, ProviderRole, ToBot, WireFormat};

const FORMATS: &[WireFormat] = &[l16(16_000), l16(8_000), l16(24_000), l16(32_000), l16(44_100), l16(48_000)];

/// Raw samples, which no provider names.
#[derive(Debug)]
pub(super) struct Pcm;

impl Streams for Pcm {
    fn formats(&self) -> &'static [WireFormat] {
        FORMATS
    }

    fn provider_role(&self, format: Option<WireFormat>) -> Box<dyn ProviderRole> {
        Box::new(PcmStream::new(format))
    }

    fn bot_role(&self) -> Box<dyn BotRole> {
        Box::new(PcmStream::new(None))
    }
}

impl Provider for Pcm {}

/// One stream.
#[derive(Debug)]
struct PcmStream {
    format: WireFormat,
    from_bot: HalfSample,
    on_bot: HalfSample,
}

impl PcmStream {
    /// A stream that has not begun.
    fn new(asked: Option<WireFormat>) -> Self {
        Self { format: choose(asked, FORMATS), from_bot: HalfSample::default(), on_bot: HalfSample::default() }
    }
}

impl ProviderRole for PcmStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn write(&mut self, event: &ToBot) -> Vec<Message> {
        match event {
            ToBot::Audio(payload) => vec![Message::Binary(payload.clone())],
            _ => Vec::new(),
        }
    }

    fn read(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError> {
        Ok(vec![match message {
            Message::Binary(bytes) => FromBot::Audio { payload: self.from_bot.join(bytes), format: None, chunk: None },
            Message::Text(text) => FromBot::Other(quote(text)),
        }])
    }
}

impl BotRole for PcmStream {
    fn format(&self) -> WireFormat {
        self.format
    }

    fn read(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError> {
        Ok(match message {
            Message::Binary(bytes) => vec![ToBot::Audio(self.on_bot.join(bytes))],
            Message::Text(_) => Vec::new(),
        })
    }

    fn write(&mut self, event: &FromBot) -> Vec<Message> {
        match event {
            FromBot::Audio { payload, .. } => vec![Message::Binary(payload.clone())],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{audio, bot_reads, bot_says, provider_reads, provider_writes, story};
    use super::*;
    use crate::websocket::protocol::Protocol;

    #[test]
    fn only_audio_is_sent() {
        insta::assert_snapshot!(provider_writes(Protocol::Pcm, &story()), @r"
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
            prop_assert_eq!(bot_reads(Protocol::Pcm, &[ToBot::Audio(sound.clone())]), [ToBot::Audio(sound)]);
            prop_assert_eq!(provider_reads(Protocol::Pcm, std::slice::from_ref(&request)), [request]);
        }
    }
}
