//! Judging the turns that nothing can change any more.

use std::time::Duration;

use crate::call::hearing::Question;
use crate::call::io::Output;
use crate::call::judge::{self, Evidence};
use crate::call::speech::Segment;
use crate::call::turn::Turn;
use crate::call::verdict::TurnResult;
use crate::scenario::Step;
use crate::time::CallTime;

use super::Dialogue;

/// Without this much of the line after it, a word is not heard whole.
const LAST_WORD: Duration = Duration::from_millis(200);

impl Dialogue {
    /// Judges, in order of the steps, what is complete.
    pub fn judge_closed(&mut self) {
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
        let mut turn = self.turns.pop_front()?;
        match self.judge(&mut turn)? {
            Ok(result) => Some(result),
            Err(open) => {
                self.turns.push_front(turn);
                self.ask(open);
                None
            }
        }
    }

    /// Whether the caller's own hang-up cut off what the bot went on to say after a complete answer: half a word can be
    /// heard as anything, and must not be held against the bot.
    fn is_cut_off(&self, turn: &Turn, segment: &Segment) -> bool {
        let cut = |at: CallTime| segment.end.is_none_or(|end| end + LAST_WORD >= at);
        self.hung_up_at.is_some_and(cut) && turn.met_at.is_some_and(|met| segment.onset >= met)
    }

    fn is_complete(&self, turn: &Turn) -> bool {
        let speech = self.speech_of(turn);
        let unheard = turn.start.is_none() || !(speech.pending() || speech.speaking());
        turn.closed && unheard
    }

    /// The verdict on a turn, or the questions that it hangs on; `None` where its step is not the bot's.
    fn judge(&mut self, turn: &mut Turn) -> Option<Result<TurnResult, Vec<Question>>> {
        let step = self.bot_step(turn)?.clone();
        if turn.start.is_none() {
            return Some(Ok(judge::without_speech(turn.step, turn.number, step.location, Vec::new())));
        }
        turn.resolve(&step, &self.judged_variables);
        let call_end = self.ending.as_ref().map_or(self.now, |ending| ending.at);
        let segments = self.speech_of(turn).0.iter().filter(|segment| !self.is_cut_off(turn, segment));
        let utterances = segments.map(|segment| segment.utterance(call_end)).collect();
        let undecided = !turn.decided && turn.interrupted_at.is_none();
        let judged = judge::judge(Evidence {
            turn,
            step: &step,
            hearing: &self.hearing,
            utterances,
            answer_onset: None,
            spoken_before: self.speech.last_end_before(turn.from),
            cut_off: self.cut_off.clone().filter(|_| undecided),
            digits_matter: self.scenario.steps.iter().any(|step| matches!(step, Step::Bot(step) if step.dtmf.is_some())),
            cancelled: undecided && self.is_cancelled(),
        });
        if let Ok(result) = &judged {
            self.judged_variables.extend(result.captured.clone());
            self.variables.extend(result.captured.clone());
        }
        Some(judged)
    }
}
