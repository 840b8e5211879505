//! What the descriptions of both sides agreed on.

use std::net::SocketAddr;

use crate::codec::Codec;

/// What is sent, by the peer's last description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The codec.
    pub codec: Codec,
    /// Its payload type.
    pub number: u8,
    /// The payload type of telephone events.
    pub events: Option<u8>,
    /// Samples at 8 kHz per packet.
    pub samples: usize,
    /// The peer receives: not on hold.
    pub active: bool,
}

/// Where the peer receives RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtcpDestination {
    /// With RTP (RFC 5761).
    Muxed,
    /// One port above RTP.
    Next,
    /// At an address of its own (RFC 3605).
    At(SocketAddr),
}
