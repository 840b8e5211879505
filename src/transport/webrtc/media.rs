//! Opus (RFC 6716, RFC 7587) and G.711 on a WebRTC call, and the delay that Opus brings.

use ropus::{Application, Bitrate, Channels, DecodeMode, Decoder, Encoder};

use crate::media::codec::{self, SAMPLE_NANOS, SAMPLE_RATE};
use crate::scenario::WebRtcCodec;

/// An Opus packet of RFC 7587 is at most 120 ms long.
const MOST_SAMPLES: usize = 960;
const MOST_BYTES: usize = 1275;
/// The RTP clock of Opus ticks this often for each sample of a call, whatever is encoded (RFC 7587, section 4.1).
const OPUS_TICKS: u32 = 48_000 / SAMPLE_RATE;
/// From a sample going into an Opus encoder to the same sample coming out of the decoder: 6.5 ms in all modes but
/// restricted low delay (RFC 6716, section 2.1.4: 2.5 ms of look-ahead and 4 ms to align SILK and CELT).
const OPUS_DELAY_NANOS: i64 = 6_500_000;

/// Bits a second. At the 10 kbit/s that libopus takes for 8 kHz speech the ends of words move by up to 20 ms; at this rate
/// edges stay within 0.1 ms, but for what is under -58 dBFS.
const OPUS_BITS: u32 = 64_000;

/// Encodes the frames of a line.
pub enum RtcEncoder {
    /// Opus, from 8 kHz samples.
    Opus(Box<Encoder>),
    /// G.711.
    G711(crate::scenario::Codec),
}

impl RtcEncoder {
    /// For a negotiated codec.
    pub fn new(codec: WebRtcCodec) -> Result<Self, String> {
        match codec {
            WebRtcCodec::Opus => {
                let builder = Encoder::builder(SAMPLE_RATE, Channels::Mono, Application::Voip).bitrate(Bitrate::Bits(OPUS_BITS));
                let encoder = builder.complexity(5).build().map_err(|error| format!("no Opus encoder: {error:?}"))?;
                Ok(Self::Opus(Box::new(encoder)))
            }
            WebRtcCodec::G711(law) => Ok(Self::G711(law)),
        }
    }

    /// One frame of 20 ms.
    pub fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        match self {
            Self::Opus(encoder) => {
                let mut packet = [0_u8; MOST_BYTES];
                let length = encoder.encode(samples, &mut packet).unwrap_or(0);
                packet.get(..length).unwrap_or_default().to_vec()
            }
            Self::G711(law) => codec::encode(*law, samples),
        }
    }

    /// RTP timestamp units of so many samples.
    pub fn ticks(&self, samples: usize) -> u32 {
        samples as u32 * if matches!(self, Self::Opus(_)) { OPUS_TICKS } else { 1 }
    }
}

/// Decodes the packets of one stream.
pub struct RtcDecoder {
    opus: Option<Box<Decoder>>,
    law: Option<crate::scenario::Codec>,
    /// The last RTP timestamp, unwrapped.
    last: Option<i64>,
}

impl RtcDecoder {
    /// For a negotiated codec.
    pub fn new(codec: WebRtcCodec) -> Result<Self, String> {
        let (opus, law) = match codec {
            WebRtcCodec::Opus => {
                let decoder = Decoder::new(SAMPLE_RATE, Channels::Mono).map_err(|error| format!("no Opus decoder: {error:?}"))?;
                (Some(Box::new(decoder)), None)
            }
            WebRtcCodec::G711(law) => (None, Some(law)),
        };
        Ok(Self { opus, law, last: None })
    }

    /// Samples at 8 kHz; none of a packet that cannot be decoded.
    pub fn decode(&mut self, payload: &[u8]) -> Vec<i16> {
        if let Some(law) = self.law {
            return codec::decode(law, payload);
        }
        let mut samples = vec![0_i16; MOST_SAMPLES];
        let decoded = self.opus.as_mut().and_then(|decoder| decoder.decode(payload, &mut samples, DecodeMode::Normal).ok());
        samples.truncate(decoded.unwrap_or(0));
        samples
    }

    /// An RTP timestamp of the stream in samples at 8 kHz.
    pub fn timestamp(&mut self, timestamp: u32) -> u32 {
        if self.opus.is_none() {
            return timestamp;
        }
        let last = self.last.unwrap_or(i64::from(timestamp));
        let unwrapped = last + i64::from(timestamp.wrapping_sub(last as u32) as i32);
        self.last = Some(unwrapped);
        unwrapped.div_euclid(i64::from(OPUS_TICKS)) as u32
    }

    /// By how much the samples of a packet are older than their place in it, in nanoseconds.
    pub fn delay_nanos(&self) -> i64 {
        if self.opus.is_some() { OPUS_DELAY_NANOS / SAMPLE_NANOS * SAMPLE_NANOS } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A sweep that is like itself at no other place.
    fn clip() -> Vec<i16> {
        let phase = |k: i32| f64::from(k - 3000).powi(2) * 0.000_08;
        (0..8000).map(|k| if k < 3000 { 0 } else { (phase(k).sin() * 9000.0) as i16 }).collect()
    }

    #[test]
    fn the_delay_of_opus_is_known() {
        let mut encoder = RtcEncoder::new(WebRtcCodec::Opus).expect("encoder");
        let mut decoder = RtcDecoder::new(WebRtcCodec::Opus).expect("decoder");
        let clip = clip();
        let heard: Vec<i16> = clip.chunks(160).flat_map(|frame| decoder.decode(&encoder.encode(frame))).collect();
        assert_eq!(heard.len(), clip.len());
        let match_at = |delay: usize| (3000..7500).map(|k| f64::from(heard[k + delay]) * f64::from(clip[k])).sum::<f64>();
        let best = (0..80).max_by(|a, b| match_at(*a).total_cmp(&match_at(*b))).expect("delays");
        assert_eq!(best as i64, decoder.delay_nanos() / SAMPLE_NANOS);
    }

    #[test]
    fn the_edges_of_speech_stay_where_they_are() {
        let clip: &[u8] = include_bytes!("../../../audio/caller/calibrate-1.wav");
        let clip = crate::media::wav::read(clip).expect("WAV").samples;
        let mut encoder = RtcEncoder::new(WebRtcCodec::Opus).expect("encoder");
        let mut decoder = RtcDecoder::new(WebRtcCodec::Opus).expect("decoder");
        let heard: Vec<i16> = clip.chunks_exact(160).flat_map(|frame| decoder.decode(&encoder.encode(frame))).collect();
        let delay = (decoder.delay_nanos() / SAMPLE_NANOS) as usize;
        let audible = |sample: &i16| sample.unsigned_abs() > 100;
        let edges = |samples: &[i16]| (samples.iter().position(audible).expect("first"), samples.iter().rposition(audible).expect("last"));
        let ((first, last), (heard_first, heard_last)) = (edges(&clip), edges(&heard[delay..]));
        assert!(first.abs_diff(heard_first) <= 8 && last.abs_diff(heard_last) <= 8, "{first} {heard_first}, {last} {heard_last}");
    }

    #[test]
    fn timestamps_of_opus_run_through_the_wrap() {
        let mut decoder = RtcDecoder::new(WebRtcCodec::Opus).expect("decoder");
        let first = decoder.timestamp(u32::MAX - 479);
        assert_eq!(decoder.timestamp(480).wrapping_sub(first), 160);
        assert_eq!(decoder.timestamp(1440).wrapping_sub(first), 320);
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_panic(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8)) {
            let mut decoder = RtcDecoder::new(WebRtcCodec::Opus).expect("decoder");
            for packet in packets {
                prop_assert!(decoder.decode(&packet).len() <= MOST_SAMPLES);
            }
        }
    }
}
