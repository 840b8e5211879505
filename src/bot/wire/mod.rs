//! What a line's audio goes over: RTP, a media socket, WebRTC.

mod feedback;
mod rtp;
mod secrecy;
mod socket;
mod stamps;
mod webrtc;

pub(super) use rtp::RtpWire;
pub(super) use secrecy::Secrecy;
pub(super) use socket::SocketWire;
pub(super) use webrtc::RtcWire;

/// Audio of the caller's.
pub(super) struct Heard {
    /// Samples at 8 kHz.
    pub samples: Vec<i16>,
    /// When the first of them was received, in nanoseconds of `CLOCK_MONOTONIC`.
    pub at: i64,
}

/// One line's way to the caller.
pub(super) trait Wire: Send {
    /// Everything that came since the last call.
    fn receive(&mut self) -> Vec<Heard>;

    /// Samples that it sends at a time.
    fn frame(&self) -> usize {
        crate::codec::FRAME
    }

    /// Digits that the caller pressed since the last call.
    fn pressed(&mut self) -> String {
        String::new()
    }

    /// Presses digits.
    fn press(&mut self, _digits: &str) {}

    /// Sends one frame of samples; `marker` is true for the first of a reply. Returns when the first sample left.
    fn send(&mut self, frame: &[i16], marker: bool) -> i64;

    /// Whether a whole reply may be sent at once, to be played by the provider in its own time.
    fn takes_bursts(&self) -> bool {
        false
    }

    /// Throws away what the provider has not played yet.
    fn clear(&mut self) {}
}
