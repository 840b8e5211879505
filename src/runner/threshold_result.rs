//! How a threshold came out.

use serde::{Deserialize, Serialize};

use crate::call::Outcome;

/// Verdict of one threshold of the suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdResult {
    /// As written in `goldencall.yaml`.
    pub name: String,
    /// How it came out; `Skipped` where there was no data, which does not pass.
    pub outcome: Outcome,
    /// The bound, in words.
    pub expected: String,
    /// What was measured, in words.
    pub actual: String,
}
