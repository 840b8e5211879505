//! The steps of a dialogue, one file per kind: what the step holds, its keys, and how it is read from YAML.

mod bot;
mod caller;
mod hangup;
mod step;
mod transfer;

#[cfg(test)]
pub(super) use bot::BOT_KEYS;
pub use bot::BotStep;
#[cfg(test)]
pub(super) use caller::CALLER_KEYS;
pub use caller::{CallerAct, CallerStep};
#[cfg(test)]
pub(super) use hangup::HANGUP_KEYS;
pub use hangup::{By, HangupStep};
#[cfg(test)]
pub(super) use step::STEP_KEYS;
pub use step::Step;
pub(super) use step::decode;
#[cfg(test)]
pub(super) use transfer::TRANSFER_KEYS;
pub use transfer::TransferStep;
