//! How an expectation came out.

use super::leniency::Doubt;
use crate::facts::Normalised;

/// How an expectation came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The expectation is fulfilled.
    pub met: bool,
    /// From 0 to 1, how near the wording is; `None` for matchers that only say yes or no. A high score
    /// does not imply `met`: one wrong fact fails a reply that is otherwise perfect.
    pub score: Option<f64>,
    /// One sentence, without a full stop, on why.
    pub reason: String,
    /// What only the audio can decide, and is not known yet: the expectation is fulfilled if the audio allows all of these.
    pub doubts: Vec<Doubt>,
}

impl Judgement {
    pub(super) fn new(met: bool, score: f64, reason: impl Into<String>) -> Self {
        Self { met, score: Some(score), reason: reason.into(), doubts: Vec::new() }
    }

    /// For a comparison in which one side at least has no words.
    pub(super) fn of_nothing(expected: &Normalised, heard: &Normalised) -> Self {
        match (expected.tokens().is_empty(), heard.tokens().is_empty()) {
            (true, true) => Self::new(true, 1.0, "nothing was expected and nothing was heard"),
            (true, false) => Self::new(false, 0.0, "no words were expected, but some were heard"),
            (false, _) => Self::new(false, 0.0, "no words were heard"),
        }
    }

    pub(super) fn without_score(met: bool, reason: impl Into<String>) -> Self {
        Self { met, score: None, reason: reason.into(), doubts: Vec::new() }
    }
}
