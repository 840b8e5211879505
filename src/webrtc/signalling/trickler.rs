//! Tells candidates in the order in which they were found, without keeping the call waiting for the bot's server.

use std::sync::Arc;

use rtc::peer_connection::transport::RTCIceCandidateInit;
use tokio::sync::mpsc;

use super::client::SignallingClient;

/// Ends with its last handle.
pub(in crate::webrtc) struct Trickler(mpsc::UnboundedSender<Option<RTCIceCandidateInit>>);

impl Trickler {
    /// For one session.
    pub fn start(session: Arc<SignallingClient>) -> Self {
        let (sender, mut candidates) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(candidate) = candidates.recv().await {
                session.trickle(candidate).await;
            }
        });
        Self(sender)
    }

    /// Tells a candidate; `None` after the last one.
    pub fn send(&self, candidate: Option<RTCIceCandidateInit>) {
        // The task lives as long as this does.
        let _sent = self.0.send(candidate);
    }
}
