//! The stereo recording of a call: caller left, bot right, zero is dial.

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use hound::{SampleFormat, WavSpec, WavWriter};

use super::event::{CallErrorKind, CallOutcome, CallResult, OtherErrorKind};
use crate::codec::{SAMPLE_NANOS, SAMPLE_RATE};
use crate::files::create_private;
use crate::time::CallTime;

/// Which calls' recordings are kept, and where.
#[derive(Debug)]
pub struct Recordings {
    /// Their folder.
    pub folder: PathBuf,
    /// How many more calls that did not pass are kept; `None` where every call is.
    left: Option<AtomicUsize>,
}

impl Recordings {
    /// Of every call.
    pub fn of_all(folder: PathBuf) -> Self {
        Self { folder, left: None }
    }

    /// Of the first calls in which the bot was wrong or the line broke.
    pub fn of_failed(folder: PathBuf, most: usize) -> Self {
        Self { folder, left: Some(AtomicUsize::new(most)) }
    }

    /// Whether to keep the recording of this call; one that counts as kept is written.
    pub(super) fn keeps(&self, result: &CallResult) -> bool {
        let Some(left) = &self.left else { return true };
        let broken = matches!(result.error, Some(ref error) if error.kind == CallErrorKind::Other(OtherErrorKind::Broken));
        let wanted = result.outcome == CallOutcome::Failed || broken;
        wanted && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

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
    let mut writer = WavWriter::new(BufWriter::new(create_private(path)?), spec)?;
    let at = |track: &[i16], index: usize| track.get(index).copied().unwrap_or(0);
    for index in 0..caller.samples.len().max(bot.len()) {
        writer.write_sample(at(&caller.samples, index))?;
        writer.write_sample(at(bot, index))?;
    }
    writer.finalize()
}

#[cfg(test)]
mod tests {
    use super::super::event::CallError;
    use super::*;

    #[test]
    fn the_first_calls_that_went_wrong_are_kept_and_the_testers_own_are_not() {
        let recordings = Recordings::of_failed("calls".into(), 2);
        let with = |outcome, error: Option<OtherErrorKind>| {
            let error = error.map(|kind| CallError { kind: CallErrorKind::Other(kind), message: String::new() });
            recordings.keeps(&CallResult { outcome, error, ..CallResult::default() })
        };
        assert!(!with(CallOutcome::Passed, None));
        assert!(!with(CallOutcome::Error, Some(OtherErrorKind::Tester)) && !with(CallOutcome::Error, Some(OtherErrorKind::Interrupted)));
        assert!(with(CallOutcome::Failed, None) && with(CallOutcome::Error, Some(OtherErrorKind::Broken)));
        assert!(!with(CallOutcome::Failed, None));
        assert!(Recordings::of_all("calls".into()).keeps(&CallResult::default()));
    }
}
