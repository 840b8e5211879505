//! What every message of an endpoint passes: digest headers, the responses to each call, the trace.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rsipstack::dialog::authenticate::Credential;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Method, Request, Response, SipMessage, StatusCodeKind, Uri};
use rsipstack::transaction::endpoint::MessageInspector;
use rsipstack::transport::SipAddr;
use tokio::sync::mpsc;

use super::digest::{self, Nonce};
use super::refusal::phrase;
use super::trace::{Direction, SipTrace, masked, wire_text};
use crate::clock::CallClock;
use crate::transport::{CallEvent, Capture, quote};

/// A call whose messages are followed.
struct Watched {
    clock: CallClock,
    events: mpsc::UnboundedSender<CallEvent>,
    credential: Option<Credential>,
    answered: bool,
    /// The last response, so that a retransmitted one is told once.
    last: Option<(u16, String)>,
    /// At most one of the peer's and one of a proxy's.
    nonces: Vec<Nonce>,
    /// Where the peer of the early dialog wants requests.
    contact: Option<Uri>,
    capture: Option<Captured>,
}

/// Where the messages of a call are taken down.
struct Captured {
    capture: Arc<Capture>,
    local: SocketAddr,
    /// The far end, as long as a message itself does not say.
    remote: SocketAddr,
}

/// The calls of an endpoint, by Call-ID.
#[derive(Default)]
pub(super) struct Watch {
    calls: Mutex<HashMap<String, Watched>>,
    trace: Option<Arc<SipTrace>>,
}

impl Watch {
    pub fn new(trace: Option<Arc<SipTrace>>) -> Self {
        Self { calls: Mutex::default(), trace }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Watched>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows a call from its INVITE on.
    pub fn follow(&self, call_id: &str, clock: CallClock, events: mpsc::UnboundedSender<CallEvent>, credential: Option<Credential>) {
        let watched = Watched { clock, events, credential, answered: false, last: None, nonces: Vec::new(), contact: None, capture: None };
        self.lock().insert(call_id.to_owned(), watched);
    }

    /// Takes the call's messages down from now on.
    pub fn capture(&self, call_id: &str, capture: Arc<Capture>, local: SocketAddr, remote: SocketAddr) {
        if let Some(call) = self.lock().get_mut(call_id) {
            call.capture = Some(Captured { capture, local, remote });
        }
    }

    fn captured(&self, direction: Direction, peer: Option<&SipAddr>, message: &SipMessage) {
        let id = match message {
            SipMessage::Request(request) => request.call_id_header(),
            SipMessage::Response(response) => response.call_id_header(),
        };
        let Ok(id) = id else { return };
        let calls = self.lock();
        let Some(captured) = calls.get(id.value()).and_then(|call| call.capture.as_ref()) else { return };
        let peer = peer.and_then(|peer| peer.get_socketaddr().ok()).unwrap_or(captured.remote);
        let (from, to) = match direction {
            Direction::Sent => (captured.local, peer),
            Direction::Received => (peer, captured.local),
        };
        captured.capture.now(from, to, masked(&wire_text(message)).as_bytes());
    }

    fn record(&self, direction: Direction, peer: Option<&SipAddr>, message: &SipMessage) {
        self.captured(direction, peer, message);
        if let Some(trace) = &self.trace {
            trace.record(direction, peer, message);
        }
    }

    /// The call is over.
    pub fn forget(&self, call_id: &str) {
        self.lock().remove(call_id);
    }

    /// Whether anything came back at all.
    pub fn has_answered(&self, call_id: &str) -> bool {
        self.lock().get(call_id).is_some_and(|call| call.answered)
    }

    fn responded(&self, response: &Response) {
        let Ok(id) = response.call_id_header() else { return };
        let mut calls = self.lock();
        let Some(call) = calls.get_mut(id.value()) else { return };
        call.answered = true;
        match Nonce::of(response) {
            Some(nonce) => {
                call.nonces.retain(|known| known.is_of_proxy() != nonce.is_of_proxy());
                // Who challenges next has let the request past whoever challenged before.
                call.nonces.iter_mut().for_each(Nonce::accepted);
                call.nonces.push(nonce);
            }
            None if response.status_code.kind() == StatusCodeKind::RequestFailure => {}
            None => call.nonces.iter_mut().for_each(Nonce::accepted),
        }
        let of_invite = response.cseq_header().and_then(|cseq| cseq.method()).is_ok_and(|method| method == Method::Invite);
        if of_invite && let Some(contact) = response.typed_contact_headers().ok().and_then(|all| all.first().cloned()) {
            call.contact = Some(contact.uri);
        }
        let told = (response.status_code.code(), quote(phrase(response)));
        if of_invite && call.last.as_ref() != Some(&told) {
            call.last = Some(told.clone());
            let _closed = call.events.send(CallEvent::Response(call.clock.now(), told.0, told.1));
        }
    }

    /// The first challenge of its kind after one of the other kind.
    fn second_challenge(&self, response: &mut Response) {
        let (Some(nonce), Ok(id)) = (Nonce::of(response), response.call_id_header()) else { return };
        let calls = self.lock();
        let known = calls.get(id.value()).map(|call| call.nonces.as_slice()).unwrap_or_default();
        let second = matches!(known, [other] if other.is_of_proxy() != nonce.is_of_proxy());
        drop(calls);
        if second {
            digest::answer_again(response);
        }
    }

    /// The stack addresses PRACK to where the INVITE was sent, RFC 3262 to the Contact of the response.
    fn readdress(&self, request: &mut Request) {
        let Ok(id) = request.call_id_header().map(|id| id.value().to_owned()) else { return };
        if request.method == Method::PRack
            && let Some(contact) = self.lock().get(&id).and_then(|call| call.contact.clone())
        {
            request.uri = contact;
        }
    }

    fn authorise(&self, request: &mut Request) {
        let Ok(id) = request.call_id_header().map(|id| id.value().to_owned()) else { return };
        let mut calls = self.lock();
        if let Some(Watched { credential: Some(credential), nonces, .. }) = calls.get_mut(&id) {
            nonces.iter_mut().for_each(|nonce| nonce.authorise(request, credential));
        }
    }
}

/// The endpoint's side of a [`Watch`].
pub(super) struct Inspector(pub Arc<Watch>);

impl MessageInspector for Inspector {
    fn before_send(&self, mut message: SipMessage, to: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Request(request) = &mut message {
            self.0.readdress(request);
            self.0.authorise(request);
        }
        digest::outgoing(&mut message);
        self.0.record(Direction::Sent, to, &message);
        message
    }

    fn after_received(&self, mut message: SipMessage, from: Option<&SipAddr>) -> SipMessage {
        // The stack shows each response twice, the second time without its source.
        if from.is_some() {
            self.0.record(Direction::Received, from, &message);
        }
        digest::incoming(&mut message);
        if from.is_some()
            && let SipMessage::Response(response) = &mut message
        {
            self.0.second_challenge(response);
            self.0.responded(response);
        }
        message
    }
}
