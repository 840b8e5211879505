//! What every message of an endpoint passes: digest headers, the responses to each call, the trace.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::typed::Route;
use rsipstack::sip::{Header, Method, Request, Response, SipMessage, StatusCodeKind, Uri};
use rsipstack::transaction::endpoint::{EndpointInner, EndpointInnerRef, MessageInspector};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::TransactionEvent;
use rsipstack::transport::SipAddr;
use tokio::time::sleep;

use super::digest::{self, Nonce};
use super::inbound;
use super::refusal::phrase;
use super::trace::{Direction, SipTrace, masked, wire_text};
use super::uri::unescape;
use crate::clock::CallClock;
use crate::lock::lock;
use crate::transport::{CallEvent, Capture, Dial, EventSender, quote};

/// A PRACK that is not answered for this long is given up: the call may be answered all the same.
const PRACK_PATIENCE: Duration = Duration::from_secs(4);
/// Early dialogs of one INVITE that are kept apart.
const MOST_FORKS: usize = 16;

/// A call whose messages are followed.
struct Watched {
    clock: CallClock,
    events: EventSender,
    credential: Option<Credential>,
    answered: bool,
    /// The last response, so that a retransmitted one is reported once.
    last: Option<(u16, String)>,
    /// Where the peer wants requests, as far as it has said: until then, the INVITE's target.
    target: Uri,
    /// At most one of the peer's and one of a proxy's.
    nonces: Vec<Nonce>,
    /// Where the peers of early dialogs want requests; a fork has several.
    early: Vec<Early>,
    /// The last PRACK: its retransmissions are the same request.
    prack: Option<TransactionKey>,
    capture: Option<Captured>,
}

/// An early dialog's remote target and route set (RFC 3261, section 12.1.2).
struct Early {
    tag: String,
    contact: Uri,
    route: Vec<Route>,
}

impl Early {
    fn of(response: &Response) -> Option<Self> {
        let contact = inbound::remote_target(response)?;
        let recorded = response.record_route_headers();
        let mut route: Vec<Route> = recorded.iter().filter_map(|line| Route::parse_header_list(line.value()).ok()).flatten().collect();
        route.reverse();
        Some(Self { tag: to_tag(response)?, contact, route })
    }
}

fn to_tag(message: &impl HeadersExt) -> Option<String> {
    message.to_header().ok()?.tag().ok().flatten().map(|tag| tag.value().to_owned())
}

/// Where the messages of a call are captured.
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
    endpoint: OnceLock<Weak<EndpointInner>>,
}

impl Watch {
    pub fn new(trace: Option<Arc<SipTrace>>) -> Self {
        Self { trace, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Watched>> {
        lock(&self.calls)
    }

    /// The endpoint whose messages these are.
    pub fn serve(&self, endpoint: &EndpointInnerRef) {
        let _once = self.endpoint.set(Arc::downgrade(endpoint));
    }

    /// Follows a call from its INVITE on.
    pub fn follow(&self, call_id: &str, callee: Uri, dial: &Dial, credential: Option<Credential>) {
        let watched = Watched {
            clock: dial.clock,
            events: dial.events.clone(),
            credential,
            target: callee,
            answered: false,
            last: None,
            nonces: Vec::new(),
            early: Vec::new(),
            prack: None,
            capture: None,
        };
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
        captured.capture.now(from, to, &masked(&wire_text(message)));
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
        if of_invite && let Some(early) = Early::of(response) {
            call.early.retain(|known| known.tag != early.tag);
            call.early.push(early);
            let many = call.early.len().saturating_sub(MOST_FORKS);
            call.early.drain(..many);
        }
        let told = (response.status_code.code(), quote(phrase(response)));
        if of_invite && call.last.as_ref() != Some(&told) {
            call.last = Some(told.clone());
            let _closed = call.events.send(CallEvent::Response(call.clock.now(), told.0, told.1));
        }
    }

    /// An answer without a Contact is acknowledged and ended all the same (RFC 3261, sections 13.2.2.4 and 15): requests go where the
    /// peer was last known to be.
    fn name_target(&self, message: &mut SipMessage) {
        let SipMessage::Response(response) = message else { return };
        let of_invite = response.cseq_header().and_then(|cseq| cseq.method()).is_ok_and(|method| method == Method::Invite);
        let Ok(id) = response.call_id_header().map(|id| id.value().to_owned()) else { return };
        if !of_invite || response.status_code.kind() != StatusCodeKind::Successful {
            return;
        }
        let mut calls = self.lock();
        let Some(call) = calls.get_mut(&id) else { return };
        match inbound::remote_target(response) {
            Some(target) => call.target = target,
            None => {
                response.headers.retain(|header| !matches!(header, Header::Contact(_)));
                response.headers.push(Header::Contact(format!("<{}>", call.target).into()));
            }
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

    /// The stack addresses PRACK to where the INVITE was sent, RFC 3262 to the Contact of the response, along its Record-Route.
    fn readdress(&self, request: &mut Request) {
        let Ok(id) = request.call_id_header().map(|id| id.value().to_owned()) else { return };
        if request.method != Method::PRack {
            return;
        }
        let (tag, key) = (to_tag(request), TransactionKey::from_request(request, TransactionRole::Client).ok());
        let mut calls = self.lock();
        let Some(call) = calls.get_mut(&id) else { return };
        if let Some(early) = call.early.iter().find(|early| tag.as_ref() == Some(&early.tag)) {
            request.uri = early.contact.clone();
            let routed = request.headers.iter().any(|header| matches!(header, Header::Route(_)));
            for route in early.route.iter().filter(|_| !routed) {
                request.headers.push(Header::Route(route.clone().into()));
            }
        }
        if let Some(key) = key.filter(|key| call.prack.as_ref() != Some(key)) {
            call.prack = Some(key.clone());
            self.bound(key);
        }
    }

    /// The stack looks at no other response to the INVITE, the answer among them, before its PRACK is answered or 32 s are over.
    fn bound(&self, key: TransactionKey) {
        let Some(endpoint) = self.endpoint.get().cloned() else { return };
        tokio::spawn(async move {
            sleep(PRACK_PATIENCE).await;
            let transaction = endpoint.upgrade().and_then(|endpoint| endpoint.transactions.get(&key));
            if let Some(transaction) = transaction {
                let _ended = transaction.send(TransactionEvent::Terminate(key));
            }
        });
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
            unescape(&mut request.uri);
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
        inbound::tidy(&mut message);
        self.0.name_target(&mut message);
        if from.is_some()
            && let SipMessage::Response(response) = &mut message
        {
            self.0.second_challenge(response);
            self.0.responded(response);
        }
        message
    }
}
