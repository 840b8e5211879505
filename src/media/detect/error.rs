//! What can go wrong in speech detection.

/// Why speech could not be detected. Both mean that the model is not the one expected, never that
/// the audio is unsuitable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetectError {
    /// The bytes are not the speech detection model.
    #[error("the speech detection model cannot be loaded ({0}): fetch it again with `goldencall model fetch`")]
    Load(String),
    /// The network failed on a frame.
    #[error("the speech detection model failed ({0}): fetch it again with `goldencall model fetch`")]
    Run(String),
}
