//! The bot's RTP stream.

use std::io;

use bytes::Bytes;
use rtc_shared::marshal::Unmarshal;
use rtp::packet::Packet;
use tokio::sync::mpsc;

use super::session::Shared;
use crate::clock::CallClock;
use crate::media::{MediaFrame, codec};
use crate::scenario::Codec;
use crate::transport::{CallEvent, TimestampedSocket};

/// Receives until the channel closes. Anything that is no RTP of the peer is passed over.
pub(super) async fn run(socket: &TimestampedSocket, shared: &Shared, clock: CallClock, events: &mpsc::UnboundedSender<CallEvent>) {
    let mut buffer = [0_u8; 2048];
    let mut refused = false;
    loop {
        let (length, from, arrival) = match socket.recv(&mut buffer).await {
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
        let Some(mut frame) = buffer.get(..length).and_then(parse) else { continue };
        if !shared.accept(from) {
            continue;
        }
        frame.arrival = clock.at(arrival);
        frame.received = frame.arrival;
        shared.count(&frame);
        if events.send(CallEvent::Media(frame)).is_err() {
            return;
        }
    }
}

/// One RTP packet of a G.711 stream; `None` for anything else.
pub(super) fn parse(datagram: &[u8]) -> Option<MediaFrame> {
    if datagram.first().is_none_or(|first| first >> 6 != 2) {
        return None;
    }
    let packet = Packet::unmarshal(&mut Bytes::copy_from_slice(datagram)).ok()?;
    let codec = [Codec::Pcmu, Codec::Pcma].into_iter().find(|codec| codec.payload_type() == packet.header.payload_type)?;
    Some(MediaFrame {
        arrival: crate::call::CallTime::DIAL,
        received: crate::call::CallTime::DIAL,
        ssrc: packet.header.ssrc,
        sequence: packet.header.sequence_number,
        timestamp: packet.header.timestamp,
        marker: packet.header.marker,
        samples: codec::decode(codec, &packet.payload),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            parse(&bytes);
        }

        #[test]
        fn no_damaged_packet_makes_it_panic(mut header in prop::array::uniform12(any::<u8>()), rest in prop::collection::vec(any::<u8>(), 0..300)) {
            header[0] = 0x80 | (header[0] & 0x3f);
            let datagram: Vec<u8> = header.into_iter().chain(rest).collect();
            parse(&datagram);
        }
    }

    #[test]
    fn a_plain_packet_is_read() {
        let mut datagram = vec![0x80, 0x80, 0, 7, 0, 0, 0, 160, 0, 0, 0, 9];
        datagram.extend([0xff; 160]);
        let frame = parse(&datagram).expect("RTP");
        assert_eq!((frame.sequence, frame.timestamp, frame.ssrc, frame.marker, frame.samples.len()), (7, 160, 9, true, 160));
    }
}
