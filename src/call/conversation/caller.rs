//! The caller's side: when it acts, and what its acts change.

use std::time::Duration;

use crate::call::io::{Output, Playback};
use crate::call::turn::Start;
use crate::call::verdict::Origin;
use crate::scenario::{CallerAct, CallerStep, Step};
use crate::time::CallTime;

use super::{Conversation, State};

impl Conversation {
    pub(super) fn caller_step(&self) -> Option<&CallerStep> {
        match self.scenario.steps.get(self.step) {
            Some(Step::Caller(step)) => Some(step),
            _ => None,
        }
    }

    /// Starts the caller's act once the pause is over and the bot has been quiet long enough.
    pub(super) fn maybe_act(&mut self, since: CallTime) -> bool {
        let due = self.act_at(since).is_some_and(|at| at <= self.now);
        if due {
            self.act();
        }
        due
    }

    /// A polite caller does not speak into a bot that goes on after a pause.
    pub(super) fn act_at(&self, since: CallTime) -> Option<CallTime> {
        let after = self.caller_step()?.after;
        if self.ears.speaking() {
            return None;
        }
        let quiet_from = self.ears.last_end().filter(|end| *end > since);
        let listened_to = self.turns.back().and_then(|turn| self.bot_step(turn));
        let end_silence = listened_to.map_or(Duration::ZERO, |step| step.end_silence);
        Some(quiet_from.map_or(since + after, |end| end + end_silence + after))
    }

    pub(super) fn act(&mut self) {
        let Some(act) = self.caller_step().map(|step| step.act.clone()) else {
            return;
        };
        match act {
            CallerAct::Audio(_) => {
                self.plays += 1;
                self.outputs.push_back(Output::Play { step: self.step });
                self.state = State::CallerActs { over: false };
            }
            CallerAct::Dtmf(digits) => {
                self.plays += 1;
                self.outputs.push_back(Output::SendDtmf(digits));
                self.open_turn(self.step, self.now);
                self.start = Start::at(Origin::CallerDtmf, self.now);
                self.state = State::CallerActs { over: false };
            }
            CallerAct::Silence(length) => {
                self.open_turn(self.step, self.now);
                self.caller_done(Origin::CallerSilence, self.now);
                self.start.due = self.now + length;
                self.state = State::CallerSilent { until: self.now + length };
            }
        }
    }

    pub(super) fn playback(&mut self, playback: Playback) {
        match playback {
            Playback::Started { speech_start } => self.speech_started(speech_start),
            Playback::SpeechEnded { speech_end } => {
                if self.state == (State::CallerActs { over: false }) {
                    self.act_over(speech_end);
                }
            }
            Playback::Finished => self.playback_finished(),
        }
    }

    fn speech_started(&mut self, speech_start: CallTime) {
        if !matches!(self.state, State::CallerActs { .. }) {
            return;
        }
        // Whatever played before is over, whether or not anybody said so.
        self.plays = 1;
        let under_way = |turn: &&mut crate::call::turn::Turn| turn.start.is_some() && !turn.decided;
        if let Some(turn) = self.turns.back_mut().filter(under_way) {
            turn.interrupted_at = Some(speech_start);
        }
        self.open_turn(self.step, speech_start);
    }

    /// The last speech sample or digit is sent.
    fn act_over(&mut self, at: CallTime) {
        let digits = self.caller_step().is_some_and(|step| matches!(step.act, CallerAct::Dtmf(_)));
        let origin = if digits { Origin::CallerDtmf } else { Origin::CallerSpeechEnd };
        self.caller_done(origin, at);
        self.state = State::CallerActs { over: true };
        // Two acts in a row: the pause between them is in the recording of the first one.
        let goes_on = matches!(self.scenario.steps.get(self.step + 1), Some(Step::Caller(_)));
        if !goes_on {
            self.next_step();
        }
    }

    /// The caller has had its say: earlier turns are complete, the reply is due from here.
    fn caller_done(&mut self, origin: Origin, at: CallTime) {
        self.start = Start::at(origin, at);
        let step = self.step;
        for turn in self.turns.iter_mut().filter(|turn| turn.step < step) {
            turn.closed = true;
        }
    }

    fn playback_finished(&mut self) {
        self.plays = self.plays.saturating_sub(1);
        match self.state {
            // The tail of a recording before this one.
            State::CallerActs { .. } if self.plays > 0 => {}
            State::CallerActs { over: true } => self.next_step(),
            State::CallerActs { over: false } => {
                self.open_turn(self.step, self.now);
                self.act_over(self.now);
                if self.state == (State::CallerActs { over: true }) {
                    self.next_step();
                }
            }
            _ => {}
        }
    }
}
