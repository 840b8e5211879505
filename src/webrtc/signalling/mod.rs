//! The exchange of offer and answer: one file a kind.

mod client;
mod exchange;
mod fastrtc;
#[doc(hidden)]
pub mod fuzzed;
mod link;
mod local;
mod offer;
mod trickler;
mod whip;

pub(super) use client::SignallingClient;
pub(super) use local::is_local;
pub(super) use trickler::Trickler;
