//! Speech detection: where somebody speaks in a telephone stream, to the sample.
//!
//! A small neural network ([`SpeechModel`], Silero) says in frames of 32 ms whether there is speech:
//! it stays silent on tones, music and noise. Its edges are 50 to 100 ms wrong, so the energy of the
//! signal around each edge then places it ([`SpeechDetector`]). An energy gate keeps the network
//! from running on silence.

mod detector;
mod edge;
mod error;
mod gate;
mod history;
mod model;
mod segmenter;
mod voicing;

pub use detector::{DetectorConfig, SpeechDetector, SpeechEdge, detect, speech_segments, word_segments};
pub use gate::is_silent;
pub use model::SpeechModel;
