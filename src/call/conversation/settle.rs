//! Doing everything that can be done at one moment, and judging what nothing can change any more.

use std::time::Duration;

use crate::call::ears::Segment;
use crate::call::judge::{self, Evidence, StepCheck};
use crate::call::turn::Turn;
use crate::call::verdict::{CheckKind, TurnResult};
use crate::time::CallTime;

use super::{Conversation, Output, State};

/// Without this much of the line after it, a word is not heard whole.
const LAST_WORD: Duration = Duration::from_millis(200);

impl Conversation {
    /// Does everything that can be done at `now`.
    pub(super) fn settle(&mut self) {
        self.close_ears();
        while self.progress() {}
        self.judge_closed();
    }

    fn progress(&mut self) -> bool {
        if self.state == State::Over {
            return false;
        }
        if self.ending.is_some() {
            return self.wind_up();
        }
        if self.call_deadline().is_some_and(|deadline| deadline <= self.now) {
            self.run_out();
            return true;
        }
        match self.state.clone() {
            State::Bot => self.listen(),
            State::CallerPause { since } => self.maybe_act(since),
            State::CallerSilent { until } if until <= self.now => {
                self.next_step();
                true
            }
            State::BotTransfer { since, until } => self.await_transfer(since, until),
            State::BotHangup { since, until } if until <= self.now => {
                let waited = crate::time::human_unsigned(until.saturating_since(since));
                let reason = format!("the bot had not hung up after {waited}");
                let (check, expected) = (CheckKind::Hangup, "the bot hangs up");
                self.report_step(StepCheck::failed(check, expected, "still connected", reason));
                self.state = self.hang_up();
                true
            }
            _ => false,
        }
    }

    /// Judges, in order of the steps, what is complete.
    fn judge_closed(&mut self) {
        while let Some(result) = self.next_result() {
            self.outputs.push_back(Output::Turn(Box::new(result)));
        }
    }

    fn next_result(&mut self) -> Option<TurnResult> {
        let turn_step = self.turns.front().map(|turn| turn.step);
        let first = |result: &TurnResult| turn_step.is_none_or(|step| result.step < step);
        if self.results.front().is_some_and(first) {
            return self.results.pop_front();
        }
        if !self.turns.front().is_some_and(|turn| self.is_complete(turn)) {
            return None;
        }
        let turn = self.turns.pop_front()?;
        self.judge(turn)
    }

    /// Whether the caller's own hang-up cut off what the bot went on to say after a complete answer: half a word can be
    /// heard as anything, and who hung up is not to hold it against the bot.
    fn is_cut_off(&self, turn: &Turn, segment: &Segment) -> bool {
        let cut = |at: CallTime| segment.end.is_none_or(|end| end + LAST_WORD >= at);
        self.hung_up_at.is_some_and(cut) && turn.met_at.is_some_and(|met| segment.onset >= met)
    }

    fn is_complete(&self, turn: &Turn) -> bool {
        let ears = self.turn_ears(turn);
        let unheard = turn.start.is_none() || !(ears.pending() || ears.speaking());
        turn.closed && unheard
    }

    fn judge(&mut self, mut turn: Turn) -> Option<TurnResult> {
        let step = self.bot_step(&turn)?.clone();
        if turn.start.is_none() {
            return Some(judge::without_speech(turn.step, turn.number, step.location, Vec::new()));
        }
        turn.resolve(&step, &self.judged_variables);
        let call_end = self.ending.as_ref().map_or(self.now, |ending| ending.at);
        let segments = self.turn_ears(&turn).0.iter().filter(|segment| !self.is_cut_off(&turn, segment));
        let utterances = segments.map(|segment| segment.utterance(call_end)).collect();
        let undecided = !turn.decided && turn.interrupted_at.is_none();
        let result = judge::judge(Evidence {
            turn: &turn,
            step: &step,
            utterances,
            spoken_before: self.ears.last_end_before(turn.from),
            cut_off: self.cut_off.clone().filter(|_| undecided),
            cancelled: undecided && self.is_cancelled(),
        });
        self.judged_variables.extend(result.captured.clone());
        self.variables.extend(result.captured.clone());
        Some(result)
    }
}
