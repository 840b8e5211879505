//! How the conversation goes through the steps, one file per kind: entering a step, its deadline, what it makes of what
//! happens, and its verdict where the call ends before it is done.

pub(super) mod bot;
mod caller;
mod current;
mod hangup;
mod transfer;
mod transition;
mod wait;

pub(super) use current::{CurrentStep, report_unreached};
pub(super) use transition::Transition;
