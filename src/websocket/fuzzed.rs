//! The samples of a bot's messages, for the fuzz target `media_socket`.

use super::audio::WireDecoder;
use super::protocol::{FromBot, WireFormat};

/// The decoder of one stream.
pub struct Decoder(WireDecoder);

impl Decoder {
    /// For a stream that begins in this format.
    pub fn new(format: WireFormat) -> Self {
        Self(WireDecoder::new(format))
    }

    /// The samples (8 kHz) of a message; none where it has no audio.
    pub fn decode(&mut self, event: &FromBot) -> Vec<i16> {
        match event {
            FromBot::Audio { payload, format, .. } => self.0.decode(*format, payload),
            _ => Vec::new(),
        }
    }
}
