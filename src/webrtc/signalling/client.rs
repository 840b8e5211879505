//! What one call's signalling over HTTP remembers between its requests.

use std::sync::Mutex;

use reqwest::{Client, RequestBuilder};

use crate::lock::lock;
use crate::scenario::{IceServer, Signalling, WebRtcTarget};
use crate::transport::{CallEvent, EventSender, http};

/// What the bot knows a caller of these kinds by.
pub(super) const CREDENTIALS: &str = "`token` and `headers`";

/// What WHIP's trickle needs of the offer and of the resource.
#[derive(Clone, Debug, Default)]
pub(in crate::webrtc) struct Fragment {
    pub(super) ice: Vec<String>,
    pub(super) etag: Option<String>,
    /// The resource is on another host than the target's, which must not get the target's credentials.
    pub(super) elsewhere: bool,
}

/// One call's signalling; [`super::exchange`] has the requests.
pub(in crate::webrtc) struct SignallingClient {
    pub(super) http: Client,
    pub(super) target: WebRtcTarget,
    /// Where the offer goes.
    pub(super) url: String,
    /// The bot is on this machine.
    pub(super) local: bool,
    pub(super) events: EventSender,
    /// ICE servers that the bot named.
    pub(super) ice_servers: Vec<IceServer>,
    /// The bot's name of the connection (`pc_id`, `webrtc_id`), or the URL of the WHIP resource.
    pub(super) id: Mutex<Option<String>>,
    /// Credentials of the offer and the entity tag of the WHIP resource, for trickle.
    pub(super) fragment: Mutex<Fragment>,
}

impl SignallingClient {
    /// ICE servers that the bot named, besides the target's.
    pub fn ice_servers(&self) -> Vec<IceServer> {
        self.ice_servers.clone()
    }

    /// Where the offer went.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its kind.
    pub fn signalling(&self) -> Signalling {
        self.target.signalling
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
        lock(&self.id).clone()
    }

    pub(super) fn set_id(&self, id: String) {
        *lock(&self.id) = Some(id);
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
