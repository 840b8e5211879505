//! What all steps of the dialogue share: the turns, what was heard, and what is to be done.

mod judging;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::scenario::{BotStep, Scenario, Step};

use super::checks::StepCheck;
use super::hearing::{Hearing, Question};
use super::io::{EndCause, Output};
use super::judge;
use super::speech::{SpeechHistory, TurnSpeech, may_be_noise};
use super::turn::{Start, Turn};
use super::verdict::{CheckKind, Origin, TurnResult};
use crate::time::{CallTime, Span};

/// How long after the fact an onset may still be reported: nothing is called silent before that.
pub(super) const DETECTION_LAG: Duration = Duration::from_millis(400);

/// The end of the call.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub cause: EndCause,
    pub at: CallTime,
}

/// The dialogue of one call, apart from where its current step stands.
#[derive(Debug)]
pub(super) struct Dialogue {
    pub scenario: Arc<Scenario>,
    /// What `{{name}}` stands for in the steps to come.
    pub variables: BTreeMap<String, String>,
    /// What `{{name}}` stands for in the verdicts to come: captured by the turns judged so far.
    pub judged_variables: BTreeMap<String, String>,
    pub now: CallTime,
    /// Index of the current step.
    pub step: usize,
    pub speech: SpeechHistory,
    pub hearing: Hearing,
    /// Turns that are not judged yet.
    pub turns: VecDeque<Turn>,
    /// Verdicts that must not overtake those of the turns before them.
    pub results: VecDeque<TurnResult>,
    /// The last bot step that has had a turn made for it.
    pub opened: Option<usize>,
    /// From when the next bot turn counts.
    pub start: Start,
    /// Transfers that no step has asked about yet.
    pub transfers: VecDeque<String>,
    /// Recordings asked for and not finished.
    pub plays: u32,
    pub connected_at: Option<CallTime>,
    pub ending: Option<Ending>,
    /// When the bot hung up.
    pub bot_hung_up: Option<CallTime>,
    /// When the caller could go on after the last bot turn, however late its words were known.
    pub free_at: Option<CallTime>,
    /// When the caller hung up.
    pub hung_up_at: Option<CallTime>,
    /// Why the dialogue stopped early, as the subject and verb of a sentence.
    pub cut_off: Option<String>,
    pub outputs: VecDeque<Output>,
}

impl Dialogue {
    pub fn new(scenario: Arc<Scenario>) -> Self {
        Self {
            variables: scenario.variables.clone(),
            judged_variables: scenario.variables.clone(),
            hearing: Hearing::new(scenario.heard_as.clone()),
            scenario,
            now: CallTime::DIAL,
            step: 0,
            speech: SpeechHistory::default(),
            turns: VecDeque::new(),
            results: VecDeque::new(),
            opened: None,
            start: Start::at(Origin::Answer, CallTime::DIAL),
            transfers: VecDeque::new(),
            plays: 0,
            connected_at: None,
            ending: None,
            bot_hung_up: None,
            free_at: None,
            hung_up_at: None,
            cut_off: None,
            outputs: VecDeque::new(),
        }
    }

    /// The step after the current one.
    pub fn next_step(&self) -> Option<&Step> {
        self.scenario.steps.get(self.step + 1)
    }

    /// Whether the bot goes on: the next step is the bot's as well.
    pub fn bot_goes_on(&self) -> bool {
        matches!(self.next_step(), Some(Step::Bot(_)))
    }

    pub fn is_cancelled(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.cause == EndCause::Cancelled)
    }

    /// Makes the turn of the first bot step at or after `step`; what was open before ends where it begins.
    pub fn open_turn(&mut self, step: usize, from: CallTime) {
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

    /// No more speech joins the turns made so far.
    pub fn close_turns(&mut self) {
        for turn in &mut self.turns {
            turn.closed = true;
        }
    }

    pub fn hang_up(&mut self) {
        self.close_turns();
        self.hung_up_at = Some(self.now);
        self.outputs.push_back(Output::Hangup);
    }

    /// Asks what the audio says, where it has not been asked yet.
    pub fn ask(&mut self, questions: Vec<Question>) {
        let speech = &self.speech;
        let asked = self.hearing.ask(questions, |onset| speech.text_of(onset).to_owned());
        self.outputs.extend(asked);
    }

    pub fn digit(&mut self, digit: char) {
        if let Some(turn) = self.turns.back_mut() {
            turn.digits.push(digit);
            turn.last_digit = Some(self.now);
        }
    }

    /// Whether a verdict can depend on the words of speech: a short sound may be noise, which only the recogniser can tell; otherwise it
    /// is for the turn that the speech belongs to, and for the bot's turns right after it, one of which it may turn out to begin.
    pub fn needs_words(&self, span: Span) -> bool {
        let holds = |turn: &&Turn| turn.from <= span.start && turn.until.is_none_or(|until| span.start < until);
        let Some(turn) = self.turns.iter().rev().find(holds).filter(|_| !may_be_noise(span)) else { return true };
        let steps = self.scenario.steps.iter().skip(turn.step);
        let mut bots = steps.map_while(|step| if let Step::Bot(step) = step { Some(step) } else { None });
        bots.any(|step| step.needs_words())
    }

    /// What was heard in the turn; sound that was over before the answer belongs to no turn.
    pub fn speech_of(&self, turn: &Turn) -> TurnSpeech<'_> {
        let heard = self.speech.between(turn.from, turn.until);
        let over = |end: CallTime| self.connected_at.is_some_and(|answer| end <= answer);
        let early = heard.iter().take_while(|segment| segment.end.is_some_and(over));
        TurnSpeech(heard.get(early.count()..).unwrap_or(&[]))
    }

    pub fn bot_step(&self, turn: &Turn) -> Option<&BotStep> {
        match self.scenario.steps.get(turn.step) {
            Some(Step::Bot(step)) => Some(step),
            _ => None,
        }
    }

    /// Number of the bot step, or of the one before where the step is of another kind.
    pub fn turn_number(&self, step: usize) -> usize {
        let steps = self.scenario.steps.iter().take(step + 1);
        steps.filter(|step| matches!(step, Step::Bot(_))).count()
    }

    /// Adds the verdict on the current step, which is not a bot turn.
    pub fn report_step(&mut self, check: StepCheck) {
        let Some(location) = self.scenario.steps.get(self.step).map(Step::location) else {
            return;
        };
        let number = self.turn_number(self.step);
        let result = judge::without_speech(self.step, number, location, vec![check.at(location)]);
        self.results.push_back(result);
    }

    /// The verdict on a step that the call ended in, or before.
    pub fn report_call_ended(&mut self, why: &str, when: &str) {
        let expected = "the call lasts as long as the dialogue";
        self.report_step(StepCheck::failed(CheckKind::Call, expected, "the call ended", format!("{why} {when}")));
    }
}
