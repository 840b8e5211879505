//! G.711 (ITU-T), the codec that every telephone has.

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

use crate::scenario::Codec;

/// Samples a second of every G.711 stream.
pub const SAMPLE_RATE: u32 = 8000;
/// Samples in the 20 ms packets that goldencall sends.
pub const FRAME: usize = 160;
/// Nanoseconds a sample.
pub const SAMPLE_NANOS: i64 = 1_000_000_000 / SAMPLE_RATE as i64;

/// Encodes linear samples, one byte each.
pub fn encode(codec: Codec, samples: &[i16]) -> Vec<u8> {
    let encode = match codec {
        Codec::Pcmu => encode_ulaw,
        Codec::Pcma => encode_alaw,
    };
    samples.iter().map(|sample| encode(*sample)).collect()
}

/// Decodes to linear samples, one a byte.
pub fn decode(codec: Codec, payload: &[u8]) -> Vec<i16> {
    let decode = match codec {
        Codec::Pcmu => decode_ulaw,
        Codec::Pcma => decode_alaw,
    };
    payload.iter().map(|byte| decode(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_stays_silent_and_loud_stays_loud() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let out = decode(codec, &encode(codec, &[0, 1000, -20_000]));
            assert!(out[0].abs() <= 8 && (out[1] - 1000).abs() < 40 && (out[2] + 20_000).abs() < 600, "{codec:?} {out:?}");
        }
    }
}
