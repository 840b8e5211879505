//! The data channel: what each framework wants to hear to keep it, and what the bot says of itself there.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use webrtc::data_channel::{DataChannel, DataChannelEvent};

use crate::clock::CallClock;
use crate::scenario::Signalling;
use crate::telemetry::{self, Report};
use crate::transport::{CallEvent, EventSender};

/// Pipecat counts a client as gone three seconds after its last ping.
const PING_EVERY: Duration = Duration::from_secs(1);
/// A message of the bot's that is longer than this is not looked at.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// The label of the channel that goldencall opens; `None` where the signalling has none.
pub(super) fn label(signalling: Signalling) -> Option<&'static str> {
    match signalling {
        Signalling::Offer => Some("chat"),
        Signalling::FastRtc => Some("text"),
        Signalling::OpenAi => Some("oai-events"),
        Signalling::Whip | Signalling::LiveKit => None,
    }
}

/// Follows the channel until it closes.
pub(super) async fn follow(channel: Arc<dyn DataChannel>, signalling: Signalling, clock: CallClock, events: EventSender) {
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = false;
    loop {
        tokio::select! {
            event = channel.poll() => match event {
                Some(DataChannelEvent::OnOpen) => {
                    open = true;
                    if signalling == Signalling::Offer {
                        let _closed = channel.send_text(&telemetry::rtvi::client_ready("goldencall")).await;
                    }
                }
                Some(DataChannelEvent::OnMessage(message)) if message.data.len() <= MOST_BYTES => {
                    let text = String::from_utf8_lossy(&message.data).into_owned();
                    for event in heard(signalling, &text, clock) {
                        if events.send(event).is_err() {
                            return;
                        }
                    }
                }
                Some(DataChannelEvent::OnClose) | None => return,
                Some(_) => {}
            },
            _ = pings.tick(), if open && signalling == Signalling::Offer => {
                let _closed = channel.send_text(telemetry::rtvi::PING).await;
            }
        }
    }
}

fn heard(signalling: Signalling, text: &str, clock: CallClock) -> Vec<CallEvent> {
    let now = clock.now();
    if signalling == Signalling::Offer && has_left(text) {
        return vec![CallEvent::HungUp(now)];
    }
    let reports: Vec<Report> = match signalling {
        Signalling::OpenAi => telemetry::openai::parse(text),
        _ => telemetry::rtvi::parse(text),
    };
    reports.into_iter().map(|report| CallEvent::Report(now, report)).collect()
}

/// Pipecat's own goodbye, which comes before the connection closes.
fn has_left(text: &str) -> bool {
    let message: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let is = |pointer: &str, value: &str| message.as_ref().and_then(|m| m.pointer(pointer)).is_some_and(|found| found == value);
    is("/type", "signalling") && is("/message/type", "peerLeft")
}
