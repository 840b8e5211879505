//! The exchange of offer, answer and candidates, by the kind of signalling.

use std::sync::Mutex;

use rtc::peer_connection::transport::RTCIceCandidateInit;

use super::client::SignallingClient;
use super::{fastrtc, offer, whip};
use crate::scenario::{Signalling, WebRtcTarget};
use crate::transport::{DialError, DialErrorKind, EventSender, http};

impl SignallingClient {
    /// Asks for a session where the target has such a step.
    pub async fn open(target: &WebRtcTarget, local: bool, events: EventSender) -> Result<Self, DialError> {
        let mut session = Self {
            http: http::client(&target.url, target.timeout)?,
            target: target.clone(),
            url: target.url.clone(),
            ice_servers: Vec::new(),
            local,
            events,
            id: Mutex::default(),
            fragment: Mutex::default(),
        };
        if target.asks_for_a_session() {
            offer::start(&mut session).await?;
        }
        if target.signalling == Signalling::Whip && target.ice_servers.is_empty() {
            session.ice_servers = whip::ice_servers(&session).await;
        }
        Ok(session)
    }

    /// Sends the offer, returns the answer's SDP.
    pub async fn exchange(&self, sdp: &str) -> Result<String, DialError> {
        match self.target.signalling {
            Signalling::Offer => offer::exchange(self, sdp).await,
            Signalling::FastRtc => fastrtc::exchange(self, sdp).await,
            Signalling::Whip | Signalling::OpenAi => whip::exchange(self, sdp).await,
            Signalling::LiveKit => Err(DialError::new(DialErrorKind::Local, "a LiveKit room has no single offer")),
        }
    }

    /// Tells a candidate that was found after the offer went out; `None` after the last one.
    pub async fn trickle(&self, candidate: Option<RTCIceCandidateInit>) {
        let sent = match self.target.signalling {
            Signalling::Offer => offer::trickle(self, candidate).await,
            Signalling::FastRtc => fastrtc::trickle(self, candidate).await,
            Signalling::Whip => whip::trickle(self, candidate).await,
            Signalling::OpenAi | Signalling::LiveKit => Ok(()),
        };
        if let Err(error) = sent {
            // The candidates of the offer may do; if not, the connection fails with its own error.
            tracing::debug!(%error, "a candidate could not be sent");
        }
    }

    /// Ends the session where the signalling can.
    pub async fn close(&self) {
        if self.target.signalling == Signalling::Whip {
            whip::delete(self).await;
        }
    }
}
