//! WebRTC, in the bot's role.

use std::sync::mpsc;

use tokio::sync::mpsc::UnboundedSender;

use super::super::log::now_ns;
use super::{ReceivedAudio, Wire};
use crate::clock::Monotonic;
use crate::webrtc::VoiceFrame;

/// One connection's audio: decoded samples in, frames out.
pub(in crate::bot) struct RtcWire {
    pub inbox: mpsc::Receiver<ReceivedAudio>,
    pub outbox: UnboundedSender<VoiceFrame>,
}

impl Wire for RtcWire {
    fn receive(&mut self) -> Vec<ReceivedAudio> {
        self.inbox.try_iter().collect()
    }

    fn send(&mut self, frame: &[i16], marker: bool) -> i64 {
        let at = now_ns();
        // A caller that is gone shows as the end of the call, not here.
        let _gone = self.outbox.send(VoiceFrame { samples: frame.to_vec(), marker, handed_over: Monotonic(at) });
        at
    }
}
