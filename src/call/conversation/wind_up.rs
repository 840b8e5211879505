//! The end of the call: what was under way fails, what was not reached is skipped.

use std::time::Duration;

use crate::call::io::EndCause;
use crate::call::judge::{self, StepCheck};
use crate::call::verdict::CheckKind;
use crate::scenario::{By, HangupStep, Step};
use crate::time::CallTime;

use super::{Conversation, DETECTION_LAG, Decision, Ending, Output, State};

/// How long after the end of the call the end of a speech segment is waited for.
const LAST_EDGE: Duration = Duration::from_secs(2);

impl Conversation {
    pub(super) fn end(&mut self, cause: EndCause) {
        if self.ending.is_some() {
            return;
        }
        self.cut_off.get_or_insert_with(|| judge::ended(&cause));
        self.ending = Some(Ending { cause, at: self.now });
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.cause == EndCause::Cancelled)
    }

    /// After the call nobody speaks any more, even if nobody said so.
    pub(super) fn close_ears(&mut self) {
        let Some(ending) = &self.ending else { return };
        let cancelled = ending.cause == EndCause::Cancelled;
        if cancelled || ending.at + LAST_EDGE <= self.now {
            self.ears.close(ending.at, cancelled);
        }
    }

    /// The moments after the end at which waiting for what was still heard stops.
    pub(super) fn last_words_deadline(&self, ending: &Ending) -> Option<CallTime> {
        let speaking = self.turns.iter().any(|turn| self.turn_ears(turn).speaking());
        let onset = (self.state != State::Over).then_some(ending.at + DETECTION_LAG);
        let edge = speaking.then_some(ending.at + LAST_EDGE);
        [onset, edge].into_iter().flatten().filter(|at| *at > self.now).min()
    }

    /// Ends the dialogue of a call that is over; false while words of it are still to come.
    pub(super) fn wind_up(&mut self) -> bool {
        let Some(ending) = self.ending.clone() else {
            return false;
        };
        if self.state == State::Bot && !self.has_heard_all(&ending) {
            return false;
        }
        if !matches!(self.state, State::HangingUp | State::Dialling) {
            let why = judge::ended(&ending.cause);
            if self.stop_early(why, Some(&ending)) {
                return true;
            }
        }
        self.close_turns();
        self.state = State::Over;
        self.skip_rest();
        true
    }

    pub(super) fn close_turns(&mut self) {
        for turn in &mut self.turns {
            turn.closed = true;
        }
    }

    fn has_heard_all(&self, ending: &Ending) -> bool {
        if ending.cause == EndCause::Cancelled {
            return true;
        }
        let ears = self.turns.back().map(|turn| self.turn_ears(turn));
        let missing = ears.is_some_and(|ears| ears.pending() || ears.speaking());
        !missing && ending.at + DETECTION_LAG <= self.now
    }

    /// The call takes longer than the scenario allows.
    pub(super) fn run_out(&mut self) {
        let limit = crate::time::human_unsigned(self.scenario.timeout);
        if matches!(self.state, State::CallerActs { .. }) {
            self.outputs.push_back(Output::StopPlay);
        }
        let why = format!("the call ran out of time after {limit} (`timeout`)");
        self.cut_off = Some(why.clone());
        while self.stop_early(why.clone(), None) {}
        self.state = self.hang_up();
    }

    /// Reports what the dialogue did not come to; true where the step under way turned out to be
    /// complete and the one after it is to be looked at.
    fn stop_early(&mut self, why: String, ending: Option<&Ending>) -> bool {
        if self.state == State::Bot {
            let at = ending.map_or(self.now, |ending| ending.at);
            let decision = self.decision().filter(|decision| self.stands_at(decision, at));
            if !decision.is_some_and(|decision| self.conclude(&decision)) {
                return false;
            }
            self.step += 1;
            let next = self.scenario.steps.get(self.step).cloned();
            if let Some(Step::Bot(step)) = next {
                self.enter_bot(&step);
                return true;
            }
            self.state = State::HangingUp;
        }
        self.report_unreached(&why, ending);
        false
    }

    /// Whether a decision that the call did not live to see can be made all the same.
    fn stands_at(&self, decision: &Decision, end: CallTime) -> bool {
        let step = self.turns.back().and_then(|turn| self.bot_step(turn));
        step.is_some_and(|step| match step.silent_for {
            Some(_) => decision.met && decision.at <= end + DETECTION_LAG,
            None => decision.met || step.optional,
        })
    }

    /// The verdict on the step that the dialogue stopped at, which is no bot turn.
    fn report_unreached(&mut self, why: &str, ending: Option<&Ending>) {
        let cause = ending.map(|ending| &ending.cause);
        match self.scenario.steps.get(self.step) {
            None | Some(Step::Hangup(HangupStep { by: By::Caller, .. })) => {}
            Some(Step::Hangup(_)) => {
                let check = match cause {
                    Some(EndCause::BotHungUp) => StepCheck::passed(CheckKind::Hangup, "the bot hangs up", "the bot hung up"),
                    Some(EndCause::Cancelled) => StepCheck::skipped(CheckKind::Hangup, "the bot hangs up", why),
                    _ => StepCheck::failed(
                        CheckKind::Hangup,
                        "the bot hangs up",
                        "the call ended otherwise",
                        format!("{why} before the bot hung up"),
                    ),
                };
                self.report_step(check);
            }
            Some(_) if cause == Some(&EndCause::Cancelled) => {}
            // A bot that has transferred the call may be gone before the step is reached.
            Some(Step::Transfer(_)) => match self.judge_transfer() {
                Some(true) => {
                    self.step += 1;
                    self.report_unreached(why, ending);
                }
                Some(false) => {}
                None => self.no_transfer(format!("{why} before the bot transferred the call")),
            },
            Some(_) => {
                let expected = "the call lasts as long as the dialogue";
                let reason = format!("{why} {}", self.while_or_before());
                self.report_step(StepCheck::failed(CheckKind::Call, expected, "the call ended", reason));
            }
        }
    }

    /// Where in the dialogue the call ended, as the end of a sentence.
    fn while_or_before(&self) -> &'static str {
        match self.state {
            State::CallerActs { .. } => "while the caller was speaking",
            State::CallerSilent { .. } => "during the caller's silence",
            _ => "before the caller's next turn",
        }
    }

    /// Bot turns that were never opened are reported as not reached.
    fn skip_rest(&mut self) {
        let first = self.opened.map_or(0, |opened| opened + 1);
        for index in first..self.scenario.steps.len() {
            if let Some(Step::Bot(step)) = self.scenario.steps.get(index) {
                let number = self.turn_number(index);
                let result = judge::without_speech(index, number, step.location, Vec::new());
                self.results.push_back(result);
            }
        }
    }
}
