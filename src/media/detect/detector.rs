//! The streaming detector: samples in, speech edges out.

use std::ops::Range;

use goldencall_networks::{on_one_thread, silero::Stream};

use super::edge::{self, Energy, Levels, MS, SILENCE_DBFS, Side};
use super::history::History;
use super::model::{CONTEXT, FRAME, SpeechModel};
use super::segmenter::{PAUSE_FRAMES, Segmenter, Transition};
use super::{gate, voicing};
use crate::media::resample::Upsampler;

/// Samples of a frame at 8 kHz.
const FRAME_8K: u64 = FRAME as u64 / 2;
/// Where the noise before a segment is measured: from this far before the network's edge...
const NOISE_FAR: u64 = 550 * MS as u64;
/// ...to this far before it, where the speech may already have begun faintly.
const NOISE_NEAR: u64 = 150 * MS as u64;
/// What a recogniser is given after the last word.
const AFTER_WORDS: u64 = 100 * MS as u64;
/// How far apart the end that a pause gave and the one that the hang-over gives may be and still be the same words.
const SAME_WORDS: u64 = 20 * MS as u64;

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
    /// The speech that began at `onset` pauses, and may go on yet. Known 160 ms after its end, with the 100 ms of the line after it.
    Paused {
        /// The same onset as in [`SpeechEdge::Started`].
        onset: u64,
        /// The sample after the last one of its words so far.
        words_end: u64,
    },
    /// The speech that began at `onset` is over. Known one hang-over after the end.
    Ended {
        /// The same onset as in [`SpeechEdge::Started`].
        onset: u64,
        /// The sample after the last sample of the speech.
        end: u64,
        /// Where its words end, for a recogniser: what the last [`SpeechEdge::Paused`] gave unless the end turned out to be elsewhere.
        words_end: u64,
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
    stream: Stream,
    /// Samples that were given and not looked at yet: from `taken` on.
    given: Vec<i16>,
    taken: usize,
    /// The stream ends with what was given.
    ended: bool,
    /// Silence that is still to complete the last frame of an ended stream.
    silence: Option<usize>,
    edges: Vec<SpeechEdge>,
    /// Frames judged so far.
    frames: u64,
    /// Output of the upsampler still to be dropped: it belongs to the time before the stream.
    warming: usize,
    /// Loudest 10 ms of the segment or candidate, in dBFS.
    peak: f32,
    noise: Levels,
    offset: f32,
    onset: Option<u64>,
    /// Where the words ended at the last pause.
    paused: Option<u64>,
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
            stream: model.resting(),
            given: Vec::new(),
            taken: 0,
            ended: false,
            silence: None,
            edges: Vec::new(),
            frames: 0,
            warming: Upsampler::LOOKAHEAD,
            peak: SILENCE_DBFS,
            noise: [SILENCE_DBFS; 2],
            offset: 0.0,
            onset: None,
            paused: None,
            previous_end: 0,
            model,
        }
    }

    /// Takes the next samples (8 kHz, any number) and gives the edges that they decided.
    pub fn push(&mut self, samples: &[i16]) -> Vec<SpeechEdge> {
        self.give(samples);
        detect(&mut [self]);
        self.edges()
    }

    /// Ends the stream: a segment still open ends with its last sound. Afterwards the detector
    /// takes no more samples of the stream; a second call gives nothing.
    pub fn finish(&mut self) -> Vec<SpeechEdge> {
        self.end();
        detect(&mut [self]);
        self.edges()
    }

    /// Takes samples that [`detect`] is to look at.
    pub fn give(&mut self, samples: &[i16]) {
        self.given.extend_from_slice(samples);
    }

    /// Ends the stream with the samples that were given.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The edges that [`detect`] has found since the last call.
    pub fn edges(&mut self) -> Vec<SpeechEdge> {
        std::mem::take(&mut self.edges)
    }

    /// Up to which sample it is known what is speech and what is not, and whether the last of it may yet turn out to begin a segment.
    pub fn known(&self) -> (u64, bool) {
        (self.frames * FRAME_8K, self.segmenter.has_candidate())
    }

    /// Goes on to the next frame that the network must judge; false where there is none yet.
    fn advance(&mut self) -> bool {
        while let Some(sample) = self.next() {
            if !self.fill(sample) {
                continue;
            }
            if !self.is_quiet() {
                return true;
            }
            self.stream = self.model.resting();
            self.judged(0.0);
        }
        if self.ended {
            let end = self.segmenter.finish();
            self.edge(end);
        }
        false
    }

    fn next(&mut self) -> Option<f32> {
        if let Some(sample) = self.given.get(self.taken) {
            self.taken += 1;
            self.history.push(*sample);
            return Some(float(*sample));
        }
        self.given.clear();
        self.taken = 0;
        if !self.ended {
            return None;
        }
        let silence = self.silence.get_or_insert_with(|| {
            let pending = self.history.end().saturating_sub(self.frames * FRAME_8K);
            // Silence completes the last frame and what the upsampler holds back.
            let missing = pending.div_ceil(FRAME_8K) * FRAME_8K - pending;
            if pending > 0 { missing as usize + Upsampler::LOOKAHEAD } else { 0 }
        });
        *silence = silence.checked_sub(1)?;
        Some(0.0)
    }

    /// Adds a sample to the frame under way; true where that completes it.
    fn fill(&mut self, sample: f32) -> bool {
        let doubled = self.upsampler.push(sample);
        if self.warming > 0 {
            self.warming -= 1;
            return false;
        }
        self.frame[self.filled..self.filled + 2].copy_from_slice(&doubled);
        self.filled += 2;
        self.filled == self.frame.len()
    }

    /// Takes in how likely there is speech in the frame that is complete, and begins the next.
    fn judged(&mut self, probability: f32) {
        self.frame.copy_within(FRAME.., 0);
        self.filled = CONTEXT;
        let number = self.frames;
        self.frames += 1;
        let transition = self.step(number, probability);
        self.edge(transition);
    }

    fn step(&mut self, number: u64, probability: f32) -> Option<Transition> {
        let from = (number * FRAME_8K).saturating_sub(FRAME_8K);
        let (_, samples) = self.history.slice(from..(number + 1) * FRAME_8K);
        let has_pitch = || voicing::is_voiced(&samples.iter().copied().map(float).collect::<Vec<_>>());
        self.segmenter.step(number, probability, has_pitch)
    }

    /// Whether the frame that has just become complete is silence within silence, on which the network does not run; it resumes from the state
    /// that a long silence leaves. Of any other frame, its peak is noted.
    fn is_quiet(&mut self) -> bool {
        let from = self.frames * FRAME_8K;
        let samples: Vec<f32> = self.floats(from..from + FRAME_8K).1;
        if self.segmenter.is_silent() {
            self.peak = SILENCE_DBFS;
            if gate::is_quiet(&samples) {
                return true;
            }
        }
        let energy = Energy::new(samples.iter().copied(), self.offset);
        for at in (0..samples.len()).step_by(5 * MS) {
            self.peak = self.peak.max(energy.level(0, at, 10 * MS));
        }
        false
    }

    fn edge(&mut self, transition: Option<Transition>) {
        let edge = transition.and_then(|transition| self.refined(transition));
        self.edges.extend(edge);
    }

    fn refined(&mut self, transition: Transition) -> Option<SpeechEdge> {
        match transition {
            Transition::Start { first } => {
                let onset = self.refine_onset(first * FRAME_8K);
                self.onset = Some(onset);
                Some(SpeechEdge::Started { onset })
            }
            Transition::Pause { last } => {
                let onset = self.onset?;
                let edge = (last + 1) * FRAME_8K;
                let words_end = self.walk_to_end(edge).max(onset + 1);
                // What lies beyond the samples that are known now would be cut off.
                self.paused = Some(words_end).filter(|end| end + AFTER_WORDS <= edge + PAUSE_FRAMES * FRAME_8K);
                self.paused.map(|words_end| SpeechEdge::Paused { onset, words_end })
            }
            Transition::End { last } => {
                let onset = self.onset.take().unwrap_or(self.previous_end);
                let end = self.refine_end((last + 1) * FRAME_8K).max(onset + 1);
                let words_end = self.paused.take().filter(|words| words.abs_diff(end) <= SAME_WORDS).unwrap_or(end);
                self.previous_end = end;
                Some(SpeechEdge::Ended { onset, end, words_end, noise_dbfs: self.noise[0] })
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
        self.walk_to_end(edge)
    }

    /// The end of the speech that the network ends at `edge`, by the energy and the noise that is known now.
    fn walk_to_end(&self, edge: u64) -> u64 {
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

/// Looks at what the detectors were given, all of them together: the network reads its weights once for all of them.
pub fn detect(detectors: &mut [&mut SpeechDetector]) {
    loop {
        let mut waiting: Vec<&mut SpeechDetector> = Vec::new();
        for detector in detectors.iter_mut() {
            if detector.advance() {
                waiting.push(detector);
            }
        }
        let Some(model) = waiting.first().map(|detector| detector.model.clone()) else { return };
        let (frames, mut streams): (Vec<_>, Vec<_>) = waiting.iter_mut().map(|detector| (&*detector.frame, &mut detector.stream)).unzip();
        let probabilities = model.probabilities(&frames, &mut streams);
        waiting.iter_mut().zip(probabilities).for_each(|(detector, probability)| detector.judged(probability));
    }
}

/// The speech segments of a whole clip of 8 kHz samples, with the default configuration.
#[must_use]
pub fn speech_segments(model: &SpeechModel, samples: &[i16]) -> Vec<Range<usize>> {
    ended(model, samples, |end, _| end)
}

/// The same segments, each cut where its words end, as the recogniser gets them in a call.
#[must_use]
pub fn word_segments(model: &SpeechModel, samples: &[i16]) -> Vec<Range<usize>> {
    ended(model, samples, |_, words_end| words_end)
}

fn ended(model: &SpeechModel, samples: &[i16], end_of: impl Fn(u64, u64) -> u64) -> Vec<Range<usize>> {
    let mut detector = SpeechDetector::new(model.clone(), DetectorConfig::default());
    let mut edges = on_one_thread(|| detector.push(samples));
    edges.extend(on_one_thread(|| detector.finish()));
    let range = |edge| match edge {
        SpeechEdge::Ended { onset, end, words_end, .. } => Some(onset as usize..end_of(end, words_end) as usize),
        SpeechEdge::Started { .. } | SpeechEdge::Paused { .. } => None,
    };
    edges.into_iter().filter_map(range).collect()
}
