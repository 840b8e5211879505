//! One call's signalling.

use std::sync::{Mutex, PoisonError};

use reqwest::{Client, RequestBuilder};
use rtc::peer_connection::transport::RTCIceCandidateInit;
use tokio::sync::mpsc;

use super::{fastrtc, offer, whip};
use crate::scenario::{IceServer, Signalling, WebRtcTarget};
use crate::transport::{CallEvent, DialError, DialErrorKind, http};

/// What the bot knows a caller of these kinds by.
pub(super) const CREDENTIALS: &str = "`token` and `headers`";

/// What a call's signalling remembers between its requests.
pub(in crate::webrtc) struct Session {
    pub(super) http: Client,
    pub(super) target: WebRtcTarget,
    /// Where the offer goes.
    pub(super) url: String,
    /// The bot is on this machine.
    pub(super) local: bool,
    events: mpsc::UnboundedSender<CallEvent>,
    /// ICE servers that the bot named.
    pub(super) ice_servers: Vec<IceServer>,
    /// The bot's name of the connection (`pc_id`, `webrtc_id`), or the URL of the WHIP resource.
    pub(super) id: Mutex<Option<String>>,
    /// Credentials of the offer and the entity tag of the WHIP resource, for trickle.
    pub(super) fragment: Mutex<whip::Fragment>,
}

impl Session {
    /// Asks for a session where the target has such a step.
    pub async fn open(target: &WebRtcTarget, local: bool, events: mpsc::UnboundedSender<CallEvent>) -> Result<Self, DialError> {
        let mut session = Self {
            http: http::client(target.timeout)?,
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

    /// ICE servers that the bot named, besides the target's.
    pub fn ice_servers(&self) -> Vec<IceServer> {
        self.ice_servers.clone()
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

    /// Where the offer went.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its kind.
    pub fn signalling(&self) -> Signalling {
        self.target.signalling
    }

    /// Tells a candidate that was found after the offer went out; `None` after the last one.
    pub async fn trickle(&self, candidate: Option<RTCIceCandidateInit>) {
        let told = match self.target.signalling {
            Signalling::Offer => offer::trickle(self, candidate).await,
            Signalling::FastRtc => fastrtc::trickle(self, candidate).await,
            Signalling::Whip => whip::trickle(self, candidate).await,
            Signalling::OpenAi | Signalling::LiveKit => Ok(()),
        };
        if let Err(error) = told {
            // The candidates of the offer may do; if not, the connection fails with its own error.
            tracing::debug!(%error, "a candidate could not be told");
        }
    }

    /// Ends the session where the signalling can.
    pub async fn close(&self) {
        if self.target.signalling == Signalling::Whip {
            whip::delete(self).await;
        }
    }

    /// The bot's name of the call, or the URL where it has none.
    pub fn call_id(&self) -> String {
        self.id().unwrap_or_else(|| self.url.clone())
    }

    /// Tells the readers of the report.
    pub(super) fn note(&self, note: String) {
        // Nobody listens once the call is over.
        let _over = self.events.send(CallEvent::Note(note));
    }

    pub(super) fn id(&self) -> Option<String> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_id(&self, id: String) {
        *self.id.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
    }

    /// Adds the token and the target's header fields.
    pub(super) fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        let request = match &self.target.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        };
        http::with_headers(request, &self.target.headers)
    }
}
