//! The stereo recording of a call: caller left, bot right, zero is dial.

use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::codec::{SAMPLE_NANOS, SAMPLE_RATE};
use crate::time::CallTime;

/// The caller's side, put together from what was sent and when.
#[derive(Debug, Default)]
pub struct CallerTrack {
    samples: Vec<i16>,
}

impl CallerTrack {
    /// Puts a clip where its first packet went out.
    pub fn put(&mut self, at: CallTime, clip: &[i16]) {
        let Ok(from) = usize::try_from(at.as_nanos() / SAMPLE_NANOS) else { return };
        self.samples.truncate(from);
        self.samples.resize(from, 0);
        self.samples.extend_from_slice(clip);
    }

    /// Silence from here on: the caller was stopped.
    pub fn cut(&mut self, at: CallTime) {
        self.samples.truncate(usize::try_from(at.as_nanos() / SAMPLE_NANOS).unwrap_or(0));
    }
}

/// Writes the recording.
///
/// # Errors
/// The disk.
pub fn write(path: &Path, caller: &CallerTrack, bot: &[i16]) -> Result<(), hound::Error> {
    let spec = WavSpec { channels: 2, sample_rate: SAMPLE_RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(path, spec)?;
    let at = |track: &[i16], index: usize| track.get(index).copied().unwrap_or(0);
    for index in 0..caller.samples.len().max(bot.len()) {
        writer.write_sample(at(&caller.samples, index))?;
        writer.write_sample(at(bot, index))?;
    }
    writer.finalize()
}
