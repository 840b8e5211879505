//! The writing half of a link: a queue, and a bound on writing after the close.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::protocol::Message;
use crate::clock::Monotonic;

/// How long what is still queued and the close may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Messages that may wait for a peer to read: more than the marks of a bot's that playout holds, which are all answered at once.
pub(crate) const MOST_WAITING: usize = 12_000;

/// The sending half: a queue into a task of its own, so that a bot that does not read blocks nothing.
#[derive(Clone, Debug)]
pub(crate) struct LinkWriter {
    queue: mpsc::Sender<Outgoing>,
    /// Cancelled when the link is to close.
    closing: CancellationToken,
    /// Cancels `closing` when the last writer is dropped.
    _last: Arc<DropGuard>,
}

/// Why a message was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsent {
    /// The link's writing task has ended.
    Gone,
    /// The peer reads nothing: [`MOST_WAITING`] messages wait for it.
    Full,
}

impl LinkWriter {
    /// A queue, and what its task takes it from.
    pub(super) fn new() -> (Self, mpsc::Receiver<Outgoing>, CancellationToken) {
        let (queue, outgoing) = mpsc::channel(MOST_WAITING);
        let closing = CancellationToken::new();
        (Self { queue, closing: closing.clone(), _last: Arc::new(closing.clone().drop_guard()) }, outgoing, closing)
    }

    /// Queues a message, or the close.
    pub fn send(&self, outgoing: Outgoing) -> Result<(), Unsent> {
        let closes = matches!(outgoing, Outgoing::Close);
        let sent = self.queue.try_send(outgoing).map_err(|error| match error {
            TrySendError::Full(_) => Unsent::Full,
            TrySendError::Closed(_) => Unsent::Gone,
        });
        if closes {
            self.closing.cancel();
        }
        sent
    }
}

/// What the writing task takes.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Message(Message),
    /// A frame of the caller's, and when the pacing thread handed it over.
    Audio(Message, Monotonic),
    Close,
}

/// Writes until the link closes, and not much longer: a bot that does not read would hold a frame up for ever.
pub(super) async fn bounded(closing: CancellationToken, writing: impl Future<Output = ()>) {
    let overdue = async {
        closing.cancelled().await;
        tokio::time::sleep(CLOSE_TIMEOUT).await;
    };
    tokio::select! {
        () = writing => {}
        () = overdue => {}
    }
}
