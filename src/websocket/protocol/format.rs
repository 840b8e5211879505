//! Wire formats: their names in JSON, their durations, and which of them a protocol carries.

use super::message::{ProtocolError, WireFormat};
use crate::codec::Codec;

/// G.711 mu-law.
pub(in crate::websocket) const PCMU: WireFormat = WireFormat { codec: Codec::Pcmu, rate: 8_000 };

/// G.711 A-law.
pub(in crate::websocket) const PCMA: WireFormat = WireFormat { codec: Codec::Pcma, rate: 8_000 };

/// Linear samples at a rate.
pub(in crate::websocket) const fn l16(rate: u32) -> WireFormat {
    WireFormat { codec: Codec::L16, rate }
}

/// Sampling rates that a stream may have, in hertz: outside of them, memory and time would be out of proportion to the audio.
pub(in crate::websocket) const RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// The format asked for if the protocol carries it, else the protocol's first.
pub(in crate::websocket) fn choose(asked: Option<WireFormat>, formats: &[WireFormat]) -> WireFormat {
    adopt(asked, formats.first().copied().unwrap_or(PCMU), formats)
}

/// The format that a stream begins with if the protocol carries it, else the current one.
pub(in crate::websocket) fn adopt(begin: Option<WireFormat>, current: WireFormat, formats: &[WireFormat]) -> WireFormat {
    begin.filter(|format| formats.contains(format)).unwrap_or(current)
}

/// The encoding under any of the names that providers have for it.
pub(in crate::websocket) fn encoding(name: &str) -> Option<Codec> {
    let name = name.to_ascii_lowercase();
    let is = |known: &[&str]| known.iter().any(|part| name.contains(part));
    if is(&["mulaw", "ulaw", "pcmu"]) {
        Some(Codec::Pcmu)
    } else if is(&["alaw", "pcma"]) {
        Some(Codec::Pcma)
    } else if is(&["l16", "raw", "slin", "linear", "pcm"]) {
        Some(Codec::L16)
    } else {
        None
    }
}

/// How many milliseconds this many bytes last.
pub(in crate::websocket) fn milliseconds(format: WireFormat, bytes: u64) -> u64 {
    let samples = if format.codec == Codec::L16 { bytes / 2 } else { bytes };
    samples.saturating_mul(1_000) / u64::from(format.rate).max(1)
}

/// The payload, or an error if it ends inside a sample.
pub(in crate::websocket) fn whole_samples(who: &str, payload: Vec<u8>, format: WireFormat) -> Result<Vec<u8>, ProtocolError> {
    if format.codec == Codec::L16 && !payload.len().is_multiple_of(2) {
        let length = payload.len();
        return Err(ProtocolError(format!("{who}'s audio has {length} bytes, which is not a whole number of 16-bit samples")));
    }
    Ok(payload)
}

/// Joins binary messages that were cut inside a sample, for protocols whose provider joins them.
#[derive(Debug, Default)]
pub(in crate::websocket) struct HalfSample(Option<u8>);

impl HalfSample {
    /// The whole samples that there are now.
    pub(in crate::websocket) fn join(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut whole: Vec<u8> = self.0.take().into_iter().chain(bytes.iter().copied()).collect();
        if !whole.len().is_multiple_of(2) {
            self.0 = whole.pop();
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_names_are_known() {
        for (name, expected) in [
            ("audio/x-mulaw", Some(Codec::Pcmu)),
            ("PCMU", Some(Codec::Pcmu)),
            ("PCMA", Some(Codec::Pcma)),
            ("audio/x-l16", Some(Codec::L16)),
            ("audio/x-raw", Some(Codec::L16)),
            ("raw/slin", Some(Codec::L16)),
            ("OPUS", None),
        ] {
            assert_eq!(encoding(name), expected, "{name}");
        }
    }

    #[test]
    fn a_sample_cut_in_two_is_joined() {
        let mut half = HalfSample::default();
        assert_eq!(half.join(&[1, 2, 3]), [1, 2]);
        assert_eq!(half.join(&[4]), [3, 4]);
        assert_eq!(half.join(&[]), [0_u8; 0]);
    }
}
