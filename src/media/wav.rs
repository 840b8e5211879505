//! WAV files: PCM and G.711, any layout that telephony tools write, brought to one 16-bit channel.
//!
//! One small reader serves both: the usual library refuses G.711 and the open-ended headers that
//! streaming recorders leave behind.

use audio_codec_algorithms::{decode_alaw, decode_ulaw};

use super::resample;

const TAG_PCM: u16 = 1;
const TAG_FLOAT: u16 = 3;
const TAG_ALAW: u16 = 6;
const TAG_ULAW: u16 = 7;
const TAG_EXTENSIBLE: u16 = 0xFFFE;

/// The lowest sample rate accepted, in hertz.
pub const MIN_RATE: u32 = 8_000;
/// The highest sample rate accepted, in hertz.
pub const MAX_RATE: u32 = 48_000;

/// Mono audio of one sample rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Samples per second, 8000 to 48000 when read from a file.
    pub rate: u32,
    /// 16-bit samples; several channels have been averaged into one.
    pub samples: Vec<i16>,
}

impl Clip {
    /// The same audio at another rate. Output sample `k` is the input at time `k / rate`: the
    /// resampler's delay is subtracted, and the length in time stays the same.
    #[must_use]
    pub fn at_rate(&self, rate: u32) -> Self {
        Self { rate, samples: resample::to_rate(&self.samples, self.rate, rate) }
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate.max(1))
    }
}

/// Why a file cannot be used as audio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// No RIFF/WAVE header.
    #[error("this is not a WAV file: give a RIFF WAVE file (PCM or G.711), for instance made with `sox`")]
    NotWav,
    /// The header has no `fmt ` chunk, or one too short to use.
    #[error("the WAV header has no usable `fmt ` chunk: write the file again")]
    NoFormat,
    /// The file has no `data` chunk.
    #[error("the WAV file has no `data` chunk: write the file again")]
    NoData,
    /// There is a data chunk, but not one whole sample in it.
    #[error("the WAV file holds no audio: record at least one sample")]
    Empty,
    /// The data chunk is shorter than its header says.
    #[error("the WAV file is cut off: {promised} bytes of audio promised, {present} present; copy the file again")]
    Truncated {
        /// Bytes that the header announces.
        promised: usize,
        /// Bytes that are there.
        present: usize,
    },
    /// An encoding other than PCM, float or G.711.
    #[error("the WAV file is compressed as {name} (format {tag:#06x}): convert it to 16-bit PCM")]
    Compressed {
        /// Format tag of the header.
        tag: u16,
        /// The tag's usual name.
        name: &'static str,
    },
    /// A PCM sample size that nobody writes.
    #[error("{bits}-bit samples of format {tag} are not supported: convert the file to 16-bit PCM")]
    SampleSize {
        /// Format tag of the header.
        tag: u16,
        /// Bits per sample.
        bits: u16,
    },
    /// A sample rate outside 8 to 48 kHz.
    #[error("a sample rate of {0} Hz is not supported: convert the file to 8000 to 48000 Hz")]
    Rate(u32),
}

/// Reads a WAV file: integer PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, A-law or mu-law,
/// any number of channels (averaged), 8 to 48 kHz.
///
/// A data length of zero or of all ones, which recorders write when they stream, means "to the end
/// of the file".
///
/// # Errors
/// [`WavError`], one variant for each thing that can be wrong with a file.
pub fn read(bytes: &[u8]) -> Result<Clip, WavError> {
    let (format, data) = chunks(bytes)?;
    let decode = decoder(&format)?;
    let frame = usize::from(format.bits / 8) * usize::from(format.channels);
    let samples: Vec<i16> = data.chunks_exact(frame).map(|frame| mix(frame, usize::from(format.bits / 8), decode)).collect();
    if samples.is_empty() {
        return Err(WavError::Empty);
    }
    Ok(Clip { rate: format.rate, samples })
}

struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    bits: u16,
}

fn chunks(bytes: &[u8]) -> Result<(Format, &[u8]), WavError> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(WavError::NotWav);
    }
    let mut format = None;
    let mut at = 12;
    while let (Some(id), Some(length)) = (bytes.get(at..at + 4), u32_at(bytes, at + 4)) {
        let rest = bytes.get(at + 8..).unwrap_or_default();
        let length = length as usize;
        match id {
            b"fmt " => format = Some(parse_format(rest.get(..length).ok_or(WavError::NoFormat)?)?),
            b"data" => {
                let format = format.ok_or(WavError::NoFormat)?;
                return Ok((format, data_chunk(rest, length)?));
            }
            _ => {}
        }
        // Chunks start on even offsets.
        at = at.saturating_add(8).saturating_add(length).saturating_add(length & 1);
    }
    Err(if format.is_some() { WavError::NoData } else { WavError::NoFormat })
}

fn data_chunk(rest: &[u8], promised: usize) -> Result<&[u8], WavError> {
    let open_ended = promised == 0 || promised >= 0x7FFF_0000;
    match rest.get(..promised) {
        Some(data) if promised > 0 => Ok(data),
        _ if open_ended => Ok(rest),
        _ => Err(WavError::Truncated { promised, present: rest.len() }),
    }
}

fn parse_format(chunk: &[u8]) -> Result<Format, WavError> {
    let fields = || -> Option<Format> {
        let tag = u16_at(chunk, 0)?;
        Some(Format {
            // The extensible form keeps the real tag at the head of its sub-format.
            tag: if tag == TAG_EXTENSIBLE { u16_at(chunk, 24)? } else { tag },
            channels: u16_at(chunk, 2)?,
            rate: u32_at(chunk, 4)?,
            bits: u16_at(chunk, 14)?,
        })
    };
    let format = fields().filter(|f| f.channels > 0).ok_or(WavError::NoFormat)?;
    if !(MIN_RATE..=MAX_RATE).contains(&format.rate) {
        return Err(WavError::Rate(format.rate));
    }
    Ok(format)
}

type Decode = fn(&[u8]) -> f32;

/// The decoder of one sample to the scale of 16-bit integers.
fn decoder(format: &Format) -> Result<Decode, WavError> {
    Ok(match (format.tag, format.bits) {
        (TAG_PCM, 8) => |s| (f32::from(s[0]) - 128.0) * 256.0,
        (TAG_PCM, 16) => |s| f32::from(i16::from_le_bytes([s[0], s[1]])),
        (TAG_PCM, 24) => |s| i32::from_le_bytes([0, s[0], s[1], s[2]]) as f32 / 65536.0,
        (TAG_PCM, 32) => |s| i32::from_le_bytes([s[0], s[1], s[2], s[3]]) as f32 / 65536.0,
        (TAG_FLOAT, 32) => |s| f32::from_le_bytes([s[0], s[1], s[2], s[3]]) * 32768.0,
        (TAG_FLOAT, 64) => |s| f64::from_le_bytes([s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]]) as f32 * 32768.0,
        (TAG_ALAW, 8) => |s| f32::from(decode_alaw(s[0])),
        (TAG_ULAW, 8) => |s| f32::from(decode_ulaw(s[0])),
        (tag @ (TAG_PCM | TAG_FLOAT | TAG_ALAW | TAG_ULAW), bits) => {
            return Err(WavError::SampleSize { tag, bits });
        }
        (tag, _) => {
            return Err(WavError::Compressed { tag, name: tag_name(tag) });
        }
    })
}

fn tag_name(tag: u16) -> &'static str {
    match tag {
        0x0002 => "Microsoft ADPCM",
        0x0011 => "IMA ADPCM",
        0x0031 => "GSM 6.10",
        0x0040 => "G.721 ADPCM",
        0x0050 | 0x0055 => "MP3",
        0x0064 => "G.726 ADPCM",
        0x0083 => "G.729",
        0x00FF | 0x1610 => "AAC",
        0x028F => "G.722",
        _ => "an unknown codec",
    }
}

fn mix(frame: &[u8], size: usize, decode: Decode) -> i16 {
    let (mut sum, mut channels) = (0.0, 0.0);
    for sample in frame.chunks_exact(size) {
        sum += decode(sample);
        channels += 1.0;
    }
    // `as` saturates, and maps the not-a-number of a broken float file to silence.
    (sum / channels).round() as i16
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut out = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
        out.extend(tag.to_le_bytes());
        out.extend(channels.to_le_bytes());
        out.extend(rate.to_le_bytes());
        out.extend((rate * u32::from(channels * bits / 8)).to_le_bytes());
        out.extend((channels * bits / 8).to_le_bytes());
        out.extend(bits.to_le_bytes());
        out.extend(b"LIST\x03\0\0\0abc\0data");
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out
    }

    fn samples(bytes: &[u8]) -> Vec<i16> {
        read(bytes).unwrap().samples
    }

    #[test]
    fn reads_every_pcm_layout_to_the_same_samples() {
        let want = vec![0, 16384, -32768];
        let as16: Vec<u8> = want.iter().flat_map(|s: &i16| s.to_le_bytes()).collect();
        assert_eq!(samples(&wav(1, 1, 8000, 16, &as16)), want);
        assert_eq!(samples(&wav(1, 1, 8000, 8, &[128, 192, 0])), want);
        assert_eq!(samples(&wav(1, 1, 8000, 24, &[0, 0, 0, 0, 0, 64, 0, 0, 128])), want);
        let as_f32: Vec<u8> = [0f32, 0.5, -1.0].iter().flat_map(|s| s.to_le_bytes()).collect();
        assert_eq!(samples(&wav(3, 1, 44100, 32, &as_f32)), want);
        let as_f64: Vec<u8> = [0f64, 0.5, -1.0].iter().flat_map(|s| s.to_le_bytes()).collect();
        assert_eq!(samples(&wav(3, 1, 8000, 64, &as_f64)), want);
    }

    #[test]
    fn averages_channels_and_survives_loud_or_broken_floats() {
        let stereo: Vec<u8> = [100i16, 300, -5, -5].iter().flat_map(|s| s.to_le_bytes()).collect();
        assert_eq!(samples(&wav(1, 2, 16000, 16, &stereo)), [200, -5]);
        let loud: Vec<u8> = [4f32, -4.0, f32::NAN].iter().flat_map(|s| s.to_le_bytes()).collect();
        assert_eq!(samples(&wav(3, 1, 8000, 32, &loud)), [32767, -32768, 0]);
    }

    #[test]
    fn reads_telephony_recordings() {
        assert_eq!(samples(&wav(7, 1, 8000, 8, &[0xFF, 0x7F, 0x80, 0x00])), [0, 0, 32124, -32124]);
        assert_eq!(samples(&wav(6, 1, 8000, 8, &[0xD5, 0x55])), [8, -8]);
    }

    #[test]
    fn reads_open_ended_headers_to_the_end() {
        let mut bytes = wav(1, 1, 8000, 16, &[1, 0, 2, 0]);
        for length in [0u32, u32::MAX] {
            let at = bytes.len() - 8;
            bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
            assert_eq!(samples(&bytes), [1, 2]);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(read(b"ID3 something"), Err(WavError::NotWav));
        assert_eq!(read(b"RIFF\0\0\0\0WAVE"), Err(WavError::NoFormat));
        assert_eq!(read(&wav(1, 1, 8000, 16, &[])), Err(WavError::Empty));
        assert_eq!(read(&wav(1, 0, 8000, 16, &[1, 2])), Err(WavError::NoFormat));
        assert_eq!(read(&wav(1, 1, 96000, 16, &[1, 2])), Err(WavError::Rate(96000)));
        assert_eq!(read(&wav(1, 1, 8000, 12, &[1, 2])), Err(WavError::SampleSize { tag: 1, bits: 12 }));
        assert!(matches!(read(&wav(0x31, 1, 8000, 0, &[1])), Err(WavError::Compressed { name: "GSM 6.10", .. })));
        let whole = wav(1, 1, 8000, 16, &[1, 0, 2, 0]);
        let cut = read(&whole[..whole.len() - 2]);
        assert_eq!(cut, Err(WavError::Truncated { promised: 4, present: 2 }));
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_any_bytes(noise: Vec<u8>, cut in 0usize..60) {
            let _ = read(&noise);
            let mut file = wav(1, 1, 8000, 16, &noise);
            file.truncate(cut);
            let _ = read(&file);
        }

        #[test]
        fn any_header_gives_a_clip_or_an_error(tag: u16, channels: u16, rate: u32, bits in 0u16..128) {
            let mut file = wav(1, 1, 8000, 16, &[7; 64]);
            file[20..22].copy_from_slice(&tag.to_le_bytes());
            file[22..24].copy_from_slice(&channels.to_le_bytes());
            file[24..28].copy_from_slice(&rate.to_le_bytes());
            file[34..36].copy_from_slice(&bits.to_le_bytes());
            let _ = read(&file);
        }
    }
}
