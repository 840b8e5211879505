//! WebRTC on the `webrtc` crate: ICE (RFC 8445), DTLS-SRTP (RFC 5764), Opus and G.711, one data channel.

mod call;
mod channel;
mod dialer;
mod media;
mod peer;
mod sdp;
mod signalling;
mod stamps;

pub use dialer::WebRtcTransport;
pub(crate) use media::RtcDecoder;
pub(crate) use peer::{Peer, PeerEvent, PeerOptions};
pub(crate) use sdp::{AnswerAudio, audio_of};
