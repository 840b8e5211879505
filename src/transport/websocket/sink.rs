//! The caller's audio on a media socket.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::audio::WireEncoder;
use super::link::{LinkWriter, Outgoing};
use super::protocol::{Codec, ToBot};
use crate::clock::Monotonic;
use crate::transport::MediaSink;

/// The codec is the stream's one state: sequence numbers run through audio and all other messages.
pub(super) type SharedCodec = Arc<Mutex<Box<dyn Codec>>>;

pub(super) struct SocketSink {
    pub encoder: WireEncoder,
    pub codec: SharedCodec,
    pub writer: LinkWriter,
}

impl MediaSink for SocketSink {
    fn send(&mut self, samples: &[i16], _marker: bool) -> io::Result<Monotonic> {
        let payload = self.encoder.encode(samples);
        let messages = self.codec.lock().unwrap_or_else(PoisonError::into_inner).to_bot(&ToBot::Audio(payload));
        let at = Monotonic::now();
        for message in messages {
            self.writer.send(Outgoing::Audio(message, at)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        }
        Ok(at)
    }

    fn delay_nanos(&self) -> i64 {
        self.encoder.delay_nanos()
    }
}
