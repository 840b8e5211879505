//! Which call a request from the provider belongs to: every call has a random token of its own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::endpoints::Endpoint;
use super::status::Status;
use crate::lock::lock;
use crate::scenario::OriginateTarget;
use crate::websocket::link::{LinkReader, LinkWriter};

/// A request that came in for a call.
pub(super) enum Arrival {
    /// How far the call is.
    Status(Status),
    /// Teler asks what to do with the answered call of this id.
    Asked(String),
    /// The media socket is open.
    Stream(LinkReader, LinkWriter),
    /// A request without the provider's signature was rejected: at which endpoint, and why.
    Forged(Endpoint, String),
}

/// A call that is being placed, or is up.
pub(super) struct PendingCall {
    pub target: OriginateTarget,
    streams: AtomicBool,
    arrivals: mpsc::UnboundedSender<Arrival>,
}

impl PendingCall {
    /// Hands it to the call, unless the call is over.
    pub fn deliver(&self, arrival: Arrival) {
        let _over = self.arrivals.send(arrival);
    }

    /// True for the first stream only: a call has one.
    pub fn takes_stream(&self) -> bool {
        !self.streams.swap(true, Ordering::SeqCst)
    }
}

/// The call of a token.
pub(super) enum Lookup {
    Call(Arc<PendingCall>),
    /// The call is over; its last status callback may still come.
    Over,
    Unknown,
}

/// The calls that one listener serves.
#[derive(Default)]
pub(super) struct PendingCalls {
    calls: Mutex<HashMap<String, Option<Arc<PendingCall>>>>,
    /// Ends the listener.
    pub stop: CancellationToken,
}

impl PendingCalls {
    /// A new token for a call, until the reservation is dropped.
    pub fn expect(self: &Arc<Self>, target: OriginateTarget) -> Reservation {
        let token = format!("{:032x}", rand::random::<u128>());
        let (arrivals, receiver) = mpsc::unbounded_channel();
        let expected = PendingCall { target, streams: false.into(), arrivals };
        lock(&self.calls).insert(token.clone(), Some(Arc::new(expected)));
        Reservation { token, pending: Arc::clone(self), arrivals: receiver }
    }

    /// The call of a token.
    pub fn find(&self, token: &str) -> Lookup {
        match lock(&self.calls).get(token) {
            Some(Some(expected)) => Lookup::Call(Arc::clone(expected)),
            Some(None) => Lookup::Over,
            None => Lookup::Unknown,
        }
    }
}

/// A call's token, valid until this is dropped.
pub(super) struct Reservation {
    pub token: String,
    pending: Arc<PendingCalls>,
    pub arrivals: mpsc::UnboundedReceiver<Arrival>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut calls = lock(&self.pending.calls);
        calls.entry(std::mem::take(&mut self.token)).and_modify(|call| *call = None);
    }
}
