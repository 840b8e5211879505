//! The engine seen from the runner.

use super::error::SttError;

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
}
