//! The bot's datagrams: RTP, RTCP on the same port (RFC 5761), DTLS (RFC 7983).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rtc_shared::marshal::Unmarshal;
use rtp::packet::Packet;
use tokio::time::timeout;

use super::formats::{Formats, Payload};
use super::latch::{Accepted, Latch, Place};
use super::reports::received_rtcp;
use super::shared::Shared;
use super::srtp::{Cipher, Keys};
use super::state::Receiving;
use super::stream::StreamReader;
use crate::clock::{CallClock, Monotonic};
use crate::codec::{Codec, SAMPLE_NANOS};
use crate::transport::{CallEvent, EventSender, TimestampedSocket};

/// So many packets of a kind that cannot be used are not an accident.
const TOO_MANY: u32 = 20;
/// How old the note that everything was read may become while nothing comes.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// What a datagram is, by its first octets (RFC 7983, section 7; RFC 5761, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rtp,
    Rtcp,
    Dtls,
    Other,
}

pub(super) fn kind(datagram: &[u8]) -> Kind {
    match *datagram {
        [20..=63, ..] => Kind::Dtls,
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, ..] => Kind::Rtp,
        _ => Kind::Other,
    }
}

/// A packet and what it carries; `None` for anything but RTP with one of these payload types.
pub(super) fn parse(datagram: &[u8], formats: &Formats) -> Option<(Packet, Payload)> {
    if kind(datagram) != Kind::Rtp {
        return None;
    }
    let payload = formats.get(datagram.get(1)? & 0x7f)?;
    let packet = Packet::unmarshal(&mut Bytes::copy_from_slice(datagram)).ok()?;
    Some((packet, payload))
}

/// Receives until the channel closes. Anything that is not the peer's is passed over.
pub(super) async fn run(socket: &TimestampedSocket, shared: &Shared, clock: CallClock, events: &EventSender) {
    let mut buffer = [0_u8; 2048];
    let mut refused = false;
    let mut inbound = Inbound::new(shared, clock, events);
    loop {
        let received = match next(socket, shared, &mut buffer).await {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                if !refused && events.send(CallEvent::Lost(clock.now(), "nothing listens on the bot's RTP port".to_owned())).is_err() {
                    return;
                }
                refused = true;
                continue;
            }
            Err(error) => {
                let _closed = events.send(CallEvent::Lost(clock.now(), error.to_string()));
                return;
            }
        };
        let (length, from, arrival) = received;
        if let Some(datagram) = buffer.get(..length)
            && !inbound.datagram(datagram, from, arrival)
        {
            return;
        }
    }
}

/// The next datagram. Before it waits it notes that everything up to this moment has been handed in.
async fn next(socket: &TimestampedSocket, shared: &Shared, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Monotonic)> {
    loop {
        let asked = Monotonic::now();
        match socket.recv_now(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => shared.read_until(asked),
            received => return received,
        }
        if let Ok(received) = timeout(LOOK_AGAIN, socket.recv(buffer)).await {
            return received;
        }
    }
}

/// One call's receiving side.
struct Inbound<'a> {
    shared: &'a Shared,
    clock: CallClock,
    events: &'a EventSender,
    latch: Latch,
    reader: StreamReader,
    cipher: Option<(Arc<Keys>, Cipher)>,
    /// A packet of the peer's could be used.
    heard: bool,
    /// The source of the last packet taken.
    ssrc: Option<u32>,
    /// Packets that the keys do not fit.
    broken: u32,
}

impl<'a> Inbound<'a> {
    fn new(shared: &'a Shared, clock: CallClock, events: &'a EventSender) -> Self {
        let (latch, reader) = (Latch::default(), StreamReader::default());
        Self { shared, clock, events, latch, reader, cipher: None, heard: false, ssrc: None, broken: 0 }
    }

    /// Takes a datagram; false once nobody listens any more.
    fn datagram(&mut self, datagram: &[u8], from: SocketAddr, arrival: Monotonic) -> bool {
        match kind(datagram) {
            Kind::Rtp => self.rtp(datagram, from, arrival),
            Kind::Rtcp => received_rtcp(self.shared, datagram, from, true, arrival),
            Kind::Dtls => self.shared.dtls_received(datagram, from),
            Kind::Other => {}
        }
        !self.events.is_closed()
    }

    /// The state is locked twice: before decrypting and decoding, and after. The pacing thread never waits for either.
    fn rtp(&mut self, datagram: &[u8], from: SocketAddr, arrival: Monotonic) {
        let receiving = self.shared.state().receiving();
        let number = datagram.get(1).map_or(0, |octet| octet & 0x7f);
        if receiving.formats.get(number).is_none() {
            let name = static_name(number).map(|name| format!(" ({name})")).unwrap_or_default();
            return self.shared.ignored.count(&format!("a packet of RTP payload type {number}{name} came, which was not negotiated"));
        }
        let Some(plain) = self.unprotect(&receiving, datagram) else { return self.broken() };
        let Some((packet, payload)) = parse(&plain, &receiving.formats) else { return };
        if let Some(described) = receiving.described.address.filter(|_| !receiving.may_come_from(from.ip())) {
            let why =
                format!("its SDP says {described}, and it is not where its signalling comes from; if it is the bot's, write `media_from`");
            return self.shared.ignored.audio(from, nanos(&packet, payload), &why);
        }
        let place = Place { ssrc: packet.header.ssrc, sequence: packet.header.sequence_number };
        let accepted = self.latch.accept(receiving.described, from, place, arrival);
        match accepted {
            Accepted::Yes => {}
            Accepted::Moved(before) => {
                self.note(format!("the bot's audio went on from {from} instead of {before}, and was followed there"))
            }
            Accepted::InsteadOf(stranger, since) => {
                self.reader = StreamReader::default();
                if let Some(ssrc) = self.ssrc.filter(|ssrc| *ssrc != packet.header.ssrc) {
                    let _closed = self.events.send(CallEvent::Disowned(ssrc, self.clock.at(since)));
                }
                self.note(format!("{stranger} sent audio before the bot at {from} did; it is ignored from here on"));
            }
            Accepted::No(peer) => {
                let in_sdp = if receiving.described.address == Some(peer) { ", the address in its SDP" } else { "" };
                return self.shared.ignored.audio(from, nanos(&packet, payload), &format!("the bot's audio comes from {peer}{in_sdp}"));
            }
        }
        (self.heard, self.ssrc) = (true, Some(packet.header.ssrc));
        self.shared.capture.received(arrival, from, &plain);
        let read = self.reader.read(&packet, payload, self.clock.at(arrival));
        let counted = read.as_ref().map(|read| &read.counted);
        self.shared.state().received(receiving.described, from, matches!(accepted, Accepted::InsteadOf(..)), counted);
        let Some(read) = read else {
            return self.shared.ignored.audio(from, nanos(&packet, payload), "the bot had gone on with another stream (SSRC)");
        };
        // A packet without voice has its place in the sequence all the same: it is not lost.
        let _closed = self.events.send(CallEvent::Media(read.heard.unwrap_or(read.counted)));
        if let Some(digit) = read.digit {
            let _closed = self.events.send(CallEvent::Digit(self.clock.at(arrival), digit));
        }
    }

    /// The RTP packet in a datagram; the datagram itself where nothing is encrypted.
    fn unprotect(&mut self, receiving: &Receiving, datagram: &[u8]) -> Option<Vec<u8>> {
        if !receiving.secured {
            return Some(datagram.to_vec());
        }
        let keys = receiving.keys.as_ref()?;
        if self.cipher.as_ref().is_none_or(|(known, _)| !Arc::ptr_eq(known, keys)) {
            self.cipher = Some((Arc::clone(keys), keys.inbound().ok()?));
        }
        self.cipher.as_mut()?.1.unprotect_rtp(datagram)
    }

    fn broken(&mut self) {
        self.broken += 1;
        if self.heard {
            self.shared.ignored.count("a packet came that could not be decrypted");
        }
        if self.broken == TOO_MANY && !self.heard {
            self.note("the bot's SRTP cannot be decrypted: it does not use the key that it agreed to, or sends plain RTP".to_owned());
        }
    }

    fn note(&self, why: String) {
        let _closed = self.events.send(CallEvent::Lost(self.clock.now(), why));
    }
}

/// How long the packet's audio lasts, in nanoseconds.
fn nanos(packet: &Packet, payload: Payload) -> i64 {
    match payload {
        Payload::Voice(Codec::Pcmu | Codec::Pcma | Codec::G722) => packet.payload.len() as i64 * SAMPLE_NANOS,
        Payload::Voice(_) => 20_000_000,
        Payload::Events(_) | Payload::Noise => 0,
    }
}

/// The codec of a static payload type (RFC 3551, section 6).
fn static_name(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "PCMU",
        3 => "GSM",
        4 => "G.723",
        8 => "PCMA",
        9 => "G.722",
        10 | 11 => "L16",
        13 => "comfort noise",
        15 => "G.728",
        18 => "G.729",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use proptest::prelude::*;

    use super::*;

    fn formats() -> Formats {
        let voice = [(0, Codec::Pcmu), (9, Codec::G722), (111, Codec::Opus)].map(|(number, codec)| (number, Payload::Voice(codec)));
        voice.into_iter().chain([(13, Payload::Noise), (101, Payload::Events(8000))]).collect()
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            parse(&bytes, &formats());
        }

        #[test]
        fn no_damaged_packet_makes_it_panic(
            mut header in prop::array::uniform12(any::<u8>()),
            number in prop::sample::select(vec![0_u8, 9, 13, 101, 111]),
            rest in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            header[0] = 0x80 | (header[0] & 0x3f);
            header[1] = number;
            let datagram: Vec<u8> = header.into_iter().chain(rest).collect();
            if let Some((packet, payload)) = parse(&datagram, &formats()) {
                StreamReader::default().read(&packet, payload, crate::time::CallTime::DIAL);
            }
        }
    }

    #[test]
    fn a_packet_takes_two_locks() {
        let shared = Shared::new();
        shared.state().expect(formats());
        let (events, mut incoming) = tokio::sync::mpsc::unbounded_channel();
        let events = EventSender::from(events);
        let mut inbound = Inbound::new(&shared, CallClock::start(), &events);
        let mut datagram = vec![0x80, 0x80, 0, 7, 0, 0, 0, 160, 0, 0, 0, 9];
        datagram.extend([0xff; 160]);
        let before = shared.locks.load(Ordering::SeqCst);
        assert!(inbound.datagram(&datagram, SocketAddr::from(([127, 0, 0, 1], 9)), Monotonic(5)));
        assert!(matches!(incoming.try_recv(), Ok(CallEvent::Media(_))));
        assert_eq!(shared.locks.load(Ordering::SeqCst) - before, 2);
    }

    #[test]
    fn a_plain_packet_is_read() {
        let mut datagram = vec![0x80, 0x80, 0, 7, 0, 0, 0, 160, 0, 0, 0, 9];
        datagram.extend([0xff; 160]);
        let (packet, payload) = parse(&datagram, &formats()).expect("RTP");
        assert_eq!((packet.header.sequence_number, packet.header.ssrc, packet.header.marker), (7, 9, true));
        assert_eq!((payload, packet.payload.len()), (Payload::Voice(Codec::Pcmu), 160));
        datagram[1] = 18;
        assert!(parse(&datagram, &formats()).is_none());
    }

    #[test]
    fn datagrams_are_told_apart() {
        let cases: [(&[u8], Kind); 6] = [
            (&[0x80, 0x00], Kind::Rtp),
            (&[0x80, 0xc8], Kind::Rtcp),
            (&[0x80, 0xe5], Kind::Rtp),
            (&[22, 254], Kind::Dtls),
            (&[0, 1], Kind::Other),
            (&[], Kind::Other),
        ];
        for (datagram, expected) in cases {
            assert_eq!(kind(datagram), expected, "{datagram:?}");
        }
    }
}
