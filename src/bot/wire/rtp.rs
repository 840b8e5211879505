//! RTP over UDP.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{SocketAddr, UdpSocket};

use bytes::Bytes;
use rtc_shared::marshal::{Marshal, Unmarshal};
use rtp::header::Header;
use rtp::packet::Packet;

use super::super::log::now_ns;
use super::encryption::Encryption;
use super::stamps::{receive, stamp_arrivals};
use super::{ReceivedAudio, Wire, feedback};
use crate::codec::{Codec, SAMPLE_NANOS};
use crate::media::telephone_event::{DigitReader, Keyer, TelephoneEvent};
use crate::media::{VoiceDecoder, VoiceEncoder};
use crate::rtp::{Formats, Outgoing, Payload};

/// One stream each way.
pub(in crate::bot) struct RtpWire {
    socket: UdpSocket,
    remote: SocketAddr,
    incoming: Formats,
    plan: Outgoing,
    encryption: Encryption,
    encoder: VoiceEncoder,
    decoders: HashMap<Codec, VoiceDecoder>,
    reader: DigitReader,
    pressed: String,
    keyer: Keyer,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

impl RtpWire {
    /// A wire to this address, which understands these payload types.
    pub fn new(socket: UdpSocket, remote: SocketAddr, incoming: Formats, plan: Outgoing, encryption: Encryption) -> std::io::Result<Self> {
        stamp_arrivals(&socket)?;
        Ok(Self {
            socket,
            remote,
            incoming,
            plan,
            encryption,
            encoder: VoiceEncoder::new(plan.codec).map_err(std::io::Error::other)?,
            decoders: HashMap::new(),
            reader: DigitReader::default(),
            pressed: String::new(),
            keyer: Keyer::new(plan.codec.clock_rate()),
            sequence: rand::random::<u16>() >> 1,
            timestamp: rand::random(),
            ssrc: rand::random(),
        })
    }

    fn datagram(&mut self, datagram: &[u8], from: SocketAddr, at: i64) -> Option<ReceivedAudio> {
        match *datagram {
            [20..=63, ..] => self.encryption.handshake_datagram(datagram),
            [128..=191, 192..=223, ..] => self.reports(datagram, from, at),
            [128..=191, ..] => return self.packet(datagram, from, at),
            _ => {}
        }
        None
    }

    fn packet(&mut self, datagram: &[u8], from: SocketAddr, at: i64) -> Option<ReceivedAudio> {
        let plain = self.encryption.open(datagram)?;
        let packet = Packet::unmarshal(&mut Bytes::from(plain)).ok()?;
        let payload = self.incoming.get(packet.header.payload_type)?;
        self.remote = from;
        match payload {
            Payload::Voice(codec) => {
                let decoder = match self.decoders.entry(codec) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(VoiceDecoder::new(codec).ok()?),
                };
                let decoded = decoder.decode(&packet.payload);
                Some(ReceivedAudio { samples: decoded.samples, at: at - decoded.behind as i64 * SAMPLE_NANOS })
            }
            Payload::Events(_) => {
                let event = TelephoneEvent::parse(&packet.payload)?;
                self.pressed.extend(self.reader.read(packet.header.timestamp, event));
                None
            }
            Payload::Noise => None,
        }
    }

    /// A sender report is answered at once, so that the caller learns the round trip.
    fn reports(&mut self, datagram: &[u8], from: SocketAddr, at: i64) {
        let answer = self.encryption.open_report(datagram).and_then(|plain| feedback::answer(&plain, self.ssrc, now_ns() - at));
        if let Some(sealed) = answer.and_then(|answer| self.encryption.seal_report(&answer)) {
            let _gone = self.socket.send_to(&sealed, from);
        }
    }

    fn next_packet(&mut self, frame: &[i16], marker: bool) -> Packet {
        let ticks = self.encoder.ticks(frame.len());
        let voice = self.encoder.encode(frame);
        let keyed = self.plan.events.and_then(|number| Some((number, self.keyer.next(self.timestamp, ticks)?)));
        let (payload_type, marker, timestamp, payload) = match keyed {
            Some((number, keyed)) => (number, keyed.marker, keyed.timestamp, keyed.payload.to_vec()),
            None => (self.plan.number, marker, self.timestamp, voice),
        };
        let header =
            Header { version: 2, marker, payload_type, sequence_number: self.sequence, timestamp, ssrc: self.ssrc, ..Header::default() };
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        Packet { header, payload: Bytes::from(payload) }
    }
}

impl Wire for RtpWire {
    fn receive(&mut self) -> Vec<ReceivedAudio> {
        let mut heard = Vec::new();
        let mut buffer = [0_u8; 2048];
        while let Ok((length, from, at)) = receive(&self.socket, &mut buffer) {
            heard.extend(buffer.get(..length).and_then(|datagram| self.datagram(datagram, from, at)));
        }
        for datagram in self.encryption.due() {
            let _lost = self.socket.send_to(&datagram, self.remote);
        }
        heard
    }

    fn send(&mut self, frame: &[i16], marker: bool) -> i64 {
        let packet = self.next_packet(frame, marker);
        let sealed = packet.marshal().ok().and_then(|bytes| self.encryption.seal(&bytes));
        let at = now_ns();
        if let Some(bytes) = sealed {
            // A caller that is gone shows as the end of the call, not here.
            let _gone = self.socket.send_to(&bytes, self.remote);
        }
        at + self.encoder.delay_nanos()
    }

    fn frame(&self) -> usize {
        self.plan.samples
    }

    fn pressed(&mut self) -> String {
        std::mem::take(&mut self.pressed)
    }

    fn press(&mut self, digits: &str) {
        self.keyer.press(digits);
    }
}
