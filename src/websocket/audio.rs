//! Converts between the samples of a call (8 kHz, linear) and those of a stream.

use super::protocol::WireFormat;
use crate::codec::{Codec, SAMPLE_RATE};
use crate::media::{StreamResampler, g711};

/// Writes a line's samples in a stream's format.
pub(crate) struct WireEncoder {
    format: WireFormat,
    line: StreamResampler,
}

impl WireEncoder {
    /// For a stream in this format.
    pub fn new(format: WireFormat) -> Self {
        Self { format, line: StreamResampler::delayed(SAMPLE_RATE, format.rate) }
    }

    /// The resampler's delay, in nanoseconds.
    pub fn delay_nanos(&self) -> i64 {
        self.line.delay_nanos()
    }

    /// One frame.
    pub fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        let samples = self.line.push(samples);
        match self.format.codec {
            Codec::Pcmu => g711::encode_pcmu(&samples),
            Codec::Pcma => g711::encode_pcma(&samples),
            // No media socket carries anything else (`SOCKET_ENCODINGS`).
            Codec::L16 | Codec::G722 | Codec::Opus => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
        }
    }
}

/// Reads a stream's samples.
pub(crate) struct WireDecoder {
    format: WireFormat,
    stream: StreamResampler,
}

impl WireDecoder {
    /// For a stream that begins in this format.
    pub fn new(format: WireFormat) -> Self {
        Self { format, stream: StreamResampler::new(format.rate, SAMPLE_RATE) }
    }

    /// What the stream's bytes are read as.
    pub fn format(&self) -> WireFormat {
        self.format
    }

    /// The samples that these bytes complete; a change of format flushes what came before.
    pub fn decode(&mut self, format: Option<WireFormat>, payload: &[u8]) -> Vec<i16> {
        let mut out = Vec::new();
        if let Some(format) = format.filter(|format| *format != self.format) {
            out = self.flush();
            *self = Self::new(format);
        }
        let samples = match self.format.codec {
            Codec::Pcmu => g711::decode_pcmu(payload),
            Codec::Pcma => g711::decode_pcma(payload),
            // Linear; protocols pass on whole samples only.
            Codec::L16 | Codec::G722 | Codec::Opus => payload.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect(),
        };
        out.extend(self.stream.push(&samples));
        out
    }

    /// How many samples at 8 kHz this many bytes of the stream make.
    pub fn samples_of(&self, bytes: usize) -> i64 {
        let samples = if self.format.codec == Codec::L16 { bytes / 2 } else { bytes };
        samples as i64 * i64::from(SAMPLE_RATE) / i64::from(self.format.rate.max(1))
    }

    /// By how much the first sample that the next message gives lies before that message, in nanoseconds: what the resampler
    /// holds back of earlier messages comes out with it.
    pub fn held_nanos(&self) -> i64 {
        self.stream.held_nanos()
    }

    /// The end of a talkspurt.
    pub fn flush(&mut self) -> Vec<i16> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let formats = [(Codec::Pcmu, 8000), (Codec::Pcma, 8000), (Codec::L16, 8000), (Codec::L16, 16_000), (Codec::L16, 24_000)];
        for (codec, rate) in formats {
            let format = WireFormat { codec, rate };
            let (mut encoder, mut decoder) = (WireEncoder::new(format), WireDecoder::new(format));
            let clip: Vec<i16> = (0..1600).map(|k| ((f64::from(k) * 0.3).sin() * 8000.0) as i16).collect();
            let bytes: Vec<u8> = clip.chunks(160).flat_map(|frame| encoder.encode(frame)).collect();
            let mut heard: Vec<i16> = bytes.chunks(334).flat_map(|part| decoder.decode(None, part)).collect();
            heard.extend(decoder.flush());
            assert_eq!(heard.len(), clip.len(), "{format:?}");
            let delay = (encoder.delay_nanos() as f64 / 125_000.0).round() as usize;
            let worst = (400..1200).map(|k| (heard[k + delay] - clip[k]).abs()).max();
            assert!(worst < Some(500), "{format:?}: {worst:?}");
        }
    }
}
