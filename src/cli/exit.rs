//! Exit codes: "the bot is wrong" is distinguished from "the call could not be placed".

use std::process::ExitCode;

use crate::call::Outcome;
use crate::runner::{CallOutcome, CallResult, LoadVerdict, ThresholdResult};

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything passed.
    Passed,
    /// 1: bad usage or configuration.
    Usage,
    /// 2: a scenario does not parse.
    Parse,
    /// 3: a call could not be placed, or the environment failed.
    Setup,
    /// 4: an expectation failed.
    Failed,
    /// 5: nothing ran.
    Nothing,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::Usage => 1,
            Exit::Parse => 2,
            Exit::Setup => 3,
            Exit::Failed => 4,
            Exit::Nothing => 5,
        }
    }

    /// Of a run: a completed call that was judged wrong wins over one that could not be placed, and over a recording that was lost.
    pub fn of(results: &[CallResult], thresholds: &[ThresholdResult]) -> Self {
        let any = |outcome| results.iter().any(|result| result.outcome == outcome);
        let threshold = |outcome| thresholds.iter().any(|threshold| threshold.outcome == outcome);
        if results.is_empty() {
            Exit::Nothing
        } else if any(CallOutcome::Failed) {
            Exit::Failed
        } else if any(CallOutcome::Error) || any(CallOutcome::Skipped) {
            Exit::Setup
        } else if threshold(Outcome::Failed) {
            Exit::Failed
        } else if threshold(Outcome::Skipped) || results.iter().any(|result| !result.lost.is_empty()) {
            Exit::Setup
        } else {
            Exit::Passed
        }
    }
}

impl From<LoadVerdict> for Exit {
    fn from(verdict: LoadVerdict) -> Self {
        match verdict {
            LoadVerdict::Passed => Exit::Passed,
            LoadVerdict::Failed => Exit::Failed,
            LoadVerdict::Error => Exit::Setup,
            LoadVerdict::Nothing => Exit::Nothing,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// Why a command could not do its work: one readable message that names the fix.
#[derive(Debug)]
pub struct CliError {
    /// How the process ends.
    pub exit: Exit,
    /// For people.
    pub message: String,
}

impl CliError {
    /// An error with an exit code.
    pub fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// Bad usage or configuration.
    pub fn usage(message: impl std::fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The environment failed.
    pub fn setup(message: impl std::fmt::Display) -> Self {
        Self::new(Exit::Setup, message)
    }
}
