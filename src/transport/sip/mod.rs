//! SIP (RFC 3261) over UDP on `rsipstack`, with SDP offer and answer (RFC 3264).

mod agent;
mod call;
mod digest;
pub(crate) mod info;
mod media;
pub mod sdp;

pub use agent::SipTransport;
pub(crate) use agent::{Endpoint, in_dialog};
pub(crate) use call::digit_of;
