//! Session descriptions (RFC 8866) of one audio stream: what it carries, how it is encrypted, where it goes.

mod crypto;
mod offer;
mod read;
mod write;

use std::net::SocketAddr;

use crate::codec::Codec;
use crate::rtp::dtls::{Fingerprint, Role};
use crate::rtp::{Formats, Outgoing, RtcpDestination};

pub use crypto::CryptoLine;
pub use offer::{answer_to, chosen, offered};
pub use read::parse;

/// The transport of a media line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `RTP/AVP` (RFC 3551).
    Avp,
    /// `RTP/AVPF` (RFC 4585).
    Avpf,
    /// `RTP/SAVP` (RFC 3711).
    Savp,
    /// `RTP/SAVPF` (RFC 5124).
    Savpf,
    /// `UDP/TLS/RTP/SAVP` (RFC 5764).
    TlsSavp,
    /// `UDP/TLS/RTP/SAVPF` (RFC 5764).
    TlsSavpf,
}

impl Profile {
    /// Names of media lines.
    pub const NAMES: &[(&str, Profile)] = &[
        ("RTP/AVP", Self::Avp),
        ("RTP/AVPF", Self::Avpf),
        ("RTP/SAVP", Self::Savp),
        ("RTP/SAVPF", Self::Savpf),
        ("UDP/TLS/RTP/SAVP", Self::TlsSavp),
        ("UDP/TLS/RTP/SAVPF", Self::TlsSavpf),
    ];

    /// As it stands in a media line.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, profile)| *profile == self).map_or("RTP/AVP", |(name, _)| name)
    }

    /// Whether it is SRTP.
    pub fn is_secure(self) -> bool {
        !matches!(self, Self::Avp | Self::Avpf)
    }
}

/// Who sends (RFC 8866, section 6.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both.
    #[default]
    SendRecv,
    /// Whoever describes itself only sends: the other side is on hold.
    SendOnly,
    /// Whoever describes itself only listens.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// Names of attributes.
    pub const NAMES: &[(&str, Direction)] =
        &[("sendrecv", Self::SendRecv), ("sendonly", Self::SendOnly), ("recvonly", Self::RecvOnly), ("inactive", Self::Inactive)];

    /// The attribute.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, direction)| *direction == self).map_or("sendrecv", |(name, _)| name)
    }

    /// What answers it (RFC 3264, section 6.1).
    #[must_use]
    pub fn answer(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            other => other,
        }
    }

    /// Whether whoever describes itself wants to hear something.
    pub fn listens(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// Which side begins the DTLS handshake (`a=setup`, RFC 4145).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setup {
    /// Whoever describes itself does.
    Active,
    /// The other side does.
    Passive,
    /// The other side chooses.
    ActPass,
}

impl Setup {
    /// Names of attributes.
    pub const NAMES: &[(&str, Setup)] = &[("active", Self::Active), ("passive", Self::Passive), ("actpass", Self::ActPass)];

    /// The attribute.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, setup)| *setup == self).map_or("actpass", |(name, _)| name)
    }

    /// The role of the other side; the answerer of `actpass` should be active (RFC 5763, section 5).
    pub fn other_role(self) -> Role {
        if self == Self::Active { Role::Passive } else { Role::Active }
    }
}

/// What one side says of its audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Where it wants RTP.
    pub address: SocketAddr,
    /// The transport.
    pub profile: Profile,
    /// The payload types that it understands.
    pub formats: Formats,
    /// Milliseconds of audio that it wants in a packet.
    pub ptime: Option<u32>,
    /// Milliseconds that it can take.
    pub maxptime: Option<u32>,
    /// Who sends.
    pub direction: Direction,
    /// RTCP may come to the same port (RFC 5761).
    pub rtcp_mux: bool,
    /// Where it wants RTCP (RFC 3605).
    pub rtcp: Option<SocketAddr>,
    /// Keys (RFC 4568), in its order.
    pub crypto: Vec<CryptoLine>,
    /// The hash of its certificate (RFC 8122).
    pub fingerprint: Option<Fingerprint>,
    /// Who begins the handshake.
    pub setup: Option<Setup>,
    /// Media lines besides the audio, as they are refused; an answer has as many as its offer (RFC 3264, section 6).
    pub refused: Vec<String>,
    /// How many of them come before the audio.
    pub place: usize,
}

impl Description {
    /// One with nothing but an address.
    pub fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            profile: Profile::Avp,
            formats: Formats::default(),
            ptime: None,
            maxptime: None,
            direction: Direction::SendRecv,
            rtcp_mux: false,
            rtcp: None,
            crypto: Vec::new(),
            fingerprint: None,
            setup: None,
            refused: Vec::new(),
            place: 0,
        }
    }

    /// Where it wants RTCP, if the other side can multiplex.
    pub fn rtcp_destination(&self) -> RtcpDestination {
        match (self.rtcp_mux, self.rtcp) {
            (true, _) => RtcpDestination::Muxed,
            (false, Some(address)) => RtcpDestination::At(address),
            (false, None) => RtcpDestination::Next,
        }
    }

    /// What to send to it: this codec, in packets of the length that it asks for, or else of the length wanted here.
    pub fn outgoing(&self, codec: Codec, number: u8, wanted: u32) -> Outgoing {
        use crate::media::packet_samples;
        use crate::rtp::Payload;
        let most = self.maxptime.filter(|most| *most >= 10).unwrap_or(60);
        let samples = packet_samples(codec, self.ptime.unwrap_or(wanted).min(most));
        Outgoing {
            codec,
            number,
            events: self.formats.number(Payload::Events(codec.clock_rate())),
            samples,
            active: self.direction.listens(),
        }
    }
}
