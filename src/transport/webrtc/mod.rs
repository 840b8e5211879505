//! WebRTC on the `webrtc` crate: ICE (RFC 8445), DTLS-SRTP (RFC 5764), Opus and G.711, one data channel.

mod call;
mod channel;
mod dialer;
mod goodbye;
pub mod media;
mod peer;
pub mod sdp;
mod signalling;
mod stage;
mod stamps;

pub use dialer::WebRtcTransport;
pub(crate) use peer::{Peer, PeerEvent, PeerOptions};
