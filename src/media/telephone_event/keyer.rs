//! Which packet of a stream carries which event.

use std::collections::VecDeque;

use super::{TelephoneEvent, code};

/// Tones and the gaps after them, of a second: 100 ms each.
const TONES_A_SECOND: u32 = 10;
/// The last report is sent three times in all (RFC 4733, section 2.5.1.4).
const REPEATS: u8 = 2;

/// A packet in the place of one of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The payload.
    pub payload: [u8; 4],
    /// The first packet of an event.
    pub marker: bool,
    /// The RTP timestamp: that of the event's start.
    pub timestamp: u32,
    /// The first packet that says that the event is over.
    pub ends: bool,
}

/// Sends digits: asked for each packet of a stream, in order.
#[derive(Debug)]
pub struct Keyer {
    queue: VecDeque<u8>,
    state: State,
    /// Timestamp units a tone lasts, and the gap after it.
    tone: u32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Tone { code: u8, start: u32, elapsed: u32 },
    Gap { over: TelephoneEvent, start: u32, repeats: u8, left: u32 },
}

impl Keyer {
    /// For a stream with an RTP clock of this many units per second.
    #[must_use]
    pub fn new(clock: u32) -> Self {
        Self { queue: VecDeque::new(), state: State::Idle, tone: clock / TONES_A_SECOND }
    }

    /// Queues digits; what is none is passed over. Returns how many there are.
    pub fn press(&mut self, digits: &str) -> usize {
        let before = self.queue.len();
        self.queue.extend(digits.chars().filter_map(code));
        self.queue.len() - before
    }

    /// The packet that goes in the place of the audio that begins at `timestamp` and lasts `length` units; `None`: audio.
    pub fn next(&mut self, timestamp: u32, length: u32) -> Option<Keyed> {
        match self.state {
            State::Idle => {
                let code = self.queue.pop_front()?;
                Some(self.tone(code, timestamp, 0, length))
            }
            State::Tone { code, start, elapsed } => Some(self.tone(code, start, elapsed, length)),
            State::Gap { over, start, repeats, left } => {
                let left = left.saturating_sub(length);
                self.state = if left == 0 { State::Idle } else { State::Gap { over, start, repeats: repeats.saturating_sub(1), left } };
                let again = Keyed { payload: over.payload(), marker: false, timestamp: start, ends: false };
                (repeats > 0).then_some(again)
            }
        }
    }

    fn tone(&mut self, code: u8, start: u32, elapsed: u32, length: u32) -> Keyed {
        let marker = elapsed == 0;
        let elapsed = elapsed.saturating_add(length);
        let ends = elapsed >= self.tone;
        let event = TelephoneEvent { code, end: ends, duration: u16::try_from(elapsed).unwrap_or(u16::MAX) };
        self.state = if ends {
            // However long the packets are, the last report finds room in the gap.
            State::Gap { over: event, start, repeats: REPEATS, left: self.tone.max(length * u32::from(REPEATS)) }
        } else {
            State::Tone { code, start, elapsed }
        };
        Keyed { payload: event.payload(), marker, timestamp: start, ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(clock: u32, length: u32, digits: &str) -> String {
        let mut keyer = Keyer::new(clock);
        keyer.press(digits);
        let line = |k: u32| match keyer.next(1000 + k * length, length) {
            Some(keyed) => {
                let event = TelephoneEvent::parse(&keyed.payload).expect("event");
                let flags = [(keyed.marker, " marker"), (event.end, " end"), (keyed.ends, " over")];
                let flags: String = flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
                format!("{:?} at {} for {}{flags}", event.digit(), keyed.timestamp, event.duration)
            }
            None => "audio".to_owned(),
        };
        (0..(clock / length) * 45 / 100).map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn two_digits_of_a_telephone() {
        insta::assert_snapshot!(packets(8000, 160, "1#"));
    }

    #[test]
    fn long_packets_on_the_clock_of_opus() {
        insta::assert_snapshot!(packets(48_000, 2880, "A"));
    }
}
