//! The exchange of offer and answer: one file a kind.

mod fastrtc;
#[doc(hidden)]
pub mod fuzzed;
mod link;
mod local;
mod offer;
mod session;
mod trickler;
mod whip;

pub(super) use local::is_local;
pub(super) use session::Session;
pub(super) use trickler::Trickler;
