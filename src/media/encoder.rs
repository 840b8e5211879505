//! Voice encoders: 8 kHz samples in, what a packet carries out.

use audio_codec::Encoder as _;
use audio_codec::g722::G722Encoder;
use ropus::{Application, Bitrate, Channels, Encoder};

use super::{StreamResampler, g711};
use crate::codec::{Codec, FRAME, SAMPLE_RATE};

/// Samples per second that G.722 encodes.
pub(super) const G722_RATE: u32 = 16_000;
const MOST_BYTES: usize = 1275;
/// Bits per second. At the 10 kbit/s that libopus takes for 8 kHz speech the ends of words move by up to 20 ms; at this rate
/// edges stay within 0.1 ms, except for sound under -58 dBFS.
const OPUS_BITS: u32 = 64_000;
/// Opus frames, in samples at 8 kHz (RFC 6716, section 2.1.4); 30 and 50 ms would take two.
const OPUS_FRAMES: [usize; 4] = [480, 320, 160, 80];
/// Frames of silence after which encoder and decoder have settled, and the same packet means the same.
const SETTLED: u32 = 25;

/// Samples at 8 kHz of one packet, where packets of `wanted` milliseconds are asked for.
pub fn packet_samples(codec: Codec, wanted: u32) -> usize {
    let wanted = wanted.clamp(10, 60) as usize / 10 * (FRAME / 2);
    match codec {
        Codec::Opus => OPUS_FRAMES.into_iter().find(|frame| *frame <= wanted).unwrap_or(FRAME),
        _ => wanted,
    }
}

/// Encodes the frames of a line.
pub enum VoiceEncoder {
    /// G.711 mu-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722, behind a resampler.
    G722(Box<G722>),
    /// Opus, from 8 kHz samples.
    Opus(Box<Opus>),
}

/// An Opus encoder that does not encode the same silence again and again: a caller says nothing for most of a call.
pub struct Opus {
    coder: Encoder,
    /// Frames of digital silence so far, and the packet of the last one.
    silent: u32,
    silence: Vec<u8>,
    /// Samples of that frame.
    length: usize,
}

impl Opus {
    fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        let silent = samples.iter().all(|sample| *sample == 0);
        if silent && self.silent >= SETTLED && self.length == samples.len() {
            return self.silence.clone();
        }
        let mut packet = [0_u8; MOST_BYTES];
        let length = self.coder.encode(samples, &mut packet).unwrap_or(0);
        let packet = packet.get(..length).unwrap_or_default().to_vec();
        self.silent = if silent { self.silent + 1 } else { 0 };
        if silent {
            (self.silence, self.length) = (packet.clone(), samples.len());
        }
        packet
    }
}

/// The encoder of G.722 and what doubles the rate before it.
pub struct G722 {
    line: StreamResampler,
    coder: G722Encoder,
}

impl VoiceEncoder {
    /// At the start of a stream.
    ///
    /// # Errors
    /// The encoder's library has none to give.
    pub fn new(codec: Codec) -> Result<Self, String> {
        Ok(match codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::Pcma => Self::Pcma,
            Codec::G722 => {
                let line = StreamResampler::delayed(SAMPLE_RATE, G722_RATE);
                Self::G722(Box::new(G722 { line, coder: G722Encoder::new() }))
            }
            Codec::L16 => return Err("L16 is not used over RTP".to_owned()),
            Codec::Opus => {
                let builder = Encoder::builder(SAMPLE_RATE, Channels::Mono, Application::Voip).bitrate(Bitrate::Bits(OPUS_BITS));
                let encoder = builder.complexity(5).build().map_err(|error| format!("no Opus encoder: {error:?}"))?;
                Self::Opus(Box::new(Opus { coder: encoder, silent: 0, silence: Vec::new(), length: 0 }))
            }
        })
    }

    /// One frame, a multiple of 10 ms.
    pub fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        match self {
            Self::Pcmu => g711::encode_pcmu(samples),
            Self::Pcma => g711::encode_pcma(samples),
            Self::G722(g722) => {
                let wide = g722.line.push(samples);
                g722.coder.encode(&wide)
            }
            Self::Opus(opus) => opus.encode(samples),
        }
    }

    /// RTP timestamp units of so many samples.
    pub fn ticks(&self, samples: usize) -> u32 {
        samples as u32 * if matches!(self, Self::Opus(_)) { Codec::Opus.ticks_per_sample() } else { 1 }
    }

    /// By how much a sample leaves later than its frame, in nanoseconds. The delay of the codec itself is the decoder's to
    /// subtract: half of it arises there.
    pub fn delay_nanos(&self) -> i64 {
        match self {
            Self::G722(g722) => g722.line.delay_nanos(),
            Self::Pcmu | Self::Pcma | Self::Opus(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_as_long_as_the_codec_can_make_it() {
        let millis = |codec| [10, 20, 30, 40, 50, 60].map(|wanted| packet_samples(codec, wanted) / 8);
        assert_eq!(millis(Codec::Pcmu), [10, 20, 30, 40, 50, 60]);
        assert_eq!(millis(Codec::G722), [10, 20, 30, 40, 50, 60]);
        assert_eq!(millis(Codec::Opus), [10, 20, 20, 40, 40, 60]);
        assert_eq!((packet_samples(Codec::Pcma, 0), packet_samples(Codec::Pcma, 500)), (80, 480));
    }

    #[test]
    fn every_codec_makes_one_payload_a_frame() {
        for (codec, bytes) in [(Codec::Pcmu, 160), (Codec::Pcma, 160), (Codec::G722, 160)] {
            let mut encoder = VoiceEncoder::new(codec).expect("encoder");
            assert!((0..4).all(|_| encoder.encode(&[1000; 160]).len() == bytes), "{codec:?}");
        }
        let mut opus = VoiceEncoder::new(Codec::Opus).expect("encoder");
        assert!([80, 160, 320, 480].iter().all(|frame| !opus.encode(&vec![1000; *frame]).is_empty()));
    }
}
