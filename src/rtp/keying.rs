//! Digits on their way, and when they went.

use tokio::sync::oneshot;

use crate::clock::Monotonic;
use crate::media::telephone_event::{Keyed, Keyer};
use crate::transport::SentDigits;

/// The keys of one session.
#[derive(Debug, Default)]
pub(super) struct Keying {
    keyer: Option<Keyer>,
    /// Digits that have not ended yet.
    left: usize,
    first: Option<Monotonic>,
    reply: Option<oneshot::Sender<SentDigits>>,
}

impl Keying {
    /// Queues digits for a stream of this clock; the reply comes when the last one has ended.
    pub fn press(&mut self, digits: &str, clock: u32, reply: oneshot::Sender<SentDigits>) {
        let count = self.keyer.get_or_insert_with(|| Keyer::new(clock)).press(digits);
        self.left += count;
        self.first = None;
        // Without digits there is nothing to wait for.
        self.reply = (self.left > 0).then_some(reply);
    }

    /// The event packet in the place of the audio at this timestamp.
    pub fn key(&mut self, timestamp: u32, ticks: u32) -> Option<Keyed> {
        self.keyer.as_mut()?.next(timestamp, ticks)
    }

    /// An event packet went out.
    pub fn keyed(&mut self, starts: bool, ends: bool, at: Monotonic) {
        if starts {
            self.first.get_or_insert(at);
        }
        if !ends {
            return;
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0
            && let (Some(first), Some(reply)) = (self.first.take(), self.reply.take())
        {
            let _nobody_waits = reply.send(SentDigits { first, last: at });
        }
    }
}
