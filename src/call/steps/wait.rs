//! Waiting a limited time for the bot to do something.

use std::time::Duration;

use crate::time::{CallTime, human_unsigned};

/// A time in which the bot must do something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::call) struct Wait {
    since: CallTime,
    pub until: CallTime,
}

impl Wait {
    pub fn new(since: CallTime, within: Duration) -> Self {
        Self { since, until: since + within }
    }

    /// How long it is, for people.
    pub fn length(&self) -> String {
        human_unsigned(self.until.saturating_since(self.since))
    }
}
