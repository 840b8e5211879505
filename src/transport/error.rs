//! Why a call could not be placed.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The kinds of failed calls that people distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialErrorKind {
    /// The target's address cannot be found or reached (ICMP unreachable).
    Unreachable,
    /// Nothing came back at all.
    NoResponse,
    /// It rang and was not answered.
    NoAnswer,
    /// 486 or 600.
    Busy,
    /// Any other final response.
    Rejected,
    /// 401 or 407 in spite of the credentials, or without any.
    Unauthorized,
    /// TLS could not be agreed on: a certificate that is not trusted, none where one is asked for.
    Certificate,
    /// The answer cannot be used: no audio, no common codec, broken SDP.
    BadAnswer,
    /// This machine could not do its part.
    Local,
}

/// A call that could not be placed: one sentence that names the fix.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct DialError {
    /// For reports that count.
    pub kind: DialErrorKind,
    /// For people.
    pub message: String,
}

impl DialError {
    /// An error of a kind.
    pub fn new(kind: DialErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// With what to look at where it is the credentials that were refused.
    pub(crate) fn with_hint(self, credentials: &str) -> Self {
        match self.kind {
            DialErrorKind::Unauthorized => Self { message: format!("{}; check {credentials} of the target", self.message), ..self },
            _ => self,
        }
    }

    /// This machine could not do its part.
    pub fn local(what: &str, error: impl std::fmt::Display) -> Self {
        Self::new(DialErrorKind::Local, format!("{what}: {error}"))
    }
}
