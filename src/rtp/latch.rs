//! Whose packets are the bot's: symmetric RTP (RFC 4961) with latching.
//!
//! Bots behind NAT or in containers send from other addresses than their SDP says, and the beginning of what they say must not be
//! lost: the first sender is taken at once. It gives way to the address of the SDP when that sends, and a sender of a packet or
//! two to one that keeps sending.

use std::net::SocketAddr;

use crate::clock::Monotonic;

/// So many packets make a sender the peer for good. One with fewer that is silent for [`STRAY_SILENCE`] was not.
const ESTABLISHED: u32 = 5;

/// In nanoseconds.
const STRAY_SILENCE: i64 = 500_000_000;

/// Whether a packet's sender is the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    Yes,
    /// The peer replaces another sender, which was taken for it since then.
    InsteadOf(SocketAddr, Monotonic),
    No,
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
}

impl Latch {
    /// Judges a packet that could be read (and decrypted). Where the description has changed, the search begins again.
    pub fn accept(&mut self, described: Described, from: SocketAddr, at: Monotonic) -> Accepted {
        if self.described != described {
            *self = Self { described, sender: None };
        }
        let fresh = Sender { from, packets: 1, first: at, last: at };
        let Some(sender) = self.sender.as_mut() else {
            self.sender = Some(fresh);
            return Accepted::Yes;
        };
        if sender.from == from {
            (sender.packets, sender.last) = (sender.packets.saturating_add(1), at);
            return Accepted::Yes;
        }
        let stray = described.address != Some(sender.from) && sender.packets < ESTABLISHED && at.0 - sender.last.0 > STRAY_SILENCE;
        if described.address != Some(from) && !stray {
            return Accepted::No;
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

    #[test]
    fn the_first_sender_is_the_peer_until_the_address_of_the_sdp_sends() {
        let mut latch = Latch::default();
        let mut came = |port| latch.accept(described(1), address(port), Monotonic(0));
        assert_eq!([2, 3, 2].map(&mut came), [Accepted::Yes, Accepted::No, Accepted::Yes]);
        assert_eq!(came(1), Accepted::InsteadOf(address(2), Monotonic(0)));
        assert_eq!([1, 2, 3].map(came), [Accepted::Yes, Accepted::No, Accepted::No]);
    }

    #[test]
    fn a_stray_packet_gives_way_to_a_sender_that_goes_on() {
        let mut latch = Latch::default();
        let mut came = |port, millis: i64| latch.accept(described(1), address(port), Monotonic(millis * 1_000_000));
        assert_eq!([came(2, 0), came(3, 400)], [Accepted::Yes, Accepted::No]);
        assert_eq!(came(3, 501), Accepted::InsteadOf(address(2), Monotonic(0)));
        for k in 1..5 {
            assert_eq!(came(3, 501 + 20 * k), Accepted::Yes);
        }
        assert_eq!(came(2, 60_000), Accepted::No, "a bot may be silent, and nobody takes its place");
        assert_eq!(came(1, 60_001), Accepted::InsteadOf(address(3), Monotonic(501_000_000)));
    }

    #[test]
    fn media_that_moves_is_latched_anew() {
        let mut latch = Latch::default();
        let mut came = |to, port| latch.accept(described(to), address(port), Monotonic(0));
        assert_eq!([came(1, 1), came(1, 9), came(5, 9)], [Accepted::Yes, Accepted::No, Accepted::Yes]);
    }

    #[test]
    fn after_a_hold_the_search_begins_again_though_the_address_is_the_same() {
        let mut latch = Latch::default();
        let mut came = |generation, port, at| latch.accept(Described { generation, ..described(1) }, address(port), Monotonic(at));
        assert_eq!(
            [came(1, 2, 0), came(3, 9, 50), came(3, 1, 60)],
            [Accepted::Yes, Accepted::Yes, Accepted::InsteadOf(address(9), Monotonic(50))]
        );
    }
}
