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
mod one_thread;
mod segmenter;
mod voicing;

pub use detector::{DetectorConfig, SpeechDetector, SpeechEdge, speech_segments};
pub use error::DetectError;
pub use model::SpeechModel;
pub use one_thread::on_one_thread;
