//! What a line's audio goes over: RTP, a media socket, WebRTC.

mod encryption;
mod feedback;
mod rtp;
mod socket;
mod stamps;
mod webrtc;

pub(super) use encryption::Encryption;
pub(super) use rtp::RtpWire;
pub(super) use socket::SocketWire;
pub(super) use webrtc::RtcWire;

/// The caller's audio.
pub(super) struct ReceivedAudio {
    /// Samples at 8 kHz.
    pub samples: Vec<i16>,
    /// When the first of them was received, in nanoseconds of `CLOCK_MONOTONIC`.
    pub at: i64,
}

/// The media of one line.
pub(super) trait Wire: Send {
    /// Everything that came since the last call.
    fn receive(&mut self) -> Vec<ReceivedAudio>;

    /// Samples per frame.
    fn frame(&self) -> usize {
        crate::codec::FRAME
    }

    /// Digits that the caller pressed since the last call.
    fn pressed(&mut self) -> String {
        String::new()
    }

    /// Sends digits.
    fn press(&mut self, _digits: &str) {}

    /// Sends one frame of samples; `marker` is true for the first of a reply. Returns when the first sample left.
    fn send(&mut self, frame: &[i16], marker: bool) -> i64;

    /// Whether a whole reply may be sent at once, for the provider to play in real time.
    fn takes_bursts(&self) -> bool {
        false
    }

    /// Clears what the provider has not played yet.
    fn clear(&mut self) {}
}
