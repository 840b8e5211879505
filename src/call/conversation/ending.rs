//! The end of the call: what was under way fails, what was not reached is skipped.

use std::time::Duration;

use crate::call::dialogue::{DETECTION_LAG, Ending};
use crate::call::io::EndCause;
use crate::call::judge;
use crate::call::steps::{CurrentStep, bot, report_unreached};
use crate::scenario::Step;
use crate::time::{CallTime, human_unsigned};

use super::{Conversation, Phase};

/// How long after the end of the call the end of a speech segment is waited for.
const LAST_EDGE: Duration = Duration::from_secs(2);

impl Conversation {
    pub(super) fn end(&mut self, cause: EndCause) {
        if self.dialogue.ending.is_some() {
            return;
        }
        self.dialogue.cut_off.get_or_insert_with(|| cause.in_words());
        self.dialogue.ending = Some(Ending { cause, at: self.dialogue.now });
    }

    /// After the call the bot does not speak any more, even if the end of its speech was not reported.
    pub(super) fn close_speech(&mut self) {
        let Some(ending) = &self.dialogue.ending else { return };
        let cancelled = ending.cause == EndCause::Cancelled;
        if cancelled || ending.at + LAST_EDGE <= self.dialogue.now {
            self.dialogue.speech.close(ending.at, cancelled);
        }
    }

    /// The moments after the end at which waiting for what was still heard stops.
    pub(super) fn last_words_deadline(&self, ending: &Ending) -> Option<CallTime> {
        let speaking = self.dialogue.turns.iter().any(|turn| self.dialogue.speech_of(turn).speaking());
        let onset = (self.phase != Phase::Over).then_some(ending.at + DETECTION_LAG);
        let edge = speaking.then_some(ending.at + LAST_EDGE);
        [onset, edge].into_iter().flatten().filter(|at| *at > self.dialogue.now).min()
    }

    /// Ends the dialogue of a call that is over; false while words of it are still to come.
    pub(super) fn wind_up(&mut self) -> bool {
        let Some(ending) = self.dialogue.ending.clone() else {
            return false;
        };
        if self.phase == Phase::Step(CurrentStep::Bot) && !self.has_heard_all(&ending) {
            return false;
        }
        if let Phase::Step(_) = self.phase {
            let why = ending.cause.in_words();
            if self.stop_early(&why, Some(&ending)) {
                return true;
            }
        }
        self.dialogue.close_turns();
        self.phase = Phase::Over;
        self.skip_rest();
        true
    }

    fn has_heard_all(&self, ending: &Ending) -> bool {
        if ending.cause == EndCause::Cancelled {
            return true;
        }
        let speech = self.dialogue.turns.back().map(|turn| self.dialogue.speech_of(turn));
        let missing = speech.is_some_and(|speech| speech.pending() || speech.speaking());
        !missing && self.dialogue.questions().is_empty() && ending.at + DETECTION_LAG <= self.dialogue.now
    }

    /// The call takes longer than the scenario allows.
    pub(super) fn run_out(&mut self) {
        let limit = human_unsigned(self.dialogue.scenario.timeout);
        if let Phase::Step(current) = self.phase {
            current.stop(&mut self.dialogue);
        }
        let why = format!("the call ran out of time after {limit} (`timeout`)");
        self.dialogue.cut_off = Some(why.clone());
        while self.stop_early(&why, None) {}
        self.hang_up();
    }

    /// Reports the steps that the call did not last for; true where the current bot turn turned out to be complete and the
    /// next one is to be looked at.
    fn stop_early(&mut self, why: &str, ending: Option<&Ending>) -> bool {
        let mut current = self.current();
        if current == Some(CurrentStep::Bot) {
            let at = ending.map_or(self.dialogue.now, |ending| ending.at);
            if !bot::conclude_at_end(&mut self.dialogue, at) {
                return false;
            }
            let next = self.dialogue.next_step().cloned();
            self.dialogue.step += 1;
            if let Some(Step::Bot(step)) = next {
                bot::enter(&step, &mut self.dialogue);
                return true;
            }
            self.phase = Phase::HangingUp;
            current = None;
        }
        let cause = ending.map(|ending| &ending.cause);
        while report_unreached(current, &mut self.dialogue, why, cause) {
            self.dialogue.step += 1;
        }
        false
    }

    /// Bot turns that were never opened are reported as not reached.
    fn skip_rest(&mut self) {
        let first = self.dialogue.opened.map_or(0, |opened| opened + 1);
        for index in first..self.dialogue.scenario.steps.len() {
            if let Some(Step::Bot(step)) = self.dialogue.scenario.steps.get(index) {
                let number = self.dialogue.turn_number(index);
                let result = judge::without_speech(index, number, step.location, Vec::new());
                self.dialogue.results.push_back(result);
            }
        }
    }
}
