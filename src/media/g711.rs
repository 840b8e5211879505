//! G.711 (ITU-T), the codec that every telephone has: one byte per sample.

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

/// Encodes linear samples by mu-law (PCMU).
pub fn encode_pcmu(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| encode_ulaw(*sample)).collect()
}

/// Encodes linear samples by A-law (PCMA).
pub fn encode_pcma(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| encode_alaw(*sample)).collect()
}

/// Decodes mu-law (PCMU) to linear samples.
pub fn decode_pcmu(payload: &[u8]) -> Vec<i16> {
    payload.iter().map(|byte| decode_ulaw(*byte)).collect()
}

/// Decodes A-law (PCMA) to linear samples.
pub fn decode_pcma(payload: &[u8]) -> Vec<i16> {
    payload.iter().map(|byte| decode_alaw(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_stays_silent_and_loud_stays_loud() {
        let samples = [0, 1000, -20_000];
        for out in [decode_pcmu(&encode_pcmu(&samples)), decode_pcma(&encode_pcma(&samples))] {
            assert!(out[0].abs() <= 8 && (out[1] - 1000).abs() < 40 && (out[2] + 20_000).abs() < 600, "{out:?}");
        }
    }
}
