//! An open stream's controls, and what they hand to its task.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::link::Gauges;
use super::protocol::ToBot;
use crate::clock::Monotonic;
use crate::media::Reception;
use crate::transport::{BoxFuture, CallControl, Ignored, SentDigits};

/// How long a bot has to read the end of the call before the stream's task stops.
const CLOSE_DELAY: Duration = Duration::from_millis(100);
/// How long it has to confirm the end, where the protocol has such a message.
const GOODBYE: Duration = Duration::from_millis(500);

/// From one digit to the next, at the pace of a person: a provider sends each when the key is released.
const DIGIT: Duration = Duration::from_millis(200);

/// What the stream's task writes to the bot next. It alone holds the provider's role: sequence numbers run through audio and all
/// other messages, and the pacing thread must not wait while it reads a long message.
pub(crate) enum Outbound {
    /// A frame of the caller's, and when the pacing thread handed it over.
    Frame(Vec<i16>, Monotonic),
    Event(ToBot),
    Close,
}

/// State that the call's controls and its task share.
pub(crate) struct Shared {
    pub outbox: mpsc::UnboundedSender<Outbound>,
    pub over: AtomicBool,
    pub stop: CancellationToken,
    /// Cancelled once the bot has answered the end of the call; `None` where the protocol has no such answer.
    pub goodbye: Option<CancellationToken>,
    /// Media messages received.
    pub messages: AtomicU64,
    pub gauges: Gauges,
    /// What the bot sent in vain.
    pub ignored: Ignored,
    /// The protocol's name, where it has no message for digits.
    pub without_digits: Option<&'static str>,
}

impl Shared {
    /// Closes the socket behind everything that is to be written.
    pub fn close(&self) {
        // A socket that is gone shows on its reading side.
        let _gone = self.outbox.send(Outbound::Close);
    }
}

impl CallControl for Shared {
    fn hang_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if self.over.swap(true, Ordering::SeqCst) {
                return;
            }
            let _gone = self.outbox.send(Outbound::Event(ToBot::Stop));
            if let Some(goodbye) = &self.goodbye {
                let _silent = timeout(GOODBYE, goodbye.cancelled()).await;
            }
            self.close();
            sleep(CLOSE_DELAY).await;
            self.stop.cancel();
        })
    }

    fn reception(&self) -> Reception {
        Reception { packets: self.messages.load(Ordering::Relaxed), ..Reception::default() }
    }

    fn ignored(&self) -> Vec<String> {
        self.ignored.sentences()
    }

    fn send_digits(&self, digits: &str) -> BoxFuture<'_, Result<SentDigits, String>> {
        let digits: Vec<char> = digits.chars().collect();
        Box::pin(async move {
            if let Some(protocol) = self.without_digits {
                return Err(format!("{protocol} has no message for digits"));
            }
            let first = Monotonic::now();
            let mut last = first;
            for (index, digit) in digits.into_iter().enumerate() {
                if index > 0 {
                    sleep(DIGIT).await;
                }
                last = Monotonic::now();
                if self.outbox.send(Outbound::Event(ToBot::Dtmf(digit))).is_err() {
                    return Err("the call was over before the digits were sent".to_owned());
                }
            }
            Ok(SentDigits { first, last })
        })
    }

    fn round_trip(&self) -> Option<Duration> {
        self.gauges.round_trip.get()
    }

    fn send_lag(&self) -> Vec<u32> {
        self.gauges.lag.micros()
    }
}
