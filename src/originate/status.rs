//! How far a call is, as its provider tells.

use crate::transport::DialErrorKind;

/// What a provider tells of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub stage: Stage,
    /// The provider's own word for it, with its reason where it has one.
    pub words: String,
    /// The SIP response of the called side, where the provider tells it.
    pub sip: Option<u16>,
}

/// The stages of a call that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Under way, or a word that this version does not know.
    Dialling,
    Ringing,
    Answered,
    Over(Ending),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Completed,
    Busy,
    NoAnswer,
    Failed,
    Canceled,
}

impl Stage {
    /// From the words that both providers use, with and without hyphens.
    pub fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().replace(['_', ' '], "-").as_str() {
            "ringing" => Self::Ringing,
            "in-progress" | "answered" => Self::Answered,
            "completed" | "ended" | "hangup" => Self::Over(Ending::Completed),
            "busy" => Self::Over(Ending::Busy),
            "no-answer" => Self::Over(Ending::NoAnswer),
            "failed" | "rejected" => Self::Over(Ending::Failed),
            "canceled" | "cancelled" => Self::Over(Ending::Canceled),
            _ => Self::Dialling,
        }
    }
}

impl Ending {
    /// What kind of failure it is for a call that has no stream yet, and what happened.
    pub fn unanswered(self) -> (DialErrorKind, &'static str) {
        match self {
            Self::Completed => (DialErrorKind::BadAnswer, "ended before its stream came"),
            Self::Busy => (DialErrorKind::Busy, "is busy"),
            Self::NoAnswer => (DialErrorKind::NoAnswer, "did not answer"),
            Self::Failed => (DialErrorKind::Rejected, "could not be reached"),
            Self::Canceled => (DialErrorKind::Rejected, "was not reached: the call was canceled at the provider"),
        }
    }
}
