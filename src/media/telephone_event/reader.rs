//! What received events mean: each digit once, however many of its packets came.

use std::collections::VecDeque;

use super::TelephoneEvent;

/// Events that are remembered, so that a packet that was overtaken presses nothing again.
const REMEMBERED: usize = 16;
/// A longer event goes on as another one at its end (RFC 4733, section 2.5.1.3).
const LONGEST: u16 = u16::MAX;

/// Reads the events of one stream.
#[derive(Clone, Debug, Default)]
pub struct DigitReader {
    seen: VecDeque<u32>,
    last: Option<(u32, TelephoneEvent)>,
}

impl DigitReader {
    /// The digit of an event that is new: its first packet that comes, whichever that is.
    pub fn read(&mut self, timestamp: u32, event: TelephoneEvent) -> Option<char> {
        if self.seen.contains(&timestamp) {
            if let Some((start, last)) = &mut self.last
                && *start == timestamp
                && last.duration <= event.duration
            {
                *last = event;
            }
            return None;
        }
        let goes_on = self.last.is_some_and(|(start, last)| {
            last.code == event.code && !last.end && last.duration == LONGEST && timestamp == start.wrapping_add(u32::from(LONGEST))
        });
        self.seen.push_back(timestamp);
        if self.seen.len() > REMEMBERED {
            self.seen.pop_front();
        }
        self.last = Some((timestamp, event));
        if goes_on { None } else { event.digit() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Keyer;
    use super::*;

    fn event(code: u8, duration: u16, end: bool) -> TelephoneEvent {
        TelephoneEvent { code, end, duration }
    }

    #[test]
    fn a_digit_is_pressed_once() {
        let mut reader = DigitReader::default();
        let packets = [(0, event(5, 160, false)), (0, event(5, 320, false)), (0, event(5, 800, true)), (0, event(5, 800, true))];
        let digits: String = packets.into_iter().filter_map(|(timestamp, event)| reader.read(timestamp, event)).collect();
        assert_eq!(digits, "5");
    }

    #[test]
    fn the_same_digit_twice_is_two_digits_even_without_end_packets() {
        let mut reader = DigitReader::default();
        let packets = [(0, event(5, 160, false)), (1600, event(5, 160, false)), (0, event(5, 800, true)), (3200, event(5, 800, true))];
        let digits: String = packets.into_iter().filter_map(|(timestamp, event)| reader.read(timestamp, event)).collect();
        assert_eq!(digits, "555");
    }

    #[test]
    fn a_long_press_is_one_digit() {
        let mut reader = DigitReader::default();
        let packets =
            [(0, event(5, 0xfff0, false)), (0, event(5, 0xffff, false)), (0xffff, event(5, 160, false)), (0xffff, event(5, 900, true))];
        let digits: String = packets.into_iter().filter_map(|(timestamp, event)| reader.read(timestamp, event)).collect();
        assert_eq!(digits, "5");
    }

    proptest! {
        /// Whatever is lost of them, as long as one packet of each digit comes.
        #[test]
        fn what_is_keyed_is_read(digits in "[0-9*#A-D]{1,8}", length in prop::sample::select(vec![80_u32, 160, 240, 320, 480]), lost: u64) {
            let (mut keyer, mut reader) = (Keyer::new(8000), DigitReader::default());
            keyer.press(&digits);
            let mut heard = String::new();
            for k in 0..4000_u32 {
                if let Some(keyed) = keyer.next(k * length, length) {
                    let dropped = lost.rotate_left(k % 64) & 1 == 1 && !keyed.ends;
                    let event = TelephoneEvent::parse(&keyed.payload).expect("event");
                    heard.extend((!dropped).then(|| reader.read(keyed.timestamp, event)).flatten());
                }
            }
            prop_assert_eq!(heard, digits);
        }
    }
}
