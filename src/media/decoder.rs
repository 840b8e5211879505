//! Voice decoders, and the delay that a codec brings.

use audio_codec::Decoder as _;
use audio_codec::g722::G722Decoder;
use ropus::{Channels, DecodeMode, Decoder};

use super::encoder::G722_RATE;
use super::{StreamResampler, g711};
use crate::codec::{Codec, SAMPLE_NANOS, SAMPLE_RATE};

/// An Opus packet of RFC 7587 is at most 120 ms long.
const MOST_SAMPLES: usize = 960;
/// From a sample going into an Opus encoder to the same sample coming out of the decoder: 6.5 ms in all modes except
/// restricted low delay (RFC 6716, section 2.1.4: 2.5 ms of look-ahead and 4 ms to align SILK and CELT).
const OPUS_DELAY: usize = 6_500_000 / SAMPLE_NANOS as usize;
/// The same of G.722: two quadrature mirror filters of 24 taps delay by 22 samples at 16 kHz.
const G722_DELAY: usize = 11;

/// What one packet holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Samples at 8 kHz; none of a packet that cannot be decoded.
    pub samples: Vec<i16>,
    /// By how many samples they are older than their place in the stream: the known delay of codec and resampler.
    pub behind: usize,
}

/// Decodes the packets of one stream.
pub struct VoiceDecoder {
    codec: Codec,
    state: State,
    /// The last RTP timestamp, unwrapped.
    last: Option<i64>,
}

enum State {
    Pcmu,
    Pcma,
    G722(Box<G722>),
    Opus(Box<Decoder>),
}

/// The decoder of G.722 and what halves the rate behind it.
struct G722 {
    coder: G722Decoder,
    line: StreamResampler,
}

impl VoiceDecoder {
    /// At the start of a stream.
    ///
    /// # Errors
    /// The decoder's library has none to give.
    pub fn new(codec: Codec) -> Result<Self, String> {
        let state = match codec {
            Codec::Pcmu => State::Pcmu,
            Codec::Pcma => State::Pcma,
            Codec::G722 => {
                let (coder, line) = (G722Decoder::default(), StreamResampler::delayed(G722_RATE, SAMPLE_RATE));
                State::G722(Box::new(G722 { coder, line }))
            }
            Codec::L16 => return Err("L16 is not used over RTP".to_owned()),
            Codec::Opus => {
                let decoder = Decoder::new(SAMPLE_RATE, Channels::Mono).map_err(|error| format!("no Opus decoder: {error:?}"))?;
                State::Opus(Box::new(decoder))
            }
        };
        Ok(Self { codec, state, last: None })
    }

    /// The next packet of the stream, of any length.
    pub fn decode(&mut self, payload: &[u8]) -> Decoded {
        match &mut self.state {
            State::Pcmu => Decoded { samples: g711::decode_pcmu(payload), behind: 0 },
            State::Pcma => Decoded { samples: g711::decode_pcma(payload), behind: 0 },
            State::G722(g722) => {
                let G722 { coder, line } = &mut **g722;
                // What the resampler has not filled a step with comes first, and belongs before this packet.
                let behind = G722_DELAY + line.pending() / 2 + (line.delay_nanos() / SAMPLE_NANOS) as usize;
                Decoded { samples: line.push(&coder.decode(payload)), behind }
            }
            State::Opus(decoder) => {
                let mut samples = vec![0_i16; MOST_SAMPLES];
                let decoded = decoder.decode(payload, &mut samples, DecodeMode::Normal).unwrap_or(0);
                samples.truncate(decoded);
                Decoded { samples, behind: OPUS_DELAY }
            }
        }
    }

    /// An RTP timestamp of the stream in samples at 8 kHz.
    pub fn timestamp(&mut self, timestamp: u32) -> u32 {
        let ticks = self.codec.ticks_per_sample();
        if ticks == 1 {
            return timestamp;
        }
        let last = self.last.unwrap_or(i64::from(timestamp));
        let unwrapped = last + i64::from(timestamp.wrapping_sub(last as u32) as i32);
        self.last = Some(unwrapped);
        unwrapped.div_euclid(i64::from(ticks)) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::encoder::VoiceEncoder;
    use super::*;

    const ALL: [Codec; 4] = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];

    /// A sweep that is like itself at no other place.
    fn clip() -> Vec<i16> {
        let phase = |k: i32| f64::from(k - 3000).powi(2) * 0.000_08;
        (0..8000).map(|k| if k < 3000 { 0 } else { (phase(k).sin() * 9000.0) as i16 }).collect()
    }

    /// A second of silence before and between: what is repeated of it must neither sound nor spoil the word after it.
    #[test]
    fn silence_that_is_not_encoded_again_stays_silent_and_changes_no_word() {
        let word: Vec<i16> = clip()[3000..].to_vec();
        let silence = vec![0_i16; 8000];
        let line = [&silence[..], &word[..4960], &silence, &word[..4960]].concat();
        let mut encoder = VoiceEncoder::new(Codec::Opus).expect("encoder");
        let mut decoder = VoiceDecoder::new(Codec::Opus).expect("decoder");
        let heard: Vec<i16> = line.chunks(160).flat_map(|frame| decoder.decode(&encoder.encode(frame)).samples).collect();
        let quiet = heard[400..7900].iter().chain(&heard[8000 + 4960 + 800..16_000 + 4960]).map(|sample| sample.unsigned_abs()).max();
        assert!(quiet < Some(20), "{quiet:?}");
        let (first, second) = (&heard[8000..8000 + 4960], &heard[16_000 + 4960..16_000 + 9920]);
        let energy = |x: &mut dyn Iterator<Item = f64>| x.map(|sample| sample * sample).sum::<f64>();
        let apart = energy(&mut first.iter().zip(second).map(|(a, b)| f64::from(*a) - f64::from(*b)));
        let whole = energy(&mut first.iter().map(|sample| f64::from(*sample)));
        assert!(apart < whole * 0.01, "{apart} of {whole}");
    }

    /// What is heard of a clip, and by how many samples it is said to be late.
    fn through(codec: Codec, clip: &[i16], packet: usize) -> (Vec<i16>, usize) {
        let mut encoder = VoiceEncoder::new(codec).expect("encoder");
        let mut decoder = VoiceDecoder::new(codec).expect("decoder");
        let mut behind = 0;
        let heard = clip.chunks_exact(packet).flat_map(|frame| {
            let decoded = decoder.decode(&encoder.encode(frame));
            behind = decoded.behind + (encoder.delay_nanos() / SAMPLE_NANOS) as usize;
            decoded.samples
        });
        let heard: Vec<i16> = heard.collect();
        (heard, behind)
    }

    #[test]
    fn the_delay_of_every_codec_is_known() {
        for codec in ALL {
            let clip = clip();
            let (heard, behind) = through(codec, &clip, 160);
            assert_eq!(heard.len(), clip.len());
            let match_at = |delay: usize| (3000..7500).map(|k| f64::from(heard[k + delay]) * f64::from(clip[k])).sum::<f64>();
            let best = (0..200).max_by(|a, b| match_at(*a).total_cmp(&match_at(*b))).expect("delays");
            assert_eq!(best, behind, "{codec:?}");
        }
    }

    #[test]
    fn the_edges_of_speech_stay_where_they_are() {
        let clip: &[u8] = include_bytes!("../../audio/caller/calibrate-1.wav");
        let clip = crate::media::wav::read(clip).expect("WAV").samples;
        for codec in ALL {
            let (heard, behind) = through(codec, &clip, 160);
            let audible = |sample: &i16| sample.unsigned_abs() > 100;
            let edges =
                |samples: &[i16]| (samples.iter().position(audible).expect("first"), samples.iter().rposition(audible).expect("last"));
            let ((first, last), (heard_first, heard_last)) = (edges(&clip), edges(&heard[behind..]));
            assert!(
                first.abs_diff(heard_first) <= 8 && last.abs_diff(heard_last) <= 8,
                "{codec:?} {first} {heard_first}, {last} {heard_last}"
            );
        }
    }

    #[test]
    fn packets_of_any_length_are_in_their_place() {
        let mut encoder = VoiceEncoder::new(Codec::G722).expect("encoder");
        let clip = clip();
        let bytes: Vec<u8> = clip.chunks_exact(80).flat_map(|frame| encoder.encode(frame)).collect();
        let mut decoder = VoiceDecoder::new(Codec::G722).expect("decoder");
        let mut placed = vec![0_i16; clip.len() + 400];
        // 37 samples are not a whole step of the resampler.
        for (k, payload) in bytes.chunks(37).enumerate() {
            let Decoded { samples, behind } = decoder.decode(payload);
            let at = 200 + k * 37 - behind;
            placed[at..at + samples.len()].copy_from_slice(&samples);
        }
        let late = 200 - (encoder.delay_nanos() / SAMPLE_NANOS) as usize;
        let worst = (4000..7000).map(|k| (i32::from(placed[k + 2 * 200 - late]) - i32::from(clip[k])).abs()).max();
        assert!(worst.is_some_and(|worst| worst < 1500), "{worst:?}");
    }

    #[test]
    fn timestamps_of_opus_run_through_the_wrap() {
        let mut decoder = VoiceDecoder::new(Codec::Opus).expect("decoder");
        let first = decoder.timestamp(u32::MAX - 479);
        assert_eq!(decoder.timestamp(480).wrapping_sub(first), 160);
        assert_eq!(decoder.timestamp(1440).wrapping_sub(first), 320);
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_panic(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8)) {
            for codec in ALL {
                let mut decoder = VoiceDecoder::new(codec).expect("decoder");
                for packet in &packets {
                    prop_assert!(decoder.decode(packet).samples.len() <= MOST_SAMPLES);
                }
            }
        }
    }
}
