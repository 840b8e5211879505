//! What all of the bot's listeners share.

use tokio_util::sync::CancellationToken;

use super::line::Line;
use super::lines::LiveLines;
use super::log::TrueTimes;
use super::script::Library;
use super::wire::Wire;
use crate::scenario::{Fault, Script, Secret};

/// The state of a running bot.
pub(super) struct BotState {
    pub library: Library,
    pub fault: Option<Fault>,
    pub auth_token: Option<Secret>,
    pub log: TrueTimes,
    /// Lines on peer connections.
    pub lines: LiveLines,
}

impl BotState {
    /// The script of this name, or the first one.
    pub fn script(&self, name: &str) -> Option<Script> {
        self.library.script(name).or_else(|_| self.library.script("")).ok().cloned()
    }

    /// A line that follows a script.
    pub fn line(&self, wire: impl Wire + 'static, script: Script, call_id: String) -> Line {
        Line {
            wire: Box::new(wire),
            library: self.library.clone(),
            script,
            fault: self.fault,
            call_id,
            log: self.log.clone(),
            over: CancellationToken::new(),
            hang_up: CancellationToken::new(),
            keys: std::sync::mpsc::channel().1,
            think: None,
        }
    }
}
