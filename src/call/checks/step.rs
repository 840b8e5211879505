//! The check of a step that is not a bot turn.

use crate::call::verdict::{CheckKind, CheckResult};
use crate::scenario::Location;

/// The one check of a step that is not a bot turn.
pub(in crate::call) struct StepCheck(CheckResult);

impl StepCheck {
    /// The check with the place of its step.
    pub fn at(self, location: Location) -> CheckResult {
        CheckResult { location, ..self.0 }
    }

    pub fn skipped(check: CheckKind, expected: &str, why: &str) -> Self {
        Self(CheckResult::skipped(check, Location::default(), expected.to_owned(), why))
    }

    pub fn passed(check: CheckKind, expected: &str, actual: &str) -> Self {
        Self(CheckResult::judged(check, Location::default(), expected.to_owned(), actual.to_owned(), None))
    }

    pub fn failed(check: CheckKind, expected: &str, actual: &str, reason: String) -> Self {
        Self(CheckResult::judged(check, Location::default(), expected.to_owned(), actual.to_owned(), Some(reason)))
    }
}
