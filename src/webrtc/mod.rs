//! WebRTC on the `webrtc` crate: ICE (RFC 8445), DTLS-SRTP (RFC 5764), Opus and G.711, one data channel; a LiveKit room
//! has two connections and signalling of its own ([`livekit`]).

mod call;
mod channel;
mod dialer;
mod dtls_close;
mod ice;
#[doc(hidden)]
pub mod livekit;
mod mdns;
mod peer;
pub mod sdp;
mod signalling;
mod stage;
mod stamps;
mod track;

pub use dialer::WebRtcTransport;
pub(crate) use peer::{Peer, PeerEvent, PeerOptions, VoiceFrame};
pub(crate) use sdp::sent_audio_of;
#[doc(hidden)]
pub use signalling::fuzzed;
pub(crate) use track::codec_of;
