//! The caller's RTP stream.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;

use bytes::Bytes;
use rtc_shared::marshal::Marshal;
use rtp::header::Header;
use rtp::packet::Packet;

use super::plan::Outgoing;
use super::shared::Shared;
use super::srtp::{Cipher, Keys};
use crate::clock::Monotonic;
use crate::media::VoiceEncoder;
use crate::transport::MediaSink;

/// Sends one stream; the far end's address, the codec and the keys may change while it runs.
pub struct RtpSender {
    socket: UdpSocket,
    shared: Arc<Shared>,
    plan: Outgoing,
    encoder: VoiceEncoder,
    cipher: Option<(Arc<Keys>, Cipher)>,
    sequence: u16,
    timestamp: u32,
}

impl RtpSender {
    pub(super) fn new(socket: UdpSocket, shared: Arc<Shared>, plan: Outgoing) -> io::Result<Self> {
        let encoder = VoiceEncoder::new(plan.codec).map_err(io::Error::other)?;
        // SRTP counts how often the sequence number wraps from the first packet that it gets to see (RFC 3711, section 3.3.1).
        let sequence = rand::random::<u16>() >> 1;
        Ok(Self { socket, shared, plan, encoder, cipher: None, sequence, timestamp: rand::random() })
    }

    /// A codec that the peer changed to.
    fn follow(&mut self, plan: Outgoing) -> io::Result<()> {
        if plan.codec != self.plan.codec {
            self.encoder = VoiceEncoder::new(plan.codec).map_err(io::Error::other)?;
        }
        self.plan = plan;
        Ok(())
    }

    fn packet(&mut self, samples: &[i16], marker: bool, goes_out: bool) -> (Packet, Option<bool>) {
        let ticks = self.encoder.ticks(samples.len());
        // The encoder hears what is not sent as well: its resampler keeps its place.
        let voice = self.encoder.encode(samples);
        // Digits wait for the end of a hold.
        let keyed =
            self.plan.events.filter(|_| goes_out).and_then(|number| Some((number, self.shared.state().key(self.timestamp, ticks)?)));
        let (payload_type, marker, timestamp, payload, ends) = match keyed {
            Some((number, keyed)) => (number, keyed.marker, keyed.timestamp, keyed.payload.to_vec(), Some(keyed.ends)),
            None => (self.plan.number, marker, self.timestamp, voice, None),
        };
        let header = Header {
            version: 2,
            marker,
            payload_type,
            sequence_number: self.sequence,
            timestamp,
            ssrc: self.shared.ssrc,
            ..Header::default()
        };
        self.timestamp = self.timestamp.wrapping_add(ticks);
        (Packet { header, payload: Bytes::from(payload) }, ends)
    }

    fn protect(&mut self, keys: &Arc<Keys>, packet: &[u8]) -> io::Result<Vec<u8>> {
        if self.cipher.as_ref().is_none_or(|(known, _)| !Arc::ptr_eq(known, keys)) {
            self.cipher = Some((Arc::clone(keys), keys.outbound().map_err(io::Error::other)?));
        }
        let cipher = self.cipher.as_mut().map(|(_, cipher)| cipher);
        cipher.and_then(|cipher| cipher.protect_rtp(packet)).ok_or_else(|| io::Error::other("the packet cannot be encrypted"))
    }
}

impl MediaSink for RtpSender {
    fn send(&mut self, samples: &[i16], marker: bool) -> io::Result<Monotonic> {
        let wanted = self.shared.state().outgoing();
        if wanted.plan != self.plan {
            self.follow(wanted.plan)?;
        }
        let (packet, event_ends) = self.packet(samples, marker, wanted.remote.is_some());
        let plain = packet.marshal().map_err(io::Error::other)?;
        let keys = wanted.keys.as_ref().filter(|_| wanted.remote.is_some());
        let protected = keys.map(|keys| self.protect(keys, &plain)).transpose()?;
        let at = Monotonic::now();
        if let Some(remote) = wanted.remote {
            self.socket.send_to(protected.as_deref().unwrap_or(&plain), remote)?;
            self.shared.capture.sent(at, remote, &plain);
            // A number that is not sent would be a lost packet to the peer, and a hold is not a loss.
            self.sequence = self.sequence.wrapping_add(1);
            self.shared.state().sent(packet.payload.len(), self.timestamp, at);
        }
        if let Some(ends) = event_ends {
            self.shared.state().keyed(packet.header.marker, ends, at);
        }
        Ok(at)
    }

    fn delay_nanos(&self) -> i64 {
        self.encoder.delay_nanos()
    }

    fn frame(&self) -> usize {
        self.plan.samples
    }
}
