//! A line on a media socket, in the bot's role of whichever protocol.

use std::sync::{Arc, Mutex, PoisonError, mpsc as std_mpsc};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::line::{self, Line};
use super::log::now_ns;
use super::server::House;
use super::web::Wishes;
use super::wire::SocketWire;
use crate::scenario::SocketProtocol;
use crate::websocket::protocol::{self, FromBot, Message, StreamStart, ToBot};

/// Answers one stream and follows it to its end.
pub(super) async fn answer(
    house: Arc<House>,
    protocol: SocketProtocol,
    wishes: Wishes,
    mut incoming: UnboundedReceiver<Message>,
    outgoing: UnboundedSender<Message>,
) {
    let codec = Arc::new(Mutex::new(protocol::codec(protocol, None)));
    let lock = || codec.lock().unwrap_or_else(PoisonError::into_inner);
    let (over, hang_up) = (CancellationToken::new(), CancellationToken::new());
    let _over_at_last = over.clone().drop_guard();
    let mut inbox: Option<std_mpsc::Sender<(Vec<u8>, i64)>> = None;
    let (press, keys) = std_mpsc::channel();
    let mut keys = Some(keys);
    let mut begin = |start: StreamStart| {
        let format = start.format.unwrap_or_else(|| lock().default_format());
        if lock().waits_for_acceptance() {
            let messages = lock().by_bot(&FromBot::Accepted { format: Some(format) });
            messages.into_iter().for_each(|message| drop(outgoing.send(message)));
        }
        let (sender, receiver) = std_mpsc::channel();
        let wire = SocketWire::new(Arc::clone(&codec), format, receiver, outgoing.clone());
        let mut script = house.script(&wishes.script)?;
        script.bursts = wishes.bursts.unwrap_or(script.bursts);
        let unnamed = start.call_id.is_empty();
        let call_id = wishes.call.clone().filter(|_| unnamed).unwrap_or(start.call_id);
        let line = house.line(wire, script, call_id);
        let keys = keys.take().unwrap_or_else(|| std_mpsc::channel().1);
        let line = Line { over: over.clone(), hang_up: hang_up.clone(), keys, think: wishes.think(), ..line };
        line::start(line);
        Some(sender)
    };
    loop {
        let message = tokio::select! {
            () = hang_up.cancelled() => {
                let messages = lock().by_bot(&FromBot::HangUp { reason: None });
                return messages.into_iter().for_each(|message| drop(outgoing.send(message)));
            }
            message = incoming.recv() => message,
        };
        let Some(message) = message else { return };
        let at = now_ns();
        let Ok(events) = lock().on_bot(&message) else { return };
        for event in events {
            match event {
                ToBot::Start(start) => inbox = inbox.take().or_else(|| begin(start)),
                ToBot::Audio(payload) => {
                    // A protocol without a start begins with its first audio.
                    inbox = inbox.take().or_else(|| begin(StreamStart::default()));
                    if let Some(inbox) = &inbox {
                        let _line_over = inbox.send((payload, at));
                    }
                }
                ToBot::Stop => {
                    let messages = lock().by_bot(&FromBot::Goodbye);
                    return messages.into_iter().for_each(|message| drop(outgoing.send(message)));
                }
                ToBot::Dtmf(digit) => drop(press.send(digit)),
                ToBot::MarkReached { .. } | ToBot::Playback { .. } => {}
            }
        }
    }
}
