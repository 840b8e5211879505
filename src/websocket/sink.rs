//! The caller's audio on a media socket.

use std::io;

use tokio::sync::mpsc;

use super::control::Outbound;
use crate::clock::Monotonic;
use crate::transport::MediaSink;

/// Hands frames to the stream's task.
pub(crate) struct SocketSink {
    pub outbox: mpsc::UnboundedSender<Outbound>,
    /// The resampler's.
    pub delay_nanos: i64,
}

impl MediaSink for SocketSink {
    fn send(&mut self, samples: &[i16], _marker: bool) -> io::Result<Monotonic> {
        let at = Monotonic::now();
        let frame = Outbound::Frame(samples.to_vec(), at);
        self.outbox.send(frame).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(at)
    }

    fn delay_nanos(&self) -> i64 {
        self.delay_nanos
    }
}
