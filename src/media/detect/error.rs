//! What can go wrong in speech detection.

/// The bytes are not the speech detection model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the speech detection model cannot be loaded ({0}): fetch it again with `goldencall model fetch`")]
pub struct DetectError(pub String);
