//! The dialogue as a state machine: fed with timestamped inputs, polled for outputs.

mod ending;

use std::sync::Arc;

use crate::scenario::{BotStep, Scenario};

use super::dialogue::Dialogue;
use super::io::{Input, InputKind, Output, Playback};
use super::steps::{CurrentStep, Transition};
use super::turn::Start;
use super::verdict::Origin;
use crate::time::{CallTime, Span};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Dialling,
    Step(CurrentStep),
    HangingUp,
    Over,
}

/// One call's dialogue. Give it every [`Input`] in order of `at`, then [`Conversation::poll`] until `None`.
///
/// Every speech segment that starts must get its end and its final transcript, and every [`Output::Ask`] its answer, after the end
/// of the call too; only then are all turns judged.
#[derive(Debug)]
pub struct Conversation {
    dialogue: Dialogue,
    phase: Phase,
    wake: Option<CallTime>,
}

impl Conversation {
    /// A conversation that waits for its call to be answered.
    pub fn new(scenario: Arc<Scenario>) -> Self {
        Self { dialogue: Dialogue::new(scenario), phase: Phase::Dialling, wake: None }
    }

    /// Whether the recogniser can be asked how well its audio fits other words; without that nothing is asked, and only words of
    /// equal sound are forgiven.
    pub fn asking(mut self, can_ask: bool) -> Self {
        self.dialogue.hearing.can_ask = can_ask;
        self
    }

    /// Whether a verdict can depend on the words of a stretch of speech that has ended.
    pub fn needs_words(&self, span: Span) -> bool {
        self.dialogue.needs_words(span)
    }

    /// Whether the caller goes on after the turn under way without waiting for its words.
    pub fn decides_without_words(&self) -> bool {
        self.dialogue.turns.back().and_then(|turn| self.dialogue.bot_step(turn)).is_some_and(BotStep::decides_without_words)
    }

    /// Takes in what happened. Deadlines that lie before it pass first.
    pub fn handle(&mut self, input: Input) {
        self.advance(input.at);
        match &input.kind {
            InputKind::Connected => self.connected(input.at),
            InputKind::RemoteSpeech(edge) => self.dialogue.speech.edge(*edge),
            InputKind::Transcript { span, text, is_final: true } => self.dialogue.speech.transcript(*span, text.clone()),
            InputKind::Untranscribed { span } => self.dialogue.speech.untranscribed(*span),
            InputKind::Fits { onset, answers } => self.dialogue.hearing.answered(*onset, answers),
            InputKind::Playback(Playback::Finished) => self.dialogue.plays = self.dialogue.plays.saturating_sub(1),
            InputKind::Transcript { is_final: false, .. } | InputKind::Playback(_) => {}
            // The wake-up is spent: where it came too early it is asked for again.
            InputKind::Timeout => self.wake = None,
            InputKind::Dtmf(digit) => self.dialogue.digit(*digit),
            InputKind::Transfer(to) => self.dialogue.transfers.push_back(to.clone()),
            InputKind::HungUp { hung_up } => _ = self.dialogue.bot_hung_up.get_or_insert(*hung_up),
            InputKind::Ended(cause) => self.end(cause.clone()),
        }
        if let Phase::Step(current) = &mut self.phase
            && let Some(transition) = current.input(&input.kind, &mut self.dialogue)
        {
            self.go(transition);
        }
        self.catch_up();
    }

    /// The next thing to do, or `None` until something happens.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.dialogue.outputs.pop_front() {
            return Some(output);
        }
        let wake = self.deadline();
        if wake == self.wake {
            return None;
        }
        self.wake = wake;
        wake.map(Output::WakeAt)
    }

    /// True once the call has ended and every turn is judged.
    pub fn is_over(&self) -> bool {
        let judged = self.dialogue.turns.is_empty() && self.dialogue.results.is_empty();
        self.phase == Phase::Over && judged && self.dialogue.outputs.is_empty()
    }

    fn advance(&mut self, to: CallTime) {
        while let Some(deadline) = self.deadline().filter(|deadline| *deadline <= to) {
            self.dialogue.now = self.dialogue.now.max(deadline);
            self.catch_up();
            if self.deadline() == Some(deadline) {
                break;
            }
        }
        self.dialogue.now = self.dialogue.now.max(to);
    }

    fn connected(&mut self, at: CallTime) {
        if self.phase != Phase::Dialling || self.dialogue.ending.is_some() {
            return;
        }
        self.dialogue.connected_at = Some(at);
        self.dialogue.start = Start::at(Origin::Answer, at);
        // A greeting may start just before the answer arrives: the media overtakes the signalling.
        self.dialogue.open_turn(0, CallTime::from_nanos(i64::MIN));
        self.enter();
    }

    /// Does everything that can be done at this moment, and judges what nothing can change any more.
    fn catch_up(&mut self) {
        self.close_speech();
        while self.progress() {}
        self.dialogue.judge_closed();
        if self.current() == Some(CurrentStep::Bot) {
            self.dialogue.ask(self.dialogue.questions());
        }
    }

    /// Does one thing, if anything can be done at this moment.
    fn progress(&mut self) -> bool {
        if self.phase == Phase::Over {
            return false;
        }
        if self.dialogue.ending.is_some() {
            return self.wind_up();
        }
        if self.call_deadline().is_some_and(|deadline| deadline <= self.dialogue.now) {
            self.run_out();
            return true;
        }
        let Phase::Step(current) = &mut self.phase else {
            return false;
        };
        let transition = current.progress(&mut self.dialogue);
        if let Some(transition) = transition {
            self.go(transition);
        }
        transition.is_some()
    }

    fn go(&mut self, transition: Transition) {
        match transition {
            Transition::Stay => {}
            Transition::Next => {
                self.dialogue.step += 1;
                self.enter();
            }
            Transition::Interrupt => {
                self.dialogue.step += 1;
                let entered = CurrentStep::interrupt(&mut self.dialogue);
                self.enter_as(entered);
            }
            Transition::HangUp => self.hang_up(),
        }
    }

    /// Begins the current step.
    fn enter(&mut self) {
        let entered = CurrentStep::enter(&mut self.dialogue);
        self.enter_as(entered);
    }

    fn enter_as(&mut self, entered: Option<CurrentStep>) {
        match entered {
            Some(current) => self.phase = Phase::Step(current),
            None => self.hang_up(),
        }
    }

    fn hang_up(&mut self) {
        self.dialogue.hang_up();
        self.phase = Phase::HangingUp;
    }

    fn current(&self) -> Option<CurrentStep> {
        match self.phase {
            Phase::Step(current) => Some(current),
            Phase::Dialling | Phase::HangingUp | Phase::Over => None,
        }
    }

    fn call_deadline(&self) -> Option<CallTime> {
        self.current()?;
        let answered = self.dialogue.connected_at.filter(|_| self.dialogue.ending.is_none());
        answered.map(|at| at + self.dialogue.scenario.timeout)
    }

    /// The next moment at which something happens without an input.
    fn deadline(&self) -> Option<CallTime> {
        if let Some(ending) = &self.dialogue.ending {
            return self.last_words_deadline(ending);
        }
        let own = self.current().and_then(|current| current.deadline(&self.dialogue));
        [own, self.call_deadline()].into_iter().flatten().min()
    }
}
