//! The engine seen from the runner.

use super::error::SttError;
use crate::expect::{Doubt, Fit};

/// Turns speech into text. Calls block for as long as the engine works; run them away from
/// anything that keeps time. One engine may be used from several threads at once.
pub trait Transcriber: Send + Sync {
    /// What to call the engine in reports: engine and model.
    fn name(&self) -> String;

    /// The words in `audio`: one speech segment, mono, 16 kHz, -1 to 1, as
    /// [`segment_audio`](super::segment_audio) cuts it. Empty when there are none.
    ///
    /// # Errors
    /// [`SttError`] when the engine could not do its work; audio without words is not an error.
    fn transcribe(&self, audio: &[f32]) -> Result<String, SttError>;

    /// Segments that one thread transcribes together.
    fn batch(&self) -> Box<dyn Batch + '_>;

    /// Whether [`Transcriber::compare`] has answers. A text alone cannot tell a misheard word from a wrong one.
    fn can_compare(&self) -> bool {
        false
    }

    /// How well the audio fits other words than those that were heard in it. `heard` is the text of `audio` as
    /// [`Transcriber::transcribe`] gave it, and the ranges of the doubts lie in it. One answer for each doubt, in order; `None`
    /// where the engine cannot tell.
    ///
    /// # Errors
    /// [`SttError`] when the engine could not do its work.
    fn compare(&self, _audio: &[f32], _heard: &str, doubts: &[Doubt]) -> Result<Vec<Option<Fit>>, SttError> {
        Ok(vec![None; doubts.len()])
    }

    /// What the engine takes on at once on a machine with this many cores. `sample` is a second or two of speech, mono, 16 kHz,
    /// for an engine that has to be measured. Unless an engine says otherwise, a segment keeps one core busy and a call needs one.
    ///
    /// # Errors
    /// [`SttError`] when the engine could not transcribe the sample.
    fn parallelism(&self, cores: usize, _sample: &[f32]) -> Result<Parallelism, SttError> {
        Ok(Parallelism { segments: cores, calls: cores })
    }
}

/// Segments under way on one thread. An engine that gains nothing by having several takes [`OneByOne`].
pub trait Batch {
    /// Whether one more segment would be taken on at once.
    fn has_room(&self) -> bool;

    /// Takes on a segment, as [`Transcriber::transcribe`] does; its words come out of [`Batch::step`] under this number.
    fn begin(&mut self, number: usize, audio: &[f32]);

    /// Works on all of them for a moment; those that are done. Must be called again while segments are under way.
    fn step(&mut self) -> Vec<(usize, Result<String, SttError>)>;
}

/// One segment after another.
pub struct OneByOne<'a, T: ?Sized> {
    engine: &'a T,
    done: Vec<(usize, Result<String, SttError>)>,
}

impl<'a, T: Transcriber + ?Sized> OneByOne<'a, T> {
    /// With this engine.
    pub fn new(engine: &'a T) -> Self {
        Self { engine, done: Vec::new() }
    }
}

impl<T: Transcriber + ?Sized> Batch for OneByOne<'_, T> {
    fn has_room(&self) -> bool {
        self.done.is_empty()
    }

    fn begin(&mut self, number: usize, audio: &[f32]) {
        self.done.push((number, self.engine.transcribe(audio)));
    }

    fn step(&mut self) -> Vec<(usize, Result<String, SttError>)> {
        std::mem::take(&mut self.done)
    }
}

/// What an engine takes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parallelism {
    /// Segments worth transcribing at the same time.
    pub segments: usize,
    /// Calls whose bots the engine transcribes in real time.
    pub calls: usize,
}
