//! To which turn a moment belongs.

use std::time::Duration;

use crate::time::CallTime;

/// How long before the caller's last speech sample a turn's telemetry begins.
///
/// Bots hear the end of speech a little earlier than it is: the last sound is often too quiet for them. Clocks of two
/// machines differ as well. More would reach into a pause within the caller's sentence.
const EARLY: Duration = Duration::from_millis(250);

/// One turn as the tester heard it; the windows of a call come in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnWindow {
    /// 1-based number of the turn in the scenario.
    pub number: usize,
    /// The caller's last speech sample; none for a greeting.
    pub caller_speech_end: Option<CallTime>,
    /// The bot's first speech sample; none where it stayed silent.
    pub bot_onset: Option<CallTime>,
    /// When the packet with the onset arrived.
    pub received: Option<CallTime>,
    /// The end of the turn: what comes then or later belongs to the next one.
    pub until: CallTime,
}

/// From when on telemetry belongs to the turn: a little before the caller's last speech sample; without one, from the
/// end of the turn before, and for the first turn from ever.
fn begin(windows: &[TurnWindow], index: usize) -> CallTime {
    let before = index.checked_sub(1).and_then(|before| windows.get(before)).map(|window| window.until);
    let spoken = windows.get(index).and_then(|window| window.caller_speech_end).map(|end| end - EARLY);
    spoken.or(before).unwrap_or(CallTime::from_nanos(i64::MIN))
}

/// The turn that a moment belongs to: the last one that has begun by then and is not over.
pub(super) fn turn_at(windows: &[TurnWindow], at: CallTime) -> Option<usize> {
    (0..windows.len()).rev().find(|index| begin(windows, *index) <= at && at < windows[*index].until)
}

/// The turn that what the bot *heard* belongs to: the first whose answer had not begun by then.
///
/// A recogniser finishes parts of a sentence while the caller still speaks, before the turn's window. Once the bot has
/// answered, what it hears belongs to the next turn.
pub(super) fn turn_heard_at(windows: &[TurnWindow], at: CallTime) -> Option<usize> {
    windows.iter().position(|window| at < window.bot_onset.unwrap_or(window.until).min(window.until))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> CallTime {
        CallTime::from_millis(millis)
    }

    fn windows() -> [TurnWindow; 3] {
        let turn = |number, end: Option<i64>, onset, until| TurnWindow {
            number,
            caller_speech_end: end.map(at),
            bot_onset: Some(at(onset)),
            received: None,
            until: at(until),
        };
        [turn(1, None, 500, 3000), turn(2, Some(4000), 5000, 8000), turn(3, Some(8000), 9000, 12_000)]
    }

    #[test]
    fn a_turn_begins_a_little_before_the_end_of_the_callers_speech() {
        let turn = |millis| turn_at(&windows(), at(millis));
        assert_eq!(turn(-900), Some(0), "before the answer: of the greeting");
        assert_eq!(turn(2999), Some(0));
        assert_eq!(turn(3500), None, "while the caller speaks");
        assert_eq!(turn(3750), Some(1));
        assert_eq!(turn(7700), Some(1));
        assert_eq!(turn(7800), Some(2), "the later turn wins");
        assert_eq!(turn(12_000), None);
    }

    #[test]
    fn what_the_bot_hears_after_its_answer_belongs_to_the_next_turn() {
        let turn = |millis| turn_heard_at(&windows(), at(millis));
        assert_eq!(turn(3500), Some(1));
        assert_eq!(turn(4900), Some(1));
        assert_eq!(turn(5100), Some(2));
        assert_eq!(turn(9500), None);
    }
}
