//! What a caller may set for its own call.

use std::time::Duration;

use serde::Deserialize;

/// The query of the URL that is called: `?script=booking&think=850&bursts=true&call=7`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct CallOptions {
    /// Which script; the first one where there is none.
    #[serde(default)]
    pub script: String,
    /// Think time in milliseconds.
    pub think: Option<f64>,
    /// Send each reply at once.
    pub bursts: Option<bool>,
    /// The call's name in the bot's log, for protocols that give it none.
    pub call: Option<String>,
}

impl CallOptions {
    /// Think time as a duration.
    pub fn think(&self) -> Option<Duration> {
        self.think.and_then(|millis| Duration::try_from_secs_f64(millis / 1000.0).ok())
    }
}
