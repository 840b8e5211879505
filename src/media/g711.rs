//! G.711 (ITU-T), the codec that every telephone has.

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

use crate::codec::Codec;

/// Encodes linear samples, one byte each; `None` for a codec that is not G.711.
pub fn encode(codec: Codec, samples: &[i16]) -> Option<Vec<u8>> {
    let encode = match codec {
        Codec::Pcmu => encode_ulaw,
        Codec::Pcma => encode_alaw,
        Codec::G722 | Codec::Opus | Codec::L16 => return None,
    };
    Some(samples.iter().map(|sample| encode(*sample)).collect())
}

/// Decodes to linear samples, one per byte; `None` for a codec that is not G.711.
pub fn decode(codec: Codec, payload: &[u8]) -> Option<Vec<i16>> {
    let decode = match codec {
        Codec::Pcmu => decode_ulaw,
        Codec::Pcma => decode_alaw,
        Codec::G722 | Codec::Opus | Codec::L16 => return None,
    };
    Some(payload.iter().map(|byte| decode(*byte)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_stays_silent_and_loud_stays_loud() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let out = encode(codec, &[0, 1000, -20_000]).and_then(|bytes| decode(codec, &bytes)).expect("G.711");
            assert!(out[0].abs() <= 8 && (out[1] - 1000).abs() < 40 && (out[2] + 20_000).abs() < 600, "{codec:?} {out:?}");
        }
    }
}
