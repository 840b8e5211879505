//! Whose packets are the bot's: symmetric RTP (RFC 4961) with latching.
//!
//! Bots behind NAT or in containers send from other addresses than their SDP says, and the beginning of what they say must not be
//! lost: the first sender is taken at once. It gives way to the address of the SDP when that sends, and a sender of a packet or
//! two to one that keeps sending. A stream that goes on from another address (a NAT that has bound another port, another gateway)
//! is followed: it has the same source and the next sequence numbers.

use std::net::SocketAddr;

use crate::clock::Monotonic;

/// So many packets make a sender the peer for good. One with fewer that is silent for [`STRAY_SILENCE`] was not.
const ESTABLISHED: u32 = 5;

/// In nanoseconds.
const STRAY_SILENCE: i64 = 500_000_000;

/// So far may sequence numbers jump within a stream (RFC 3550, appendix A.1).
const MOST_DROPPED: u16 = 3000;

/// Whether a packet's sender is the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    Yes,
    /// The peer replaces another sender, which was taken for it since then.
    InsteadOf(SocketAddr, Monotonic),
    /// The stream goes on from another address than this one.
    Moved(SocketAddr),
    /// The peer is the one at this address.
    No(SocketAddr),
}

/// Where the peer's description says that it receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Described {
    pub address: Option<SocketAddr>,
    /// Counts the changes: an address that comes back after a hold is not the one from before.
    pub generation: u32,
}

/// The sender whose packets are taken, as long as the peer's description says the same address.
#[derive(Debug, Default)]
pub(super) struct Latch {
    described: Described,
    sender: Option<Sender>,
}

#[derive(Debug)]
struct Sender {
    from: SocketAddr,
    packets: u32,
    first: Monotonic,
    last: Monotonic,
    place: Place,
    /// Where the same stream came from before.
    before: Option<SocketAddr>,
}

/// A packet's place in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub ssrc: u32,
    pub sequence: u16,
}

impl Place {
    /// Whether a packet here goes on with the stream that came as far as `last`.
    fn follows(self, last: Self) -> bool {
        self.ssrc == last.ssrc && (1..MOST_DROPPED).contains(&self.sequence.wrapping_sub(last.sequence))
    }
}

impl Latch {
    /// Judges a packet that could be read (and decrypted). Where the description has changed, the search begins again.
    pub fn accept(&mut self, described: Described, from: SocketAddr, place: Place, at: Monotonic) -> Accepted {
        if self.described != described {
            *self = Self { described, sender: None };
        }
        let fresh = Sender { from, packets: 1, first: at, last: at, place, before: None };
        let Some(sender) = self.sender.as_mut() else {
            self.sender = Some(fresh);
            return Accepted::Yes;
        };
        if sender.from == from {
            (sender.packets, sender.last) = (sender.packets.saturating_add(1), at);
            if place.follows(sender.place) || place.ssrc != sender.place.ssrc {
                sender.place = place;
            }
            return Accepted::Yes;
        }
        if place.follows(sender.place) {
            let before = sender.from;
            *sender = Sender { packets: sender.packets.saturating_add(1), first: sender.first, before: Some(before), ..fresh };
            return Accepted::Moved(before);
        }
        let overtaken = sender.before == Some(from) && place.ssrc == sender.place.ssrc;
        let stray = described.address != Some(sender.from) && sender.packets < ESTABLISHED && at.0 - sender.last.0 > STRAY_SILENCE;
        if overtaken || (described.address != Some(from) && !stray) {
            return Accepted::No(sender.from);
        }
        let stranger = std::mem::replace(sender, fresh);
        Accepted::InsteadOf(stranger.from, stranger.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(port: u16) -> Described {
        Described { address: Some(address(port)), generation: u32::from(port) }
    }

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Every sender has a stream of its own.
    fn first(port: u16) -> Place {
        Place { ssrc: u32::from(port), sequence: 1 }
    }

    #[test]
    fn a_stream_that_goes_on_from_another_address_is_followed() {
        let mut latch = Latch::default();
        let mut came = |port, ssrc, sequence| latch.accept(described(1), address(port), Place { ssrc, sequence }, Monotonic(0));
        assert_eq!([came(1, 7, 65_534), came(1, 7, 65_535)], [Accepted::Yes; 2]);
        // A copy of a packet, and another stream.
        assert_eq!([came(9, 7, 65_535), came(9, 8, 0)], [Accepted::No(address(1)); 2]);
        assert_eq!([came(9, 7, 0), came(9, 7, 1)], [Accepted::Moved(address(1)), Accepted::Yes]);
        // What was on its way from the first address does not bring it back; the stream itself does.
        assert_eq!([came(1, 7, 0), came(1, 7, 2)], [Accepted::No(address(9)), Accepted::Moved(address(9))]);
        assert_eq!([came(9, 7, 5000), came(1, 7, 3)], [Accepted::No(address(1)), Accepted::Yes]);
    }

    #[test]
    fn the_first_sender_is_the_peer_until_the_address_of_the_sdp_sends() {
        let mut latch = Latch::default();
        let mut came = |port| latch.accept(described(1), address(port), first(port), Monotonic(0));
        assert_eq!([2, 3, 2].map(&mut came), [Accepted::Yes, Accepted::No(address(2)), Accepted::Yes]);
        assert_eq!(came(1), Accepted::InsteadOf(address(2), Monotonic(0)));
        assert_eq!([1, 2, 3].map(came), [Accepted::Yes, Accepted::No(address(1)), Accepted::No(address(1))]);
    }

    #[test]
    fn a_stray_packet_gives_way_to_a_sender_that_goes_on() {
        let mut latch = Latch::default();
        let mut came = |port, millis: i64| latch.accept(described(1), address(port), first(port), Monotonic(millis * 1_000_000));
        assert_eq!([came(2, 0), came(3, 400)], [Accepted::Yes, Accepted::No(address(2))]);
        assert_eq!(came(3, 501), Accepted::InsteadOf(address(2), Monotonic(0)));
        for k in 1..5 {
            assert_eq!(came(3, 501 + 20 * k), Accepted::Yes);
        }
        assert_eq!(came(2, 60_000), Accepted::No(address(3)), "a bot may be silent, and nobody takes its place");
        assert_eq!(came(1, 60_001), Accepted::InsteadOf(address(3), Monotonic(501_000_000)));
    }

    #[test]
    fn media_that_moves_is_latched_anew() {
        let mut latch = Latch::default();
        let mut came = |to, port| latch.accept(described(to), address(port), first(port), Monotonic(0));
        assert_eq!([came(1, 1), came(1, 9), came(5, 9)], [Accepted::Yes, Accepted::No(address(1)), Accepted::Yes]);
    }

    #[test]
    fn after_a_hold_the_search_begins_again_though_the_address_is_the_same() {
        let mut latch = Latch::default();
        let mut came =
            |generation, port, at| latch.accept(Described { generation, ..described(1) }, address(port), first(port), Monotonic(at));
        assert_eq!(
            [came(1, 2, 0), came(3, 9, 50), came(3, 1, 60)],
            [Accepted::Yes, Accepted::Yes, Accepted::InsteadOf(address(9), Monotonic(50))]
        );
    }
}
