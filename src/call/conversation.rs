//! The dialogue as a state machine: fed with timestamped inputs, polled for outputs.

mod caller;
mod decision;
mod settle;
mod transfer;
mod wind_up;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::scenario::{BotStep, By, Scenario, Step};

use super::ears::{Ears, TurnEars};
use super::io::{EndCause, Input, InputKind, Output};
use super::judge::{self, StepCheck};
use super::turn::{Start, Turn};
use super::verdict::{Origin, TurnResult};
use crate::time::CallTime;
use decision::Decision;

/// How long after the fact an onset may still be reported: nothing is called silent before that.
const DETECTION_LAG: Duration = Duration::from_millis(400);

#[derive(Clone, Debug, PartialEq)]
enum State {
    Dialling,
    /// Listening to the bot step.
    Bot,
    /// The caller's pause before speaking.
    CallerPause {
        since: CallTime,
    },
    /// The recording or the digits are going out; `over` once the last speech sample is sent.
    CallerActs {
        over: bool,
    },
    CallerSilent {
        until: CallTime,
    },
    BotHangup {
        since: CallTime,
        until: CallTime,
    },
    BotTransfer {
        since: CallTime,
        until: CallTime,
    },
    HangingUp,
    Over,
}

/// The end of the call.
#[derive(Clone, Debug)]
struct Ending {
    cause: EndCause,
    at: CallTime,
}

/// One call's dialogue. Give it every [`Input`] in order of `at`, then [`Conversation::poll`] until `None`.
///
/// Every speech segment that starts must get its end and its final transcript, after the end of the
/// call too; only then are all turns judged.
#[derive(Debug)]
pub struct Conversation {
    scenario: Arc<Scenario>,
    /// What `{{name}}` stands for in the steps to come.
    variables: BTreeMap<String, String>,
    /// What `{{name}}` stands for in the verdicts to come: captured by the turns judged so far.
    judged_variables: BTreeMap<String, String>,
    now: CallTime,
    state: State,
    step: usize,
    ears: Ears,
    /// Turns that are not judged yet.
    turns: VecDeque<Turn>,
    /// Verdicts that must not overtake those of the turns before them.
    results: VecDeque<TurnResult>,
    /// The last bot step that has had a turn made for it.
    opened: Option<usize>,
    /// From when the next bot turn counts.
    start: Start,
    /// Transfers that no step has asked about yet.
    transfers: VecDeque<String>,
    /// Recordings asked for and not finished.
    plays: u32,
    connected_at: Option<CallTime>,
    ending: Option<Ending>,
    /// When the caller hung up.
    hung_up_at: Option<CallTime>,
    /// Why the dialogue stopped early, as the subject and verb of a sentence.
    cut_off: Option<String>,
    wake: Option<CallTime>,
    outputs: VecDeque<Output>,
}

impl Conversation {
    /// A conversation that waits for its call to be answered.
    pub fn new(scenario: Arc<Scenario>) -> Self {
        Self {
            variables: scenario.variables.clone(),
            judged_variables: scenario.variables.clone(),
            scenario,
            now: CallTime::DIAL,
            state: State::Dialling,
            step: 0,
            ears: Ears::default(),
            turns: VecDeque::new(),
            results: VecDeque::new(),
            opened: None,
            start: Start::at(Origin::Answer, CallTime::DIAL),
            transfers: VecDeque::new(),
            plays: 0,
            connected_at: None,
            ending: None,
            hung_up_at: None,
            cut_off: None,
            wake: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in what happened. Deadlines that lie before it pass first.
    pub fn handle(&mut self, input: Input) {
        self.advance(input.at);
        match input.kind {
            InputKind::Connected => self.connected(input.at),
            InputKind::RemoteSpeech(edge) => self.ears.edge(edge),
            InputKind::Playback(playback) => self.playback(playback),
            InputKind::Transcript { span, text, is_final: true } => self.ears.transcript(span, text),
            InputKind::Transcript { is_final: false, .. } => {}
            // The wake-up is spent: where it came too early it is asked for again.
            InputKind::Timeout => self.wake = None,
            InputKind::Dtmf(digit) => self.digit(digit),
            InputKind::Transfer(to) => self.transfers.push_back(to),
            InputKind::Ended(cause) => self.end(cause),
        }
        self.settle();
    }

    /// The next thing to do, or `None` until something happens.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
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
        let judged = self.turns.is_empty() && self.results.is_empty();
        self.state == State::Over && judged && self.outputs.is_empty()
    }

    /// True once the call has ended; transcripts may still be missing.
    pub fn has_ended(&self) -> bool {
        self.ending.is_some()
    }

    fn advance(&mut self, to: CallTime) {
        while let Some(deadline) = self.deadline().filter(|deadline| *deadline <= to) {
            self.now = self.now.max(deadline);
            self.settle();
            if self.deadline() == Some(deadline) {
                break;
            }
        }
        self.now = self.now.max(to);
    }

    fn connected(&mut self, at: CallTime) {
        if self.state != State::Dialling || self.ending.is_some() {
            return;
        }
        self.connected_at = Some(at);
        self.start = Start::at(Origin::Answer, at);
        // A greeting may start just before the answer arrives: the media overtakes the signalling.
        self.open_turn(0, CallTime::from_nanos(i64::MIN));
        self.enter();
    }

    /// Makes the turn of the first bot step at or after `step`; what was open before ends where it begins.
    fn open_turn(&mut self, step: usize, from: CallTime) {
        if let Some(last) = self.turns.back_mut().filter(|last| last.step < step) {
            last.until.get_or_insert(from);
        }
        let steps = &self.scenario.steps;
        let next = (step..steps.len()).find(|index| matches!(steps[*index], Step::Bot(_)));
        if let Some(next) = next.filter(|next| self.opened.is_none_or(|opened| opened < *next)) {
            self.opened = Some(next);
            let number = self.turn_number(next);
            self.turns.push_back(Turn::new(next, number, from));
        }
    }

    /// Begins the current step.
    fn enter(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        self.state = match scenario.steps.get(self.step) {
            None => self.hang_up(),
            Some(Step::Bot(step)) => {
                self.enter_bot(step);
                State::Bot
            }
            Some(Step::Caller(_)) => State::CallerPause { since: self.now },
            Some(Step::Transfer(transfer)) => State::BotTransfer { since: self.now, until: self.now + transfer.within },
            Some(Step::Hangup(hangup)) => match hangup.by {
                By::Caller => self.hang_up(),
                By::Bot => State::BotHangup { since: self.now, until: self.now + hangup.within },
            },
        };
    }

    fn enter_bot(&mut self, step: &BotStep) {
        self.open_turn(self.step, self.start.at);
        let start = self.start;
        if let Some(turn) = self.turns.back_mut() {
            turn.enter(step, start, &self.variables);
        }
    }

    fn next_step(&mut self) {
        self.step += 1;
        self.enter();
    }

    fn hang_up(&mut self) -> State {
        self.close_turns();
        self.hung_up_at = Some(self.now);
        self.outputs.push_back(Output::Hangup);
        State::HangingUp
    }

    fn digit(&mut self, digit: char) {
        if let Some(turn) = self.turns.back_mut() {
            turn.digits.push(digit);
        }
    }

    fn call_deadline(&self) -> Option<CallTime> {
        let running = !matches!(self.state, State::Dialling | State::HangingUp | State::Over);
        let answered = self.connected_at.filter(|_| running && self.ending.is_none());
        answered.map(|at| at + self.scenario.timeout)
    }

    /// What was heard in the turn; sound that was over before the answer is nobody's turn.
    fn turn_ears(&self, turn: &Turn) -> TurnEars<'_> {
        let heard = self.ears.between(turn.from, turn.until);
        let over = |end: CallTime| self.connected_at.is_some_and(|answer| end <= answer);
        let early = heard.iter().take_while(|segment| segment.end.is_some_and(over));
        TurnEars(heard.get(early.count()..).unwrap_or(&[]))
    }

    fn bot_step(&self, turn: &Turn) -> Option<&BotStep> {
        match self.scenario.steps.get(turn.step) {
            Some(Step::Bot(step)) => Some(step),
            _ => None,
        }
    }

    /// Number of the bot step, or of the one before where the step is none.
    fn turn_number(&self, step: usize) -> usize {
        let steps = self.scenario.steps.iter().take(step + 1);
        steps.filter(|step| matches!(step, Step::Bot(_))).count()
    }

    /// Adds the verdict on a step that is no bot turn.
    fn report_step(&mut self, check: StepCheck) {
        let Some(location) = self.scenario.steps.get(self.step).map(Step::location) else {
            return;
        };
        let number = self.turn_number(self.step);
        let result = judge::without_speech(self.step, number, location, vec![check.at(location)]);
        self.results.push_back(result);
    }

    /// The next moment at which something happens by itself.
    fn deadline(&self) -> Option<CallTime> {
        if let Some(ending) = &self.ending {
            return self.last_words_deadline(ending);
        }
        let own = match &self.state {
            State::Bot => self.listening_deadline(),
            State::CallerPause { since } => self.act_at(*since),
            State::CallerSilent { until } => Some(*until),
            State::BotHangup { until, .. } | State::BotTransfer { until, .. } => Some(*until),
            State::Dialling | State::CallerActs { .. } | State::HangingUp | State::Over => None,
        };
        [own, self.call_deadline()].into_iter().flatten().min()
    }
}
