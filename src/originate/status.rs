//! The stage of a call, as its provider reports it.

use crate::transport::DialErrorKind;

/// A provider's report of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub stage: Stage,
    /// The provider's own word for it, with the reason if there is one.
    pub words: String,
    /// The SIP response of the called side, if the provider reports one.
    pub sip: Option<u16>,
}

/// The stages of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// In progress, or a word that this version does not know.
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
    /// The error of a call that ended before its stream began.
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
