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
    #[error("this is {0}, not a WAV file: {1}")]
    NotWav(&'static str, &'static str),
    /// More than one channel, and each holds something else.
    #[error("the file has {channels} channels with different sounds ({why}): {help}", help = if *channels == 2 { "write `channel: left` or `channel: right`" } else { "convert it to one channel" })]
    Channels {
        /// How many.
        channels: u16,
        /// Why they are not mixed.
        why: &'static str,
    },
    /// A channel that is not there.
    #[error("the file has {0} channels, so that `channel` names none of them: leave it out, or convert the file")]
    NoSuchChannel(u16),
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

/// One side of a two-channel recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The first channel.
    Left,
    /// The second.
    Right,
}

/// Reads a WAV file: integer PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, A-law or mu-law,
/// any number of channels (averaged), 8 to 48 kHz.
///
/// A data length of zero or of all ones, which recorders write when they stream, means "to the end
/// of the file", or to the chunks that end it.
///
/// # Errors
/// [`WavError`], one variant for each thing that can be wrong with a file.
pub fn read(bytes: &[u8]) -> Result<Clip, WavError> {
    read_frames(bytes, |frame, size, decode| {
        let samples = frame.chunks_exact(size).map(decode);
        samples.sum::<f32>() / (frame.len() / size) as f32
    })
}

/// Reads one speaker: the only channel, or the one that is asked for. A call recorded in two channels has a speaker in each, and
/// their mix would speak both parts; channels that are equal are one.
///
/// # Errors
/// As [`read`]; also where there are several channels and none is chosen.
pub fn read_speaker(bytes: &[u8], channel: Option<Channel>) -> Result<Clip, WavError> {
    let channels = chunks(bytes)?.0.channels;
    match (channel, channels) {
        (Some(side), 2) => {
            let place = usize::from(side == Channel::Right);
            read_frames(bytes, |frame, size, decode| frame.chunks_exact(size).nth(place).map_or(0.0, decode))
        }
        (Some(_), channels) => Err(WavError::NoSuchChannel(channels)),
        (None, 1) => read(bytes),
        (None, channels) => {
            let mix = read(bytes)?;
            let first = read_frames(bytes, |frame, size, decode| decode(&frame[..size]))?;
            if mix.samples == first.samples {
                return Ok(mix);
            }
            let energy = |clip: &Clip| clip.samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
            let cancels = energy(&mix) < energy(&first) / 100.0;
            let why = if cancels { "they cancel each other: one is the other turned over" } else { "a mix would speak both parts" };
            Err(WavError::Channels { channels, why })
        }
    }
}

fn read_frames(bytes: &[u8], sample: impl Fn(&[u8], usize, Decode) -> f32) -> Result<Clip, WavError> {
    let (format, data) = chunks(bytes)?;
    let decode = decoder(&format)?;
    let size = usize::from(format.bits / 8);
    // `as` saturates, and maps the not-a-number of a broken float file to silence.
    let samples: Vec<i16> =
        data.chunks_exact(size * usize::from(format.channels)).map(|frame| sample(frame, size, decode).round() as i16).collect();
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
        return Err(not_wav(bytes));
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
        _ if open_ended => Ok(rest.get(..trailing_chunks(rest)).unwrap_or(rest)),
        _ => Err(WavError::Truncated { promised, present: rest.len() }),
    }
}

/// Chunks that recorders write behind the samples.
const TRAILERS: [&[u8; 4]; 12] =
    [b"LIST", b"id3 ", b"ID3 ", b"cue ", b"smpl", b"bext", b"iXML", b"_PMX", b"fact", b"PEAK", b"JUNK", b"afsp"];

/// Where the chunks behind samples of unknown number begin: a known name, and lengths that lead to the very end of the file.
fn trailing_chunks(rest: &[u8]) -> usize {
    let begins = |at: &usize| rest.get(*at..at + 4).is_some_and(|id| TRAILERS.iter().any(|known| known[..] == *id));
    let ends_the_file = |at: &usize| {
        let mut at = *at;
        while at < rest.len() {
            let name = rest.get(at..at + 4).is_some_and(|id| id.iter().all(|byte| matches!(byte, b' '..=b'~')));
            let Some(length) = u32_at(rest, at + 4).filter(|_| name) else { return false };
            at = at.saturating_add(8).saturating_add(length as usize).saturating_add((length & 1) as usize);
        }
        at - rest.len() <= 1
    };
    (0..rest.len()).step_by(2).filter(begins).find(ends_the_file).unwrap_or(rest.len())
}

/// Names the format of a file that is not RIFF WAVE, and how to convert or replace it.
fn not_wav(bytes: &[u8]) -> WavError {
    const CONVERT: &str = "convert it, for instance with `sox` or `ffmpeg`";
    let start = String::from_utf8_lossy(bytes.get(..256.min(bytes.len())).unwrap_or_default()).to_ascii_lowercase();
    let start = start.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let (name, help) = match bytes {
        [] => ("an empty file", "record it again, or copy it again"),
        [b'R', b'F', b'6', b'4', ..] => ("RF64 (a WAV file of more than 4 GB)", CONVERT),
        [b'R', b'I', b'F', b'X', ..] => ("RIFX (a WAV file in big-endian order)", CONVERT),
        [b'R', b'I', b'F', b'F', ..] => ("a RIFF file of another kind", CONVERT),
        [b'I', b'D', b'3', ..] | [0xFF, 0xE2..=0xE7 | 0xF2..=0xF7 | 0xFA..=0xFF, ..] => ("MP3", CONVERT),
        [0xFF, 0xF0 | 0xF1 | 0xF8 | 0xF9, ..] => ("AAC", CONVERT),
        [b'O', b'g', b'g', b'S', ..] => ("Ogg", CONVERT),
        [b'f', b'L', b'a', b'C', ..] => ("FLAC", CONVERT),
        [b'F', b'O', b'R', b'M', ..] => ("AIFF", CONVERT),
        [b'.', b's', b'n', b'd', ..] => ("an AU file", CONVERT),
        [0x1A, 0x45, 0xDF, 0xA3, ..] => ("WebM or Matroska", CONVERT),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => ("MP4 or M4A", CONVERT),
        [b'P', b'K', ..] => ("a ZIP archive", "unpack it"),
        _ if start.starts_with("version https://git-lfs") => ("a Git LFS pointer", "fetch the file itself with `git lfs pull`"),
        _ if start.starts_with("<!doctype html") || start.starts_with("<html") => {
            ("an HTML page", "download the file itself; the page may say why that failed")
        }
        _ if start.starts_with('{') || start.starts_with("<?xml") => ("a text file (JSON or XML)", "download the recording itself"),
        _ => ("an unknown kind of file", "give a RIFF WAVE file (PCM or G.711), for instance made with `sox`"),
    };
    WavError::NotWav(name, help)
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

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

#[cfg(test)]
#[path = "wav_tests.rs"]
mod tests;
