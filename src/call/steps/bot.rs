//! The bot's turn.

use jiff::SignedDuration;

use crate::call::decision::Decision;
use crate::call::dialogue::{DETECTION_LAG, Dialogue};
use crate::call::turn::{Start, Turn};
use crate::call::verdict::Origin;
use crate::expect;
use crate::scenario::{BotStep, CallerStep, Step};
use crate::time::CallTime;

use super::transition::Transition;

pub(in crate::call) fn enter(step: &BotStep, dialogue: &mut Dialogue) {
    dialogue.open_turn(dialogue.step, dialogue.start.at);
    if let Some(turn) = dialogue.turns.back_mut() {
        turn.enter(step, dialogue.start, &dialogue.variables);
    }
}

pub(super) fn deadline(dialogue: &Dialogue) -> Option<CallTime> {
    let decided = dialogue.decision().map(|decision| decision.at);
    [decided, barge_in_at(dialogue)].into_iter().flatten().min()
}

/// Decides the turn, if it can be decided now.
pub(super) fn progress(dialogue: &mut Dialogue) -> Option<Transition> {
    if barge_in_at(dialogue).is_some_and(|at| at <= dialogue.now) {
        return Some(Transition::Interrupt);
    }
    let decision = dialogue.decision().filter(|decision| decision.at <= dialogue.now)?;
    Some(if conclude(&decision, dialogue) { Transition::Next } else { Transition::HangUp })
}

/// Concludes the turn of a call that ended at `end`, where that moment leaves no doubt; true where the dialogue would have
/// gone on.
pub(in crate::call) fn conclude_at_end(dialogue: &mut Dialogue, end: CallTime) -> bool {
    let decision = dialogue.decision().filter(|decision| stands_at(dialogue, decision, end));
    decision.is_some_and(|decision| conclude(&decision, dialogue))
}

/// Whether a decision can be made although the call ended before its time.
fn stands_at(dialogue: &Dialogue, decision: &Decision, end: CallTime) -> bool {
    let step = dialogue.turns.back().and_then(|turn| dialogue.bot_step(turn));
    step.is_some_and(|step| match step.silent_for {
        Some(_) => decision.met && decision.at <= end + DETECTION_LAG,
        None => decision.met || step.optional,
    })
}

/// When the caller interrupts: the next step barges in and the bot is speaking.
fn barge_in_at(dialogue: &Dialogue) -> Option<CallTime> {
    let Some(Step::Caller(CallerStep { barge_in: Some(delay), .. })) = dialogue.next_step() else {
        return None;
    };
    let speech = dialogue.speech_of(dialogue.turns.back()?);
    let onset = speech.first_onset().filter(|_| speech.speaking())?;
    Some(onset + *delay)
}

/// Notes how the turn came out; true where the dialogue goes on.
fn conclude(decision: &Decision, dialogue: &mut Dialogue) -> bool {
    let goes_on = dialogue.bot_goes_on();
    let Some(mut turn) = dialogue.turns.pop_back() else {
        return false;
    };
    let optional = dialogue.bot_step(&turn).is_some_and(|step| step.optional);
    turn.decided = true;
    turn.met_at = decision.end.filter(|_| decision.met);
    dialogue.free_at = Some(decision.at);
    if decision.holds_back
        && let Some(start) = turn.start
    {
        let free_at = decision.at.max(start.due);
        let held_back = dialogue.now.since(free_at);
        turn.held_from = Some(free_at);
        turn.held_back = Some(held_back.max(SignedDuration::ZERO));
    }
    if !decision.met && optional {
        turn.skipped = true;
        turn.closed |= goes_on;
        let from = turn.from;
        dialogue.turns.push_back(turn);
        if goes_on {
            dialogue.open_turn(dialogue.step + 1, from);
        }
        return true;
    }
    remember(&turn, decision, dialogue);
    turn.closed |= goes_on;
    dialogue.turns.push_back(turn);
    if let Some(end) = decision.end.filter(|_| decision.met) {
        dialogue.start = Start::at(Origin::BotSpeechEnd, end);
        if goes_on {
            dialogue.open_turn(dialogue.step + 1, end);
        }
    }
    decision.met
}

/// Captured values are there for the very next step.
fn remember(turn: &Turn, decision: &Decision, dialogue: &mut Dialogue) {
    let Some(step) = dialogue.bot_step(turn) else { return };
    let until = decision.end.filter(|_| dialogue.bot_goes_on());
    let heard = dialogue.speech_of(turn).text_until(until);
    let found =
        step.capture.iter().filter_map(|capture| expect::capture(&capture.pattern, &heard).map(|value| (capture.name.clone(), value)));
    let found: Vec<_> = found.collect();
    dialogue.variables.extend(found);
}
