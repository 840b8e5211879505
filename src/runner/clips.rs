//! The caller's recordings, read and analysed once a run.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::codec::{FRAME, SAMPLE_RATE};
use crate::files;
use crate::media::detect::{SpeechModel, speech_segments};
use crate::media::wav::{self, Channel, WavError};
use crate::scenario::{CallerAct, Scenario, Step};

/// A recording at 8 kHz and where in it somebody speaks.
#[derive(Clone, Debug)]
pub struct CallerClip {
    /// Linear samples, in whole frames.
    pub samples: Vec<i16>,
    /// First to last speech sample; the whole clip where no speech is found in it.
    pub speech: Range<usize>,
}

/// A recording that cannot be played.
#[derive(Debug, Error)]
pub enum ClipError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a WAV file that can be played.
    #[error("{path}: {source}")]
    Wav {
        /// The file.
        path: PathBuf,
        /// Why.
        source: WavError,
    },
}

/// Every clip of a run.
#[derive(Clone, Debug, Default)]
pub struct Clips {
    by_source: HashMap<Source, Arc<CallerClip>>,
}

/// A recording, and what of it is played.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Source {
    path: PathBuf,
    channel: Option<Channel>,
    trim: bool,
}

impl Clips {
    /// Reads every clip of the scenarios.
    ///
    /// # Errors
    /// The first one that cannot be played.
    pub fn load<'a>(scenarios: impl Iterator<Item = &'a Scenario>, model: &SpeechModel) -> Result<Self, ClipError> {
        let mut clips = Self::default();
        for source in scenarios.flat_map(|scenario| &scenario.steps).filter_map(source) {
            if let Entry::Vacant(place) = clips.by_source.entry(source) {
                let clip = load(place.key(), model)?;
                place.insert(Arc::new(clip));
            }
        }
        Ok(clips)
    }

    /// The clip of a step.
    pub fn of(&self, step: &Step) -> Option<Arc<CallerClip>> {
        source(step).and_then(|source| self.by_source.get(&source)).cloned()
    }
}

fn source(step: &Step) -> Option<Source> {
    match step {
        Step::Caller(caller) => match &caller.act {
            CallerAct::Audio(path) => Some(Source { path: path.clone(), channel: caller.channel, trim: caller.trim }),
            CallerAct::Silence(_) | CallerAct::Dtmf(_) => None,
        },
        _ => None,
    }
}

fn load(source: &Source, model: &SpeechModel) -> Result<CallerClip, ClipError> {
    let path = &source.path;
    let bytes = files::read(path, files::MOST_AUDIO).map_err(|source| ClipError::Read { path: path.clone(), source })?;
    let clip = wav::read_speaker(&bytes, source.channel).map_err(|source| ClipError::Wav { path: path.clone(), source })?;
    let samples = clip.at_rate(SAMPLE_RATE).samples;
    let segments = speech_segments(model, &samples);
    let speech = match (segments.first(), segments.last()) {
        (Some(first), Some(last)) => first.start..last.end.min(samples.len()),
        _ => 0..samples.len(),
    };
    Ok(played(samples, speech, source.trim))
}

/// Whatever is behind the last word (a street, a television) is part of the call: a bot must find the end of speech in it.
fn played(mut samples: Vec<i16>, speech: Range<usize>, trim: bool) -> CallerClip {
    samples.truncate(if trim { speech.end } else { samples.len() });
    samples.resize((samples.len().div_ceil(FRAME) * FRAME).max(FRAME), 0);
    CallerClip { samples, speech }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_recording_is_played_unless_it_is_to_be_trimmed() {
        let samples: Vec<i16> = (1..=1000).collect();
        let (whole, trimmed) = (played(samples.clone(), 200..500, false), played(samples.clone(), 200..500, true));
        assert_eq!((whole.speech.clone(), trimmed.speech.clone()), (200..500, 200..500));
        assert_eq!((whole.samples.len(), &whole.samples[..1000], whole.samples[1100]), (1120, &samples[..], 0));
        assert_eq!((trimmed.samples.len(), &trimmed.samples[..500], trimmed.samples[501]), (640, &samples[..500], 0));
    }
}
