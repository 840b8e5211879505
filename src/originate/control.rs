//! An open call's controls.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::leg::Leg;
use crate::clock::Monotonic;
use crate::lock::lock;
use crate::media::{Reception, ReceptionCounter};
use crate::transport::{BoxFuture, CallControl, CallEvent, EventSender, SentDigits};
use crate::websocket::control::Outbound;
use crate::websocket::link::Gauges;

/// State that the call's controls and its task share.
pub(super) struct Control {
    pub leg: Leg,
    pub outbox: mpsc::UnboundedSender<Outbound>,
    pub events: EventSender,
    pub over: AtomicBool,
    pub stop: CancellationToken,
    pub received: Mutex<ReceptionCounter>,
    pub gauges: Gauges,
}

impl CallControl for Control {
    /// Over the REST API: to a provider, a closed socket may be a lost one.
    fn hang_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if self.over.swap(true, Ordering::SeqCst) {
                return;
            }
            if let Some(why) = self.leg.hang_up().await {
                let _nobody = self.events.send(CallEvent::Note(why));
            }
            let _gone = self.outbox.send(Outbound::Close);
            self.stop.cancel();
        })
    }

    fn reception(&self) -> Reception {
        lock(&self.received).report()
    }

    fn send_digits(&self, digits: &str) -> BoxFuture<'_, Result<SentDigits, String>> {
        let digits = digits.to_owned();
        Box::pin(async move {
            let first = Monotonic::now();
            self.leg.api.press(&self.leg.call_id, &digits).await?;
            Ok(SentDigits { first, last: Monotonic::now() })
        })
    }

    fn round_trip(&self) -> Option<Duration> {
        self.gauges.round_trip.get()
    }

    fn send_lag(&self) -> Vec<u32> {
        self.gauges.lag.micros()
    }
}
