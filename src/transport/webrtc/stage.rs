//! How far a connection came, for the message of one that was not made.

use std::sync::atomic::{AtomicU8, Ordering};

/// Signalling at first, then ICE, then DTLS.
#[derive(Debug, Default)]
pub(super) struct Stage(AtomicU8);

impl Stage {
    /// Candidate pairs are tried.
    pub const ICE: u8 = 1;
    /// A pair works; keys are exchanged.
    pub const DTLS: u8 = 2;

    /// It came to here.
    pub fn set(&self, stage: u8) {
        self.0.store(stage, Ordering::Relaxed);
    }

    /// What stands in the way, to be put behind a statement.
    pub fn so_far(&self) -> &'static str {
        match self.0.load(Ordering::Relaxed) {
            Self::ICE => ": no ICE candidate pair works; check firewalls, `ice_servers` and the address that the bot tells",
            Self::DTLS => {
                ": ICE found a way and the DTLS handshake failed; does the bot's certificate match the fingerprint of its answer?"
            }
            _ => "",
        }
    }
}
