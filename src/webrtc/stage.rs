//! How far a connection came, for the message of one that was not made.

use std::sync::atomic::{AtomicU8, Ordering};

/// What is wrong where a call may go over TURN only and has no address to go over.
pub(super) const NO_RELAY: &str = "no TURN server gave a relay address over UDP; check `ice_servers`, their `username` and `credential`, \
                                   and that UDP gets through to them";

/// Signalling at first, then ICE, then DTLS.
#[derive(Debug, Default)]
pub(super) struct Stage(AtomicU8);

impl Stage {
    /// Offer and answer.
    pub const SIGNALLING: u8 = 0;
    /// Candidate pairs are tried.
    pub const ICE: u8 = 1;
    /// A pair works; keys are exchanged.
    pub const DTLS: u8 = 2;
    /// Only a relay's address may be used, and there is none yet.
    pub const RELAY: u8 = 3;

    /// It came to here.
    pub fn set(&self, stage: u8) {
        self.0.store(stage, Ordering::Relaxed);
    }

    /// A candidate was found: whatever fails from here on, it is not for want of a relay's address.
    pub fn found(&self) {
        let _other_stage = self.0.compare_exchange(Self::RELAY, Self::ICE, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// What stands in the way, to be put behind a statement.
    pub fn so_far(&self) -> String {
        let why = match self.0.load(Ordering::Relaxed) {
            Self::ICE => "no ICE candidate pair works; check firewalls, `ice_servers` and the address that the bot advertises",
            Self::DTLS => "ICE found a way and the DTLS handshake failed; does the bot's certificate match the fingerprint of its answer?",
            Self::RELAY => NO_RELAY,
            _ => return String::new(),
        };
        format!(": {why}")
    }
}
