//! Audio codecs, and the format that a call's audio has between them: linear 16-bit samples at 8 kHz, mono.

/// Samples per second of a call's audio.
pub const SAMPLE_RATE: u32 = 8000;
/// Samples in the 20 ms frames that goldencall sends.
pub const FRAME: usize = 160;
/// Nanoseconds per sample.
pub const SAMPLE_NANOS: i64 = 1_000_000_000 / SAMPLE_RATE as i64;

/// How audio is coded on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law, 8 kHz.
    Pcmu,
    /// G.711 A-law, 8 kHz.
    Pcma,
    /// G.722 at 64 kbit/s (RFC 3551: an RTP clock of 8000 for 16 kHz).
    G722,
    /// Opus (RFC 7587).
    Opus,
    /// Linear 16-bit samples; little-endian, as media sockets carry them.
    L16,
}

impl Codec {
    /// The encoding name of SDP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
            Self::L16 => "L16",
        }
    }

    /// The RTP payload type that offers give it: its static one, or a free one (RFC 3551, sections 3 and 6).
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            Self::L16 => 107,
            Self::Opus => 111,
        }
    }

    /// RTP clock ticks per sample at 8 kHz: Opus always counts at 48 kHz (RFC 7587, section 4.1), G.722 at 8 kHz although it has
    /// twice the samples (RFC 3551, section 4.5.2).
    pub const fn ticks_per_sample(self) -> u32 {
        match self {
            Self::Opus => 48_000 / SAMPLE_RATE,
            Self::Pcmu | Self::Pcma | Self::G722 | Self::L16 => 1,
        }
    }

    /// The RTP clock in hertz.
    pub const fn clock_rate(self) -> u32 {
        SAMPLE_RATE * self.ticks_per_sample()
    }
}
