//! The dialogue as a state machine: fed with timestamped inputs, polled for outputs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::expect;
use crate::scenario::{Advance, BotStep, By, CallerAct, CallerStep, Scenario, Step};

use super::ears::{Ears, TurnEars};
use super::io::{EndCause, Input, InputKind, Output, Playback};
use super::judge::{self, Evidence};
use super::time::CallTime;
use super::turn::Turn;
use super::verdict::{CheckKind, Origin, TurnResult};

/// How long after the fact an onset may still be reported: nothing is called silent before that.
const DETECTION_LAG: Duration = Duration::from_millis(400);

#[derive(Clone, Debug, PartialEq)]
enum State {
    Dialling,
    /// Listening to the bot step.
    Bot,
    /// The caller's pause before speaking.
    CallerPause { since: CallTime },
    /// The recording or the digits are going out; `over` once the last speech sample is sent.
    CallerActs { over: bool },
    CallerSilent { until: CallTime },
    Hook { until: CallTime },
    BotHangup { since: CallTime, until: CallTime },
    HangingUp,
    Over,
}

/// One call's dialogue. Give it every [`Input`] in order of `at`, then [`Conversation::poll`] until `None`.
#[derive(Debug)]
pub struct Conversation {
    scenario: Arc<Scenario>,
    variables: BTreeMap<String, String>,
    now: CallTime,
    state: State,
    step: usize,
    ears: Ears,
    turns: VecDeque<Turn>,
    turns_made: usize,
    last_origin: (Origin, CallTime),
    connected_at: Option<CallTime>,
    ended: Option<EndCause>,
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
            scenario,
            now: CallTime::DIAL,
            state: State::Dialling,
            step: 0,
            ears: Ears::default(),
            turns: VecDeque::new(),
            turns_made: 0,
            last_origin: (Origin::Answer, CallTime::DIAL),
            connected_at: None,
            ended: None,
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
            InputKind::Transcript { is_final: false, .. } | InputKind::Timeout => {}
            InputKind::Dtmf(digit) => self.digit(digit),
            InputKind::Ended(cause) => self.end(cause),
            InputKind::HookDone { success, message } => self.hook_done(success, message),
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
        self.state == State::Over && self.turns.is_empty() && self.outputs.is_empty()
    }

    /// True once the call has ended; transcripts may still be missing.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
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
        if self.state != State::Dialling {
            return;
        }
        self.connected_at = Some(at);
        self.last_origin = (Origin::Answer, at);
        self.open_turn_from(0, CallTime::from_nanos(i64::MIN));
        self.enter();
    }

    /// Makes the turn of the first bot step at or after `step`; what was open before ends where it begins.
    fn open_turn_from(&mut self, step: usize, from: CallTime) {
        if let Some(last) = self.turns.back_mut() {
            last.until.get_or_insert(from);
        }
        let next = (step..self.scenario.steps.len()).find(|index| matches!(self.scenario.steps[*index], Step::Bot(_)));
        if let Some(next) = next
            && self.turns.back().is_none_or(|turn| turn.step < next)
        {
            self.turns_made += 1;
            self.turns.push_back(Turn::new(next, self.turns_made, from));
        }
    }

    /// Begins the current step.
    fn enter(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        self.state = match scenario.steps.get(self.step) {
            None => self.hang_up(),
            Some(Step::Bot(step)) => self.enter_bot(step),
            Some(Step::Caller(_)) => State::CallerPause { since: self.now },
            Some(Step::Hook(hook)) => {
                self.outputs.push_back(Output::RunHook { step: self.step, within: hook.within });
                State::Hook { until: self.now + hook.within }
            }
            Some(Step::Hangup(hangup)) => match hangup.by {
                By::Caller => self.hang_up(),
                By::Bot => State::BotHangup { since: self.now, until: self.now + hangup.within },
            },
        };
    }

    fn enter_bot(&mut self, step: &BotStep) -> State {
        if self.turns.back().is_none_or(|turn| turn.step != self.step) {
            let from = self.ears.last_end().unwrap_or(self.now).max(self.turns.back().map_or(self.now, |turn| turn.from));
            self.open_turn_from(self.step, from);
        }
        let origin = self.last_origin;
        if let Some(turn) = self.turns.back_mut() {
            turn.enter(step, origin, &self.variables);
        }
        State::Bot
    }

    fn next_step(&mut self) {
        self.step += 1;
        self.enter();
    }

    fn hang_up(&mut self) -> State {
        for turn in &mut self.turns {
            turn.closed = true;
        }
        self.outputs.push_back(Output::Hangup);
        State::HangingUp
    }

    fn caller_step(&self) -> Option<&CallerStep> {
        match self.scenario.steps.get(self.step) {
            Some(Step::Caller(step)) => Some(step),
            _ => None,
        }
    }

    fn playback(&mut self, playback: Playback) {
        match playback {
            Playback::Started { speech_start } => {
                let interrupted = self.turns.back_mut().filter(|turn| turn.origin.is_some() && !turn.decided);
                if let Some(turn) = interrupted {
                    turn.interrupted_at = Some(speech_start);
                }
                self.open_turn_from(self.step, speech_start);
            }
            Playback::SpeechEnded { speech_end } => {
                let digits = matches!(self.caller_step(), Some(CallerStep { act: CallerAct::Dtmf(_), .. }));
                self.caller_done(if digits { Origin::CallerDtmf } else { Origin::CallerSpeechEnd }, speech_end);
            }
            Playback::Finished => self.playback_finished(),
        }
    }

    /// The caller has had its say: earlier turns are complete, the reply is due from here.
    fn caller_done(&mut self, origin: Origin, at: CallTime) {
        self.last_origin = (origin, at);
        let step = self.step;
        for turn in self.turns.iter_mut().filter(|turn| turn.step < step) {
            turn.closed = true;
        }
        if self.state == (State::CallerActs { over: false }) {
            self.state = State::CallerActs { over: true };
        }
        let caller_goes_on = matches!(self.scenario.steps.get(self.step + 1), Some(Step::Caller(_)));
        if !caller_goes_on && self.state == (State::CallerActs { over: true }) {
            self.next_step();
        }
    }

    fn playback_finished(&mut self) {
        if matches!(self.state, State::CallerActs { .. }) {
            self.next_step();
        }
    }

    fn digit(&mut self, digit: char) {
        if let Some(turn) = self.turns.back_mut() {
            turn.digits.push(digit);
        }
    }

    fn hook_done(&mut self, success: bool, message: String) {
        if !matches!(self.state, State::Hook { .. }) {
            return;
        }
        let failed = (!success).then(|| format!("the hook failed: {message}"));
        let stop = failed.is_some();
        self.report_step(CheckKind::Hook, "the hook succeeds", message, failed);
        if stop { self.state = self.hang_up() } else { self.next_step() }
    }

    fn report_step(&mut self, check: CheckKind, expected: &str, actual: String, failed: Option<String>) {
        self.judge_closed();
        let Some(location) = self.scenario.steps.get(self.step).map(Step::location) else { return };
        let check = judge::step_check(check, location, expected, actual, failed);
        self.turns_made += 1;
        let result = judge::without_speech(self.step, self.turns_made, location, vec![check]);
        self.outputs.push_back(Output::Turn(Box::new(result)));
    }

    fn end(&mut self, cause: EndCause) {
        if self.ended.is_some() {
            return;
        }
        self.cut_off.get_or_insert_with(|| judge::ended(&cause));
        self.ended = Some(cause);
        for turn in &mut self.turns {
            turn.closed = true;
        }
    }

    /// Does everything that can be done at `now`.
    fn settle(&mut self) {
        while self.progress() {}
        self.judge_closed();
    }

    fn progress(&mut self) -> bool {
        if self.state == State::Over {
            return false;
        }
        if self.ended.is_some() {
            return self.wind_up();
        }
        if self.out_of_time() {
            return self.run_out();
        }
        match self.state.clone() {
            State::Bot => self.listen(),
            State::CallerPause { since } => self.maybe_act(since),
            State::CallerSilent { until } if until <= self.now => {
                self.next_step();
                true
            }
            State::Hook { until } if until <= self.now => {
                self.hook_done(false, "it ran out of time".to_owned());
                true
            }
            State::BotHangup { since, until } if until <= self.now => {
                let waited = super::human(until.since(since));
                let reason = format!("the bot had not hung up after {waited}");
                self.report_step(CheckKind::Hangup, "the bot hangs up", "still connected".to_owned(), Some(reason));
                self.state = self.hang_up();
                true
            }
            _ => false,
        }
    }

    fn call_deadline(&self) -> Option<CallTime> {
        let running = !matches!(self.state, State::Dialling | State::HangingUp | State::Over);
        self.connected_at.filter(|_| running).map(|at| at + self.scenario.timeout)
    }

    fn out_of_time(&self) -> bool {
        self.call_deadline().is_some_and(|deadline| deadline <= self.now)
    }

    fn run_out(&mut self) -> bool {
        self.cut_off = Some(format!("the call ran out of time after {}", super::human_unsigned(self.scenario.timeout)));
        if matches!(self.state, State::CallerActs { .. }) {
            self.outputs.push_back(Output::StopPlay);
        }
        if self.state != State::Bot {
            let limit = super::human_unsigned(self.scenario.timeout);
            let reason = format!("the call was still going on after {limit} (`timeout`)");
            self.report_step(CheckKind::Call, "the dialogue ends in time", "out of time".to_owned(), Some(reason));
        }
        self.state = self.hang_up();
        true
    }

    fn turn_ears(&self, turn: &Turn) -> TurnEars<'_> {
        TurnEars(self.ears.between(turn.from, turn.until))
    }

    fn bot_step(&self, turn: &Turn) -> Option<&BotStep> {
        match self.scenario.steps.get(turn.step) {
            Some(Step::Bot(step)) => Some(step),
            _ => None,
        }
    }

    /// Decides the turn under way, if it can be decided now.
    fn listen(&mut self) -> bool {
        if let Some(at) = self.barge_in_at().filter(|at| *at <= self.now) {
            self.now = self.now.max(at);
            self.step += 1;
            self.act();
            return true;
        }
        let Some(decision) = self.decision().filter(|decision| decision.at <= self.now) else { return false };
        self.decide(&decision);
        true
    }

    /// When the caller interrupts: the next step barges in and the bot is speaking.
    fn barge_in_at(&self) -> Option<CallTime> {
        let Some(Step::Caller(CallerStep { barge_in: Some(delay), .. })) = self.scenario.steps.get(self.step + 1) else {
            return None;
        };
        let ears = self.turn_ears(self.turns.back()?);
        ears.first_onset().filter(|_| ears.speaking()).map(|onset| onset + *delay)
    }

    /// When and how the turn under way is decided, as far as is known now.
    fn decision(&self) -> Option<Decision> {
        let turn = self.turns.back()?;
        let step = self.bot_step(turn)?;
        let (_, origin) = turn.origin?;
        let ears = self.turn_ears(turn);
        if let Some(bound) = step.silent_for {
            let silent_until = origin + bound.limit + DETECTION_LAG;
            return Some(Decision { at: ears.first_onset().map_or(silent_until, |_| self.now), met: ears.is_empty(), ideal: None });
        }
        if let (Some((digits, _)), None) = (&step.dtmf, &step.says) {
            let met = turn.digits == *digits;
            let at = if met { self.now } else { origin + step.within.limit };
            return Some(Decision { at, met, ideal: None });
        }
        if ears.is_empty() {
            return Some(Decision { at: origin + step.within.limit + DETECTION_LAG, met: false, ideal: None });
        }
        let quiet_from = ears.last_end().filter(|_| !ears.speaking())?;
        if step.advance == Advance::Silence {
            return Some(Decision { at: quiet_from + step.end_silence, met: true, ideal: None });
        }
        if ears.pending() {
            return None;
        }
        let met = turn.met_by(&ears.text());
        let wait = self.quiet_needed(step, met);
        Some(Decision { at: quiet_from + wait, met, ideal: met.then_some(quiet_from + wait) })
    }

    /// How long the bot must be quiet before its turn is decided.
    fn quiet_needed(&self, step: &BotStep, met: bool) -> Duration {
        let bot_goes_on = matches!(self.scenario.steps.get(self.step + 1), Some(Step::Bot(_)));
        match (met, bot_goes_on, step.optional) {
            (true, true, _) => Duration::ZERO,
            (true, false, _) | (false, true, true) => step.end_silence,
            (false, ..) => step.give_up + DETECTION_LAG,
        }
    }

    fn decide(&mut self, decision: &Decision) {
        let now = self.now;
        let Some(mut turn) = self.turns.pop_back() else { return };
        let optional = self.bot_step(&turn).is_some_and(|step| step.optional);
        turn.decided = true;
        turn.held_back = decision.ideal.map(|ideal| now.since(ideal));
        let (from, origin) = (turn.from, turn.origin);
        let (last_end, text) = (self.turn_ears(&turn).last_end(), self.turn_ears(&turn).text());
        self.remember(&turn, &text);
        if !decision.met && optional {
            turn.skipped = true;
            turn.closed = true;
            turn.until = Some(from);
            self.turns.push_back(turn);
            self.last_origin = origin.unwrap_or(self.last_origin);
            self.open_turn_from(self.step + 1, from);
            self.next_step();
            return;
        }
        let bot_goes_on = matches!(self.scenario.steps.get(self.step + 1), Some(Step::Bot(_)));
        turn.closed = bot_goes_on;
        self.turns.push_back(turn);
        if let Some(end) = last_end {
            self.last_origin = (Origin::BotSpeechEnd, end);
        }
        if decision.met { self.next_step() } else { self.state = self.hang_up() }
    }

    /// Captured values are there for the very next step.
    fn remember(&mut self, turn: &Turn, heard: &str) {
        let captures = self.bot_step(turn).map(|step| step.capture.clone()).unwrap_or_default();
        for capture in captures {
            self.variables.extend(expect::capture(&capture.pattern, heard).map(|value| (capture.name, value)));
        }
    }

    /// Starts the caller's act once the pause is over and the bot has been quiet long enough.
    fn maybe_act(&mut self, since: CallTime) -> bool {
        match self.act_at(since) {
            Some(at) if at <= self.now => {
                self.act();
                true
            }
            _ => false,
        }
    }

    /// A polite caller does not speak into a bot that goes on after a pause.
    fn act_at(&self, since: CallTime) -> Option<CallTime> {
        let after = self.caller_step()?.after;
        if self.ears.speaking() {
            return None;
        }
        let quiet_from = self.ears.last_end().filter(|end| *end > since);
        let end_silence = self.turns.back().and_then(|turn| self.bot_step(turn)).map_or(Duration::ZERO, |step| step.end_silence);
        Some(quiet_from.map_or(since + after, |end| end + end_silence + after))
    }

    fn act(&mut self) {
        let Some(act) = self.caller_step().map(|step| step.act.clone()) else { return };
        match act {
            CallerAct::Audio(_) => {
                self.outputs.push_back(Output::Play { step: self.step });
                self.state = State::CallerActs { over: false };
            }
            CallerAct::Dtmf(digits) => {
                self.outputs.push_back(Output::SendDtmf(digits));
                self.state = State::CallerActs { over: false };
                self.open_turn_from(self.step, self.now);
                self.last_origin = (Origin::CallerDtmf, self.now);
            }
            CallerAct::Silence(length) => {
                self.open_turn_from(self.step, self.now);
                self.caller_done(Origin::CallerSilence, self.now);
                self.state = State::CallerSilent { until: self.now + length };
            }
        }
    }

    /// The call is over: what was under way fails, what was not reached is skipped.
    fn wind_up(&mut self) -> bool {
        let Some(cause) = self.ended.clone() else { return false };
        match self.state.clone() {
            State::BotHangup { .. } if cause == EndCause::BotHungUp => {
                self.report_step(CheckKind::Hangup, "the bot hangs up", "the bot hung up".to_owned(), None);
                self.step += 1;
            }
            State::Bot if self.turns.back().is_some_and(|turn| self.turn_ears(turn).pending()) => return false,
            State::Bot => {
                let met = self.turns.back().is_some_and(|turn| {
                    let ears = self.turn_ears(turn);
                    !ears.is_empty() && turn.met_by(&ears.text())
                });
                if met {
                    self.step += 1;
                    self.dropped(&cause);
                }
            }
            State::HangingUp | State::Over | State::Dialling => {}
            _ => self.dropped(&cause),
        }
        self.state = State::Over;
        self.skip_rest();
        true
    }

    /// Bot turns that were never opened are reported as not reached.
    fn skip_rest(&mut self) {
        let opened = self.turns.back().map_or(self.step, |turn| turn.step + 1).max(self.step);
        for index in opened..self.scenario.steps.len() {
            if let Some(Step::Bot(step)) = self.scenario.steps.get(index) {
                self.turns_made += 1;
                let result = judge::without_speech(index, self.turns_made, step.location, Vec::new());
                self.outputs.push_back(Output::Turn(Box::new(result)));
            }
        }
    }

    /// Reports that the call ended while the caller still had something to do.
    fn dropped(&mut self, cause: &EndCause) {
        let only_hangup_left =
            self.scenario.steps.get(self.step..).is_none_or(|rest| rest.iter().all(|step| matches!(step, Step::Hangup(_))));
        if only_hangup_left || *cause == EndCause::Cancelled {
            return;
        }
        let reason = format!("{} before the dialogue was over", judge::ended(cause));
        self.report_step(CheckKind::Call, "the call lasts as long as the dialogue", "the call ended".to_owned(), Some(reason));
    }

    /// Judges, in order, the turns that nothing can change any more.
    fn judge_closed(&mut self) {
        while let Some(turn) = self.turns.front() {
            let complete = turn.closed && (turn.skipped || self.is_complete(turn));
            if !complete {
                return;
            }
            if let Some(turn) = self.turns.pop_front()
                && let Some(result) = self.judge(&turn)
            {
                self.outputs.push_back(Output::Turn(Box::new(result)));
            }
        }
    }

    fn is_complete(&self, turn: &Turn) -> bool {
        let ears = self.turn_ears(turn);
        !ears.pending() && (!ears.speaking() || self.ended.is_some())
    }

    fn judge(&self, turn: &Turn) -> Option<TurnResult> {
        let step = self.bot_step(turn)?;
        if turn.origin.is_none() {
            return Some(judge::without_speech(turn.step, turn.number, step.location, Vec::new()));
        }
        let utterances = self.turn_ears(turn).0.iter().map(|segment| segment.utterance(self.now)).collect();
        let undecided = !turn.decided && turn.interrupted_at.is_none();
        let cut_off = self.cut_off.clone().filter(|_| undecided);
        Some(judge::judge(Evidence { turn, step, utterances, cut_off }))
    }

    /// The next moment at which something happens by itself.
    fn deadline(&self) -> Option<CallTime> {
        let own = match &self.state {
            State::Bot => {
                let decided = self.decision().map(|decision| decision.at);
                [decided, self.barge_in_at()].into_iter().flatten().min()
            }
            State::CallerPause { since } => self.act_at(*since),
            State::CallerSilent { until } | State::Hook { until } | State::BotHangup { until, .. } => Some(*until),
            State::Dialling | State::CallerActs { .. } | State::HangingUp | State::Over => None,
        };
        [own, self.call_deadline()].into_iter().flatten().min()
    }
}

/// When a turn is decided, and how.
struct Decision {
    at: CallTime,
    met: bool,
    /// When a tester with instant transcripts would have decided.
    ideal: Option<CallTime>,
}
