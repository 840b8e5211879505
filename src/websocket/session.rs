//! One open stream in the provider's role: the bot's audio goes through playout, and playout's marks go back to the bot.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::audio::{WireDecoder, WireEncoder};
use super::control::{Outbound, Shared};
use super::form::FormCheck;
use super::link::{LinkEnd, LinkReader, LinkWriter, MOST_WAITING, Outgoing, Unsent};
use super::protocol::{FromBot, Message, ProviderRole, ToBot};
use super::rtvi;
use crate::clock::CallClock;
use crate::media::{Played, Playout};
use crate::time::CallTime;
use crate::transport::{CallEvent, EventSender};

/// How often playout is polled: well below what the timeline holds back.
const TICK: Duration = Duration::from_millis(10);
/// Silence on the socket for this long ends a talkspurt, which then gets what the resampler holds back.
const TALKSPURT: Duration = Duration::from_millis(30);

/// The task of one stream.
pub(super) struct SocketSession {
    pub shared: Arc<Shared>,
    pub role: Box<dyn ProviderRole>,
    pub outbox: mpsc::UnboundedReceiver<Outbound>,
    pub encoder: WireEncoder,
    pub reader: LinkReader,
    pub writer: LinkWriter,
    pub decoder: WireDecoder,
    pub form: FormCheck,
    pub clock: CallClock,
    pub events: EventSender,
    pub playout: Playout,
    /// When the last audio message came; `None` once its talkspurt is flushed.
    pub last_audio: Option<CallTime>,
    /// How reports name the protocol.
    pub protocol: &'static str,
    /// The bot reads nothing.
    pub deaf: bool,
}

impl SocketSession {
    /// Runs until the bot, the tester or the connection ends it.
    pub async fn run(mut self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.shared.stop.clone();
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return,
                message = self.reader.next() => match message {
                    Ok(message) => self.message(&message),
                    Err(end) => Some(end),
                },
                Some(outbound) = self.outbox.recv() => { self.send(outbound); None }
                _ = ticks.tick() => { self.play(); None }
            };
            let deaf = self.deaf.then(|| LinkEnd::Broken(format!("the bot does not read its socket: {MOST_WAITING} messages wait for it")));
            if let Some(end) = done.or(deaf) {
                return self.ended(end).await;
            }
        }
    }

    fn send(&mut self, outbound: Outbound) {
        match outbound {
            Outbound::Frame(samples, handed_over) => {
                let payload = self.encoder.encode(&samples);
                for message in self.role.write(&ToBot::Audio(payload)) {
                    self.write(Outgoing::Audio(message, handed_over));
                }
            }
            Outbound::Event(event) => self.send_event(&event),
            Outbound::Close => self.write(Outgoing::Close),
        }
    }

    fn send_event(&mut self, event: &ToBot) {
        self.role.write(event).into_iter().for_each(|message| self.write(Outgoing::Message(message)));
    }

    fn write(&mut self, outgoing: Outgoing) {
        // A socket that is gone shows on its reading side.
        self.deaf |= self.writer.send(outgoing) == Err(Unsent::Full);
    }

    fn message(&mut self, message: &Message) -> Option<LinkEnd> {
        // The kernel's time, however long the message waited for this task.
        let at = self.shared.gauges.arrival.get().map_or_else(|| self.clock.now(), |arrival| self.clock.at(arrival));
        if let Some(reports) = rtvi::reports(message) {
            reports.into_iter().for_each(|report| drop(self.events.send(CallEvent::Report(at, report))));
            return None;
        }
        let events = match self.role.read(message) {
            Ok(events) => events,
            Err(error) => return Some(LinkEnd::Broken(error.to_string())),
        };
        let end = events.into_iter().find_map(|event| self.event(at, event));
        self.play();
        end
    }

    fn event(&mut self, at: CallTime, event: FromBot) -> Option<LinkEnd> {
        match event {
            FromBot::Audio { payload, format, chunk } => {
                self.shared.messages.fetch_add(1, Ordering::Relaxed);
                if let Some(mistake) = self.form.look(format.unwrap_or(self.decoder.format()), &payload) {
                    self.shared.ignored.count(&mistake);
                }
                // What was held back came with the previous message, and not earlier.
                let held = CallTime::from_nanos(at.as_nanos() - self.decoder.held_nanos());
                let first = self.last_audio.replace(at).map_or(held, |before| held.max(before).min(at));
                let samples = self.decoder.decode(format, &payload);
                if self.playout.push(first, samples, chunk).is_err() {
                    return Some(LinkEnd::Broken(
                        "the bot queued more than ten minutes of audio, or 200000 pieces of it, or one with a name of more than 1 kB"
                            .to_owned(),
                    ));
                }
            }
            FromBot::Mark(name) => {
                self.flush();
                if self.playout.mark(name).is_err() {
                    return Some(LinkEnd::Broken(
                        "the bot set more than 10000 marks that playout has not come to, or one with a name of more than 1 kB".to_owned(),
                    ));
                }
            }
            FromBot::Clear(chunk) => {
                self.decoder.flush();
                self.last_audio = None;
                for name in self.playout.clear(chunk.as_deref()) {
                    self.send_event(&ToBot::MarkReached { name, cleared: true });
                }
            }
            FromBot::Dropped(why) => self.shared.ignored.count(&why),
            FromBot::HangUp { .. } => return Some(LinkEnd::Closed(None)),
            FromBot::Reply(reply) => self.write(Outgoing::Message(reply)),
            FromBot::Goodbye => self.end_goodbye(),
            FromBot::Other(what) => {
                let why = format!(
                    "the bot sent `{what}`, which {} does not have; does the bot speak another provider's protocol?",
                    self.protocol
                );
                return Some(LinkEnd::Broken(why));
            }
            FromBot::Dtmf(digits) => digits.chars().for_each(|digit| drop(self.events.send(CallEvent::Digit(at, digit)))),
            FromBot::Accepted { .. } => {}
        }
        None
    }

    fn flush(&mut self) {
        if let Some(at) = self.last_audio.take() {
            let rest = self.decoder.flush();
            // The queue took the whole talkspurt; its last milliseconds find room.
            let _full = self.playout.push(at, rest, None);
        }
    }

    fn play(&mut self) {
        let now = self.clock.now();
        if self.last_audio.is_some_and(|at| now.saturating_since(at) > TALKSPURT) {
            self.flush();
        }
        for played in self.playout.due(now) {
            match played {
                Played::Frame(frame) => drop(self.events.send(CallEvent::Media(frame))),
                Played::Mark(name) => self.send_event(&ToBot::MarkReached { name, cleared: false }),
                Played::Started => self.send_event(&ToBot::Playback { started: true }),
                Played::Ended => self.send_event(&ToBot::Playback { started: false }),
            }
        }
    }

    /// The bot has confirmed the end of the call.
    fn end_goodbye(&self) {
        self.shared.goodbye.iter().for_each(CancellationToken::cancel);
    }

    async fn ended(mut self, end: LinkEnd) {
        // The caller's audio has no receiver any more.
        self.outbox.close();
        self.write(Outgoing::Close);
        self.end_goodbye();
        self.flush();
        if let LinkEnd::Closed(said) = &end {
            said.iter().for_each(|said| self.shared.ignored.count(said));
            self.play_out().await;
        }
        self.play();
        let already_over = self.shared.over.swap(true, Ordering::SeqCst);
        let now = self.clock.now();
        if !already_over {
            let _call_over = self.events.send(end.event_at(now));
        }
        self.shared.stop.cancel();
    }

    /// A bot that sends its last words in one burst and closes is played to the end, as a provider would.
    async fn play_out(&mut self) {
        let mut ticks = interval(TICK);
        while !self.playout.is_idle() {
            tokio::select! {
                () = self.shared.stop.cancelled() => return,
                _ = ticks.tick() => self.play(),
            }
        }
    }
}
