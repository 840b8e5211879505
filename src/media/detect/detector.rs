//! The streaming detector: samples in, speech edges out.

use std::ops::Range;

use super::edge::{self, Energy, Levels, MS, SILENCE_DBFS, Side};
use super::error::DetectError;
use super::history::History;
use super::model::{CONTEXT, FRAME, SpeechModel, State};
use super::one_thread::on_one_thread;
use super::segmenter::{Segmenter, Transition};
use super::{gate, voicing};
use crate::media::resample::Upsampler;

/// Samples of a frame at 8 kHz.
const FRAME_8K: u64 = FRAME as u64 / 2;
/// Where the noise before a segment is measured: from this far before the network's edge...
const NOISE_FAR: u64 = 550 * MS as u64;
/// ...to this far before it, where the speech may already have begun faintly.
const NOISE_NEAR: u64 = 150 * MS as u64;

/// How the detector decides. The defaults were measured on telephone speech.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectorConfig {
    /// Probability at which speech begins.
    pub enter: f32,
    /// Probability at which speech that has begun goes on.
    pub stay: f32,
    /// Time below `stay` after which a segment has ended, in milliseconds (rounded up to 32 ms).
    pub hang_ms: u32,
    /// Shortest speech that counts, in milliseconds (rounded up to 32 ms).
    pub min_speech_ms: u32,
}

impl Default for DetectorConfig {
    fn default() -> Self {
        Self { enter: 0.5, stay: 0.35, hang_ms: 300, min_speech_ms: 60 }
    }
}

/// An edge of a speech segment. Numbers count the samples of the stream at 8 kHz, from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SpeechEdge {
    /// Speech began. Known about 90 ms after the onset, in one case of twenty 160 ms or more.
    Started {
        /// The first sample of the speech.
        onset: u64,
    },
    /// The speech that began at `onset` is over. Known one hang-over after the end.
    Ended {
        /// The same onset as in [`SpeechEdge::Started`].
        onset: u64,
        /// The sample after the last sample of the speech.
        end: u64,
        /// Level of the noise around the speech; -100 stands for digital silence. With noise
        /// above about -50 dBFS the end is known to some 50 ms only.
        noise_dbfs: f32,
    },
}

/// Finds speech in one stream of 8 kHz samples. The edges depend on the samples alone, never on
/// how they were cut into pushes. Holds the last seconds of the stream, however long a segment is.
#[derive(Debug)]
pub struct SpeechDetector {
    model: SpeechModel,
    segmenter: Segmenter,
    upsampler: Upsampler,
    history: History,
    /// The network's view of the next frame: context, then the samples so far.
    frame: Box<[f32; CONTEXT + FRAME]>,
    filled: usize,
    state: State,
    /// Frames judged so far.
    frames: u64,
    /// Output of the upsampler still to be dropped: it belongs to the time before the stream.
    warming: usize,
    /// Loudest 10 ms of the segment or candidate, in dBFS.
    peak: f32,
    noise: Levels,
    offset: f32,
    onset: Option<u64>,
    previous_end: u64,
}

impl SpeechDetector {
    /// A detector at the start of a stream.
    #[must_use]
    pub fn new(model: SpeechModel, config: DetectorConfig) -> Self {
        let decided_after = config.hang_ms.max(config.min_speech_ms) as usize * MS + 4 * FRAME;
        Self {
            segmenter: Segmenter::new(config.enter, config.stay, config.hang_ms, config.min_speech_ms),
            upsampler: Upsampler::new(),
            history: History::new(edge::INWARD + decided_after),
            frame: Box::new([0.0; CONTEXT + FRAME]),
            filled: CONTEXT,
            state: model.resting(),
            frames: 0,
            warming: Upsampler::LOOKAHEAD,
            peak: SILENCE_DBFS,
            noise: [SILENCE_DBFS; 2],
            offset: 0.0,
            onset: None,
            previous_end: 0,
            model,
        }
    }

    /// Takes the next samples (8 kHz, any number) and gives the edges that they decided.
    ///
    /// # Errors
    /// [`DetectError::Run`] when the network fails.
    pub fn push(&mut self, samples: &[i16]) -> Result<Vec<SpeechEdge>, DetectError> {
        let mut edges = Vec::new();
        for sample in samples {
            self.history.push(*sample);
            edges.extend(self.take(float(*sample))?);
        }
        Ok(edges)
    }

    /// Ends the stream: a segment still open ends with its last sound. Afterwards the detector
    /// takes no more samples of the stream; a second call gives nothing.
    ///
    /// # Errors
    /// [`DetectError::Run`] when the network fails.
    pub fn finish(&mut self) -> Result<Vec<SpeechEdge>, DetectError> {
        let mut edges = Vec::new();
        let pending = self.history.end().saturating_sub(self.frames * FRAME_8K);
        // Silence completes the last frame and what the upsampler holds back.
        let missing = pending.div_ceil(FRAME_8K) * FRAME_8K - pending;
        if pending > 0 {
            for _ in 0..missing as usize + Upsampler::LOOKAHEAD {
                edges.extend(self.take(0.0)?);
            }
        }
        let end = self.segmenter.finish();
        edges.extend(end.map(|transition| self.edge(transition)));
        Ok(edges)
    }

    fn take(&mut self, sample: f32) -> Result<Option<SpeechEdge>, DetectError> {
        let doubled = self.upsampler.push(sample);
        if self.warming > 0 {
            self.warming -= 1;
            return Ok(None);
        }
        self.frame[self.filled..self.filled + 2].copy_from_slice(&doubled);
        self.filled += 2;
        if self.filled < self.frame.len() {
            return Ok(None);
        }
        let probability = self.probability()?;
        self.frame.copy_within(FRAME.., 0);
        self.filled = CONTEXT;
        let number = self.frames;
        self.frames += 1;
        let transition = self.step(number, probability);
        Ok(transition.map(|transition| self.edge(transition)))
    }

    fn step(&mut self, number: u64, probability: f32) -> Option<Transition> {
        let from = (number * FRAME_8K).saturating_sub(FRAME_8K);
        let (_, samples) = self.history.slice(from..(number + 1) * FRAME_8K);
        let has_pitch = || voicing::is_voiced(&samples.iter().copied().map(float).collect::<Vec<_>>());
        self.segmenter.step(number, probability, has_pitch)
    }

    /// The network's verdict on the frame that has just become complete. In silence the network
    /// does not run; it resumes from the state that a long silence leaves.
    fn probability(&mut self) -> Result<f32, DetectError> {
        let from = self.frames * FRAME_8K;
        let samples: Vec<f32> = self.floats(from..from + FRAME_8K).1;
        if self.segmenter.is_silent() {
            self.peak = SILENCE_DBFS;
            if gate::is_quiet(&samples) {
                self.state = self.model.resting();
                return Ok(0.0);
            }
        }
        let energy = Energy::new(samples.iter().copied(), self.offset);
        for at in (0..samples.len()).step_by(5 * MS) {
            self.peak = self.peak.max(energy.level(0, at, 10 * MS));
        }
        self.model.probability(&self.frame, &mut self.state)
    }

    fn edge(&mut self, transition: Transition) -> SpeechEdge {
        match transition {
            Transition::Start { first } => {
                let onset = self.refine_onset(first * FRAME_8K);
                self.onset = Some(onset);
                SpeechEdge::Started { onset }
            }
            Transition::End { last } => {
                let onset = self.onset.take().unwrap_or(self.previous_end);
                let end = self.refine_end((last + 1) * FRAME_8K).max(onset + 1);
                self.previous_end = end;
                SpeechEdge::Ended { onset, end, noise_dbfs: self.noise[0] }
            }
        }
    }

    fn refine_onset(&mut self, edge: u64) -> u64 {
        let far = edge.saturating_sub(NOISE_FAR).max(self.previous_end);
        self.listen(far..edge.saturating_sub(NOISE_NEAR));
        let (base, x) = self.floats(far..u64::MAX);
        let start = edge.saturating_sub(base) as usize;
        let thresholds = edge::thresholds(self.noise, self.peak);
        base + edge::outermost(&x, start, self.offset, thresholds, Side::Onset) as u64
    }

    fn refine_end(&mut self, edge: u64) -> u64 {
        self.listen(edge + NOISE_NEAR..edge + NOISE_FAR);
        let (base, mut x) = self.floats(edge.saturating_sub(edge::INWARD as u64)..u64::MAX);
        x.reverse();
        let start = (base + x.len() as u64).saturating_sub(edge) as usize;
        let thresholds = edge::thresholds(self.noise, self.peak);
        let out = edge::outermost(&x, start, self.offset, thresholds, Side::End);
        base + x.len().saturating_sub(out) as u64
    }

    /// A stretch of the stream at the scale -1 to 1, and the number of its first sample.
    fn floats(&self, span: Range<u64>) -> (u64, Vec<f32>) {
        let (from, samples) = self.history.slice(span);
        (from, samples.iter().copied().map(float).collect())
    }

    /// Measures noise and offset in a stretch without speech; keeps the last ones when it is short.
    fn listen(&mut self, stretch: Range<u64>) {
        let (_, x) = self.floats(stretch);
        let mean = x.iter().sum::<f32>() / x.len().max(1) as f32;
        if let Some(noise) = Energy::new(x.iter().copied(), mean).noise() {
            self.noise = noise;
            self.offset = mean;
        }
    }
}

fn float(sample: i16) -> f32 {
    f32::from(sample) / 32768.0
}

/// The speech segments of a whole clip of 8 kHz samples, with the default configuration.
///
/// # Errors
/// [`DetectError::Run`] when the network fails.
pub fn speech_segments(model: &SpeechModel, samples: &[i16]) -> Result<Vec<Range<usize>>, DetectError> {
    let mut detector = SpeechDetector::new(model.clone(), DetectorConfig::default());
    let edges = on_one_thread(|_| {
        let mut edges = detector.push(samples)?;
        edges.extend(detector.finish()?);
        Ok(edges)
    })?;
    Ok(edges
        .into_iter()
        .filter_map(|edge| match edge {
            SpeechEdge::Ended { onset, end, .. } => Some(onset as usize..end as usize),
            SpeechEdge::Started { .. } => None,
        })
        .collect())
}
