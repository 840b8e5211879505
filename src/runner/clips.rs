//! The caller's recordings, read and analysed once a run.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::codec::{FRAME, SAMPLE_RATE};
use crate::media::detect::{DetectError, SpeechModel, speech_segments};
use crate::media::wav::{self, WavError};
use crate::scenario::{CallerAct, Scenario, Step};

/// A recording at 8 kHz and where in it somebody speaks.
#[derive(Clone, Debug)]
pub struct CallerClip {
    /// Linear samples; the silence after the last word is cut off, since the line is silent anyway.
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
    /// Speech detection failed.
    #[error("{path}: {source}")]
    Detect {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DetectError,
    },
}

/// Every clip of a run by its path.
#[derive(Clone, Debug, Default)]
pub struct Clips {
    by_path: HashMap<PathBuf, Arc<CallerClip>>,
}

impl Clips {
    /// Reads every clip of the scenarios.
    ///
    /// # Errors
    /// The first one that cannot be played.
    pub fn load<'a>(scenarios: impl Iterator<Item = &'a Scenario>, model: &SpeechModel) -> Result<Self, ClipError> {
        let mut clips = Self::default();
        for path in scenarios.flat_map(|scenario| &scenario.steps).filter_map(audio) {
            if !clips.by_path.contains_key(path) {
                let clip = load(path, model)?;
                clips.by_path.insert(path.to_owned(), Arc::new(clip));
            }
        }
        Ok(clips)
    }

    /// The clip of a step.
    pub fn of(&self, step: &Step) -> Option<Arc<CallerClip>> {
        audio(step).and_then(|path| self.by_path.get(path)).cloned()
    }
}

fn audio(step: &Step) -> Option<&Path> {
    match step {
        Step::Caller(caller) => match &caller.act {
            CallerAct::Audio(path) => Some(path),
            CallerAct::Silence(_) | CallerAct::Dtmf(_) => None,
        },
        _ => None,
    }
}

fn load(path: &Path, model: &SpeechModel) -> Result<CallerClip, ClipError> {
    let bytes = std::fs::read(path).map_err(|source| ClipError::Read { path: path.to_owned(), source })?;
    let clip = wav::read(&bytes).map_err(|source| ClipError::Wav { path: path.to_owned(), source })?;
    let mut samples = clip.at_rate(SAMPLE_RATE).samples;
    let segments = speech_segments(model, &samples).map_err(|source| ClipError::Detect { path: path.to_owned(), source })?;
    let speech = match (segments.first(), segments.last()) {
        (Some(first), Some(last)) => first.start..last.end.min(samples.len()),
        _ => 0..samples.len(),
    };
    let frames = speech.end.div_ceil(FRAME);
    samples.resize((frames * FRAME).max(FRAME), 0);
    Ok(CallerClip { samples, speech })
}
