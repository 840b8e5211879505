//! The caller's RTP stream.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use bytes::Bytes;
use rtc_shared::marshal::Marshal;
use rtp::header::Header;
use rtp::packet::Packet;

use super::session::Shared;
use crate::clock::Monotonic;
use crate::media::codec;
use crate::scenario::Codec;
use crate::transport::MediaSink;

/// Sends one G.711 stream; the far end's address may change while it runs.
#[derive(Debug)]
pub struct RtpSender {
    socket: UdpSocket,
    shared: Arc<Shared>,
    codec: Codec,
    sequence: u16,
    timestamp: u32,
}

impl RtpSender {
    pub(super) fn new(socket: UdpSocket, shared: Arc<Shared>, codec: Codec) -> Self {
        Self { socket, shared, codec, sequence: rand::random(), timestamp: rand::random() }
    }

    fn packet(&self, samples: &[i16], marker: bool) -> Packet {
        let header = Header {
            version: 2,
            marker,
            payload_type: self.codec.payload_type(),
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.shared.ssrc,
            ..Header::default()
        };
        Packet { header, payload: Bytes::from(codec::encode(self.codec, samples)) }
    }
}

impl MediaSink for RtpSender {
    fn send(&mut self, samples: &[i16], marker: bool) -> io::Result<Monotonic> {
        let bytes = self.packet(samples, marker).marshal().map_err(io::Error::other)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(samples.len() as u32);
        let remote: SocketAddr = self.shared.remote();
        let at = Monotonic::now();
        self.socket.send_to(&bytes, remote)?;
        self.shared.sent(samples.len(), self.timestamp, at);
        Ok(at)
    }
}
