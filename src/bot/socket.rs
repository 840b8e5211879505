//! A line on a media socket, whatever the protocol.

use std::sync::{Arc, Mutex, mpsc as std_mpsc};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::call_options::CallOptions;
use super::line::{self, Line};
use super::log::now_ns;
use super::state::BotState;
use super::wire::SocketWire;
use crate::lock::lock;
use crate::scenario::SocketProtocol;
use crate::websocket::protocol::{FromBot, Message, StreamStart, ToBot};
use crate::websocket::providers::provider;

/// Answers one stream and follows it to its end.
pub(super) async fn answer(
    state: Arc<BotState>,
    protocol: SocketProtocol,
    options: CallOptions,
    mut incoming: UnboundedReceiver<Message>,
    outgoing: UnboundedSender<Message>,
) {
    let provider = provider(protocol);
    // Two threads share the role: this task reads the socket, the line's thread writes its audio.
    let role = Arc::new(Mutex::new(provider.bot_role()));
    let write = |event: &FromBot| {
        let messages = lock(&role).write(event);
        // A caller that is gone shows as the end of `incoming`.
        messages.into_iter().for_each(|message| drop(outgoing.send(message)));
    };
    let (over, hang_up) = (CancellationToken::new(), CancellationToken::new());
    // Whichever way this function ends, or if its task is aborted, the line's thread must end too.
    let _ends_line = over.clone().drop_guard();
    // Digits may come before the line begins: they wait in this channel.
    let (press, keys) = std_mpsc::channel();
    let mut keys = Some(keys);
    let mut begin = |start: StreamStart| {
        let format = start.format.unwrap_or_else(|| lock(&role).format());
        if provider.waits_for_acceptance() {
            // Before the line's first audio: until the stream is accepted, the tester passes audio over.
            write(&FromBot::Accepted { format: Some(format) });
        }
        let (sender, receiver) = std_mpsc::channel();
        let wire = SocketWire::new(Arc::clone(&role), format, receiver, outgoing.clone());
        let mut script = state.script(&options.script)?;
        script.bursts = options.bursts.unwrap_or(script.bursts);
        // The caller's own name of the call counts only where the protocol names none.
        let unnamed = start.call_id.is_empty();
        let call_id = options.call.clone().filter(|_| unnamed).unwrap_or(start.call_id);
        let line = state.line(wire, script, call_id);
        let keys = keys.take().unwrap_or_else(|| std_mpsc::channel().1);
        let line = Line { over: over.clone(), hang_up: hang_up.clone(), keys, think: options.think(), ..line };
        line::start(line);
        Some(sender)
    };
    // The way to the line's thread, once it has begun.
    let mut inbox: Option<std_mpsc::Sender<(Vec<u8>, i64)>> = None;
    loop {
        let message = tokio::select! {
            () = hang_up.cancelled() => return write(&FromBot::HangUp { reason: None }),
            message = incoming.recv() => message,
        };
        let Some(message) = message else { return };
        // Stamped here: by the time the line's thread looks, up to a frame has passed.
        let at = now_ns();
        let Ok(events) = lock(&role).read(&message) else { return };
        for event in events {
            match event {
                // `or_else`: a second start must not begin a second line.
                ToBot::Start(start) => inbox = inbox.take().or_else(|| begin(start)),
                ToBot::Audio(payload) => {
                    // A protocol without a start begins with its first audio.
                    inbox = inbox.take().or_else(|| begin(StreamStart::default()));
                    if let Some(inbox) = &inbox {
                        let _line_over = inbox.send((payload, at));
                    }
                }
                ToBot::Stop => return write(&FromBot::Goodbye),
                ToBot::Dtmf(digit) => drop(press.send(digit)),
                ToBot::MarkReached { .. } | ToBot::Playback { .. } => {}
            }
        }
    }
}
