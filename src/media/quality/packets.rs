//! Every packet of a call in 24 bytes, so that any stretch of the call can be looked at once it is over.

use crate::media::MediaFrame;
use crate::time::CallTime;

/// Two hours of 20 ms packets: a peer cannot make the log grow without bound.
const MOST_PACKETS: usize = 360_000;

/// One RTP packet as it came off the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// Nanoseconds since dial.
    pub arrival: i64,
    pub ssrc: u32,
    /// RTP timestamp in samples at 8 kHz.
    pub timestamp: u32,
    pub sequence: u16,
    /// Samples at 8 kHz; none where the packet holds no audio (telephone events, comfort noise).
    pub samples: u16,
    pub marker: bool,
}

/// The packets of one call in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct PacketLog {
    packets: Vec<Packet>,
}

impl PacketLog {
    /// Notes a packet. A frame without samples counts as received, but says nothing about jitter.
    pub fn push(&mut self, frame: &MediaFrame) {
        if self.packets.len() >= MOST_PACKETS {
            return;
        }
        self.packets.push(Packet {
            arrival: frame.received.as_nanos(),
            ssrc: frame.ssrc,
            timestamp: frame.timestamp,
            sequence: frame.sequence,
            samples: u16::try_from(frame.samples.len()).unwrap_or(u16::MAX),
            marker: frame.marker,
        });
    }

    /// Takes out what came since then of a source that was not the bot's.
    pub fn forget(&mut self, ssrc: u32, since: CallTime) {
        self.packets.retain(|packet| packet.ssrc != ssrc || packet.arrival < since.as_nanos());
    }

    pub(super) fn packets(&self) -> &[Packet] {
        &self.packets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_takes_24_bytes() {
        assert_eq!(size_of::<Packet>(), 24);
    }
}
