//! One of the two connections of a participant, with its trickle.

use livekit_protocol::{SignalTarget, TrickleRequest};
use rtc::peer_connection::transport::RTCIceCandidateInit;
use webrtc::peer_connection::RTCPeerConnectionState;

use super::super::peer::{Peer, PeerEvent, PeerOptions};
use super::message;

/// A server that sends more candidates than this before its description is not listened to any longer.
const MOST_HELD: usize = 256;

/// A connection and how far it has come.
pub(crate) struct Side {
    pub peer: Peer,
    target: SignalTarget,
    /// Candidates that came before the description they belong to.
    held: Vec<RTCIceCandidateInit>,
    described: bool,
    /// ICE and DTLS are through.
    pub connected: bool,
}

impl Side {
    /// A connection that is not described yet.
    pub async fn new(options: &PeerOptions, target: SignalTarget) -> Result<Self, String> {
        Ok(Self { peer: Peer::new(options).await?, target, held: Vec::new(), described: false, connected: false })
    }

    /// Answers an offer of the other side's; offers may come again and again.
    pub async fn answer(&mut self, offer: String) -> Result<String, String> {
        let answer = self.peer.answer(offer).await?;
        self.flush().await;
        Ok(answer)
    }

    /// Takes the other side's answer.
    pub async fn accept(&mut self, answer: String) -> Result<(), String> {
        self.peer.accept(answer).await?;
        self.flush().await;
        Ok(())
    }

    /// Takes a candidate of the other side's.
    pub async fn trickled(&mut self, trickle: &TrickleRequest) {
        let Some(candidate) = message::candidate_of(trickle) else { return };
        if self.described {
            self.add(candidate).await;
        } else if self.held.len() < MOST_HELD {
            self.held.push(candidate);
        }
    }

    async fn flush(&mut self) {
        self.described = true;
        for candidate in std::mem::take(&mut self.held) {
            self.add(candidate).await;
        }
    }

    async fn add(&self, candidate: RTCIceCandidateInit) {
        if let Err(error) = self.peer.connection.add_ice_candidate(candidate).await {
            // Others may do; if none does, the connection fails with its own error.
            tracing::debug!(%error, "a candidate of the other side's cannot be used");
        }
    }

    /// What an event sends to the other side; `None` where it is not a candidate.
    pub fn trickle(&self, event: &PeerEvent) -> Option<TrickleRequest> {
        let PeerEvent::Candidate(candidate) = event else { return None };
        message::trickle(candidate, self.target).ok()
    }

    /// Notes a state; true where the connection is over.
    pub fn note(&mut self, state: RTCPeerConnectionState) -> bool {
        match state {
            RTCPeerConnectionState::Connected => self.connected = true,
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => return true,
            _ => {}
        }
        false
    }
}
