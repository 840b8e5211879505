//! The step that the conversation is at. Each kind has a file of its own beside this one; a new kind is such a file, and
//! one line in each function of this file.

use std::sync::Arc;

use crate::call::dialogue::Dialogue;
use crate::call::io::{EndCause, InputKind};
use crate::scenario::Step;
use crate::time::CallTime;

use super::caller::{self, CallerState};
use super::transition::Transition;
use super::wait::Wait;
use super::{bot, hangup, transfer};

/// The current step, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::call) enum CurrentStep {
    Bot,
    Caller(CallerState),
    Transfer(Wait),
    Hangup(Wait),
}

impl CurrentStep {
    /// Enters the step that the dialogue has come to; `None`: the caller hangs up.
    pub fn enter(dialogue: &mut Dialogue) -> Option<Self> {
        let scenario = Arc::clone(&dialogue.scenario);
        Some(match scenario.steps.get(dialogue.step)? {
            Step::Bot(step) => {
                bot::enter(step, dialogue);
                Self::Bot
            }
            Step::Caller(_) => Self::Caller(CallerState::enter(dialogue)),
            Step::Transfer(step) => Self::Transfer(transfer::enter(step, dialogue)),
            Step::Hangup(step) => Self::Hangup(hangup::enter(step, dialogue)?),
        })
    }

    /// Enters a step that interrupts the one before.
    pub fn interrupt(dialogue: &mut Dialogue) -> Option<Self> {
        match CallerState::act(dialogue) {
            Some(state) => Some(Self::Caller(state)),
            None => Self::enter(dialogue),
        }
    }

    /// The next moment at which the step goes on without an input.
    pub fn deadline(&self, dialogue: &Dialogue) -> Option<CallTime> {
        match self {
            Self::Bot => bot::deadline(dialogue),
            Self::Caller(state) => state.deadline(dialogue),
            Self::Transfer(wait) | Self::Hangup(wait) => Some(wait.until),
        }
    }

    /// Does what can be done now; `None`: nothing.
    pub fn progress(&mut self, dialogue: &mut Dialogue) -> Option<Transition> {
        match self {
            Self::Bot => bot::progress(dialogue),
            Self::Caller(state) => state.progress(dialogue),
            Self::Transfer(wait) => transfer::progress(wait, dialogue),
            Self::Hangup(wait) => hangup::progress(wait, dialogue),
        }
    }

    /// Takes in what happened to the step's own act. What the bot did is in the dialogue already.
    pub fn input(&mut self, input: &InputKind, dialogue: &mut Dialogue) -> Option<Transition> {
        match (self, input) {
            (Self::Caller(state), InputKind::Playback(playback)) => state.playback(*playback, dialogue),
            _ => None,
        }
    }

    /// Stops what is under way: the call has run out of time.
    pub fn stop(&self, dialogue: &mut Dialogue) {
        match self {
            Self::Caller(state) => state.stop(dialogue),
            Self::Bot | Self::Transfer(_) | Self::Hangup(_) => {}
        }
    }
}

/// Reports the step that the call ended at; true where it turns out to be done, so that the one after it is to be reported.
///
/// `current` is that step where the dialogue had entered it; `cause` is `None` where the call ran out of time.
pub(in crate::call) fn report_unreached(
    current: Option<CurrentStep>,
    dialogue: &mut Dialogue,
    why: &str,
    cause: Option<&EndCause>,
) -> bool {
    let scenario = Arc::clone(&dialogue.scenario);
    let cancelled = cause == Some(&EndCause::Cancelled);
    match scenario.steps.get(dialogue.step) {
        None => {}
        Some(Step::Hangup(step)) => hangup::unreached(step, dialogue, why, cause),
        Some(_) if cancelled => {}
        Some(Step::Transfer(_)) => return transfer::unreached(dialogue, why),
        Some(Step::Bot(_)) => dialogue.report_call_ended(why, caller::BEFORE_NEXT_TURN),
        Some(Step::Caller(_)) => {
            let when = match current {
                Some(CurrentStep::Caller(state)) => state.cut_off(),
                _ => caller::BEFORE_NEXT_TURN,
            };
            dialogue.report_call_ended(why, when);
        }
    }
    false
}
