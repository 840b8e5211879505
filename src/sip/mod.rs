//! SIP (RFC 3261) over UDP, TCP and TLS on `rsipstack`, with SDP offer and answer (RFC 3264).

mod agent;
mod attempt;
mod call;
mod datagram;
mod digest;
mod early;
mod endpoint;
mod flow;
mod follow;
mod inbound;
mod info;
mod locate;
mod media;
mod refresh;
mod refusal;
mod register;
pub mod sdp;
mod session_timer;
mod tls;
mod trace;
mod transfer;
mod uri;
mod watch;

pub use agent::SipTransport;
pub(crate) use call::digit_of;
pub(crate) use endpoint::{Endpoint, in_dialog};
pub use trace::SipTrace;
