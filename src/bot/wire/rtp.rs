//! RTP over UDP.

use std::net::{SocketAddr, UdpSocket};

use bytes::Bytes;
use rtc_shared::marshal::{Marshal, Unmarshal};
use rtp::header::Header;
use rtp::packet::Packet;

use super::super::log::now_ns;
use super::stamps::{receive, stamp_arrivals};
use super::{Heard, Wire};
use crate::media::codec;
use crate::scenario::Codec;

/// One G.711 stream each way.
pub(in crate::bot) struct RtpWire {
    socket: UdpSocket,
    remote: SocketAddr,
    codec: Codec,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

impl RtpWire {
    /// A wire to this address.
    pub fn new(socket: UdpSocket, remote: SocketAddr, codec: Codec) -> std::io::Result<Self> {
        stamp_arrivals(&socket)?;
        Ok(Self { socket, remote, codec, sequence: rand::random(), timestamp: rand::random(), ssrc: rand::random() })
    }
}

impl Wire for RtpWire {
    fn receive(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        let mut buffer = [0_u8; 1600];
        while let Ok((length, from, at)) = receive(&self.socket, &mut buffer) {
            let Some(datagram) = buffer.get(..length) else { continue };
            let Ok(packet) = Packet::unmarshal(&mut Bytes::copy_from_slice(datagram)) else { continue };
            if packet.header.version != 2 || packet.header.payload_type != self.codec.payload_type() {
                continue;
            }
            self.remote = from;
            heard.push(Heard { samples: codec::decode(self.codec, &packet.payload), at });
        }
        heard
    }

    fn send(&mut self, frame: &[i16], marker: bool) -> i64 {
        let header = Header {
            version: 2,
            marker,
            payload_type: self.codec.payload_type(),
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        let packet = Packet { header, payload: Bytes::from(codec::encode(self.codec, frame)) };
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(frame.len() as u32);
        let bytes = packet.marshal().unwrap_or_default();
        let at = now_ns();
        // A caller that is gone shows as the end of the call, not here.
        let _gone = self.socket.send_to(&bytes, self.remote);
        at
    }
}
