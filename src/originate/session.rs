//! One open stream of an originated call, with goldencall in the bot's role.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::control::Control;
use super::pending_calls::{Arrival, Reservation};
use super::stamp::{Stamp, stamp};
use super::status::Stage;
use super::waiting::forgery;
use crate::clock::CallClock;
use crate::codec;
use crate::lock::lock;
use crate::media::MediaFrame;
use crate::time::CallTime;
use crate::transport::{CallEvent, Dial, EventSender};
use crate::websocket::control::Outbound;
use crate::websocket::link::{LinkEnd, LinkReader, LinkWriter, Outgoing};
use crate::websocket::protocol::{BotRole, FromBot, Message, ToBot};
use crate::websocket::{WireDecoder, WireEncoder};

/// How much later than the final status callback the last audio may come: they are two connections.
const LAST_AUDIO: Duration = Duration::from_millis(500);
/// Samples by which a rounded timestamp may be off; more is a gap.
const ROUNDING: u32 = 80;

/// The task of one stream.
pub(super) struct OriginatedSession {
    control: Arc<Control>,
    reader: LinkReader,
    writer: LinkWriter,
    role: Box<dyn BotRole>,
    encoder: WireEncoder,
    decoder: WireDecoder,
    outbox: mpsc::UnboundedReceiver<Outbound>,
    clock: CallClock,
    events: EventSender,
    reservation: Reservation,
    /// Set when the provider reports the end of the call: until when to wait for the rest of its audio.
    until: Option<Instant>,
    /// Chunks sent.
    sent: u64,
    place: Place,
}

/// The position of the last message in the stream.
#[derive(Debug, Default)]
struct Place {
    number: u64,
    timestamp: u32,
    length: u32,
}

impl Place {
    /// Sequence number and timestamp of a message of so many samples.
    fn of(&mut self, stamp: Option<Stamp>, length: u32) -> (u16, u32) {
        let due = self.timestamp.wrapping_add(self.length);
        let next = self.number.saturating_add(1);
        let number = stamp.map_or(next, |stamp| stamp.number);
        let missing = number.saturating_sub(next);
        let first = self.length == 0;
        let stated = match stamp.and_then(|stamp| stamp.millis) {
            // RTP's timestamps wrap as well.
            Some(millis) => millis.wrapping_mul(u64::from(codec::SAMPLE_RATE / 1000)) as u32,
            // Messages that are missing were as long as this one.
            None if first => 0,
            None => due.wrapping_add((missing as u32).wrapping_mul(length)),
        };
        let rounded = !first && stated.wrapping_sub(due).wrapping_add(ROUNDING) <= 2 * ROUNDING;
        *self = Self { number, timestamp: if rounded { due } else { stated }, length };
        (number as u16, self.timestamp)
    }

    /// A message without audio: Teler numbers all messages in one sequence.
    fn pass(&mut self, stamp: Option<Stamp>) {
        if let Some(Stamp { number, millis: None }) = stamp {
            self.number = number;
        }
    }
}

impl OriginatedSession {
    /// On an open link whose stream has begun.
    pub fn new(
        control: Arc<Control>,
        (reader, writer): (LinkReader, LinkWriter),
        role: Box<dyn BotRole>,
        (encoder, decoder): (WireEncoder, WireDecoder),
        outbox: mpsc::UnboundedReceiver<Outbound>,
        Dial { clock, events, .. }: Dial,
        reservation: Reservation,
    ) -> Self {
        let place = Place::default();
        Self { control, reader, writer, role, encoder, decoder, outbox, clock, events, reservation, until: None, sent: 0, place }
    }

    /// Runs until the bot, the tester or the connection ends it.
    pub async fn run(mut self) {
        let stop = self.control.stop.clone();
        let end = loop {
            let until = self.until;
            let done = tokio::select! {
                () = stop.cancelled() => break None,
                message = self.reader.next() => match message {
                    Ok(message) => self.message(&message),
                    Err(end) => Some(end),
                },
                Some(outbound) = self.outbox.recv() => { self.send(outbound); None }
                Some(arrival) = self.reservation.arrivals.recv() => { self.arrival(&arrival); None }
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => Some(LinkEnd::Closed(None)),
            };
            if done.is_some() {
                break done;
            }
        };
        // A link that is gone shows on its reading side.
        let _gone = self.writer.send(Outgoing::Close);
        if let Some(end) = end {
            self.ended(end).await;
        }
    }

    fn send(&mut self, outbound: Outbound) {
        let Outbound::Frame(samples, handed_over) = outbound else {
            let _gone = self.writer.send(Outgoing::Close);
            return;
        };
        self.sent += 1;
        let audio = FromBot::Audio { payload: self.encoder.encode(&samples), format: None, chunk: Some(self.sent.to_string()) };
        for message in self.role.write(&audio) {
            let _gone = self.writer.send(Outgoing::Audio(message, handed_over));
        }
    }

    fn arrival(&mut self, arrival: &Arrival) {
        match arrival {
            Arrival::Status(status) if matches!(status.stage, Stage::Over(_)) => {
                self.control.leg.is_over();
                self.until.get_or_insert(Instant::now() + LAST_AUDIO);
            }
            Arrival::Forged(_, what) => drop(self.events.send(CallEvent::Note(forgery(what)))),
            Arrival::Status(_) | Arrival::Asked(_) | Arrival::Stream(..) => {}
        }
    }

    fn message(&mut self, message: &Message) -> Option<LinkEnd> {
        // The kernel's time, however long the message waited for this task.
        let at = self.control.gauges.arrival.get().map_or_else(|| self.clock.now(), |arrival| self.clock.at(arrival));
        let events = match self.role.read(message) {
            Ok(events) => events,
            Err(error) => return Some(LinkEnd::Broken(error.to_string())),
        };
        if !events.iter().any(|event| matches!(event, ToBot::Audio(_))) {
            self.place.pass(stamp(message));
        }
        for event in events {
            match event {
                ToBot::Audio(payload) => self.audio(at, stamp(message), &payload),
                ToBot::Dtmf(digit) => drop(self.events.send(CallEvent::Digit(at, digit))),
                ToBot::Stop => {
                    self.control.leg.is_over();
                    return Some(LinkEnd::Closed(None));
                }
                ToBot::Start(_) | ToBot::MarkReached { .. } | ToBot::Playback { .. } => {}
            }
        }
        None
    }

    fn audio(&mut self, received: CallTime, stamp: Option<Stamp>, payload: &[u8]) {
        let held = self.decoder.held_nanos();
        let samples = self.decoder.decode(None, payload);
        let length = samples.len();
        if length == 0 {
            return;
        }
        let (sequence, timestamp) = self.place.of(stamp, length as u32);
        // A provider sends a message once its last sample is there: all but the last frame is older than the message.
        let older = (self.decoder.samples_of(payload.len()) - codec::FRAME as i64).max(0);
        let older = held + older * 1_000_000_000 / i64::from(codec::SAMPLE_RATE);
        let arrival = CallTime::from_nanos(received.as_nanos() - older);
        let frame = MediaFrame { arrival, received: arrival, ssrc: 1, sequence, timestamp, marker: false, samples };
        lock(&self.control.received).push(&frame);
        let _call_over = self.events.send(CallEvent::Media(frame));
    }

    async fn ended(self, end: LinkEnd) {
        let already_over = self.control.over.swap(true, Ordering::SeqCst);
        let now = self.clock.now();
        if !already_over {
            let _call_over = self.events.send(end.event_at(now));
        }
        self.control.stop.cancel();
        // A broken socket does not mean that the call has ended.
        if let Some(why) = self.control.leg.hang_up().await {
            let _call_over = self.events.send(CallEvent::Note(why));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(stamps: &[Option<(u64, Option<u64>)>]) -> Vec<(u16, u32)> {
        let mut place = Place::default();
        stamps.iter().map(|stamp| place.of(stamp.map(|(number, millis)| Stamp { number, millis }), 160)).collect()
    }

    #[test]
    fn messages_follow_each_other_where_their_stamps_are_rounded() {
        assert_eq!(places(&[Some((1, Some(5))), Some((2, Some(24))), Some((3, Some(46)))]), [(1, 40), (2, 200), (3, 360)]);
    }

    #[test]
    fn missing_messages_leave_a_gap() {
        assert_eq!(places(&[Some((1, Some(0))), Some((4, Some(60)))]), [(1, 0), (4, 480)]);
        assert_eq!(places(&[Some((2, None)), Some((3, None)), Some((6, None))]), [(2, 0), (3, 160), (6, 640)]);
        assert_eq!(places(&[None, None]), [(1, 0), (2, 160)]);
    }

    proptest::proptest! {
        #[test]
        fn no_stamp_panics(stamps: Vec<Option<(u64, Option<u64>)>>) {
            proptest::prop_assert_eq!(places(&stamps).len(), stamps.len());
        }
    }
}
