//! Which call a request from outside belongs to: every call waits under a random token of its own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::doors::Door;
use super::status::Status;
use crate::scenario::OriginateTarget;
use crate::websocket::link::{LinkReader, LinkWriter};

/// What came in for a call.
pub(super) enum Arrival {
    /// The provider tells how far the call is.
    Status(Status),
    /// Teler asks what to do with the answered call of this id.
    Asked(String),
    /// The media socket is open.
    Stream(LinkReader, LinkWriter),
    /// A request without the provider's signature was turned away: at which door, and why.
    Forged(Door, String),
}

/// A call that a provider was, or is about to be, asked for.
pub(super) struct Expected {
    pub target: OriginateTarget,
    streams: AtomicBool,
    arrivals: mpsc::UnboundedSender<Arrival>,
}

impl Expected {
    /// Tells the call; one that is over is not told any more.
    pub fn tell(&self, arrival: Arrival) {
        let _over = self.arrivals.send(arrival);
    }

    /// True for the first stream only: a call has one.
    pub fn takes_stream(&self) -> bool {
        !self.streams.swap(true, Ordering::SeqCst)
    }
}

/// What a token stands for.
pub(super) enum Found {
    Call(Arc<Expected>),
    /// The call is over; its last news comes in behind it.
    Over,
    Nothing,
}

/// The calls of one listener.
#[derive(Default)]
pub(super) struct Desk {
    calls: Mutex<HashMap<String, Option<Arc<Expected>>>>,
    /// Ends the listener.
    pub stop: CancellationToken,
}

impl Desk {
    /// A new token for a call, until the reservation is dropped.
    pub fn expect(self: &Arc<Self>, target: OriginateTarget) -> Reservation {
        let token = format!("{:032x}", rand::random::<u128>());
        let (arrivals, receiver) = mpsc::unbounded_channel();
        let expected = Expected { target, streams: false.into(), arrivals };
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), Some(Arc::new(expected)));
        Reservation { token, desk: Arc::clone(self), arrivals: receiver }
    }

    /// The call of a token.
    pub fn find(&self, token: &str) -> Found {
        match self.calls.lock().unwrap_or_else(PoisonError::into_inner).get(token) {
            Some(Some(expected)) => Found::Call(Arc::clone(expected)),
            Some(None) => Found::Over,
            None => Found::Nothing,
        }
    }
}

/// A call's place at the desk.
pub(super) struct Reservation {
    pub token: String,
    desk: Arc<Desk>,
    pub arrivals: mpsc::UnboundedReceiver<Arrival>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut calls = self.desk.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.entry(std::mem::take(&mut self.token)).and_modify(|call| *call = None);
    }
}
