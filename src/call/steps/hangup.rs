//! The end of the call as the scenario expects it.

use crate::call::checks::StepCheck;
use crate::call::dialogue::Dialogue;
use crate::call::io::EndCause;
use crate::call::verdict::CheckKind;
use crate::scenario::{By, HangupStep};

use super::transition::Transition;
use super::wait::Wait;

const EXPECTED: &str = "the bot hangs up";

/// How long to wait for the bot to hang up; `None`: the caller does.
pub(super) fn enter(step: &HangupStep, dialogue: &Dialogue) -> Option<Wait> {
    match step.by {
        By::Caller => None,
        By::Bot => Some(Wait::new(dialogue.now, step.within)),
    }
}

pub(super) fn progress(wait: &Wait, dialogue: &mut Dialogue) -> Option<Transition> {
    if wait.until > dialogue.now {
        return None;
    }
    let reason = format!("the bot had not hung up after {}", wait.length());
    dialogue.report_step(StepCheck::failed(CheckKind::Hangup, EXPECTED, "still connected", reason));
    Some(Transition::HangUp)
}

/// The call has ended: as expected where the bot hung up.
pub(super) fn unreached(step: &HangupStep, dialogue: &mut Dialogue, why: &str, cause: Option<&EndCause>) {
    if step.by == By::Caller {
        return;
    }
    dialogue.report_step(match cause {
        Some(EndCause::BotHungUp) => StepCheck::passed(CheckKind::Hangup, EXPECTED, "the bot hung up"),
        Some(EndCause::Cancelled) => StepCheck::skipped(CheckKind::Hangup, EXPECTED, why),
        _ => StepCheck::failed(CheckKind::Hangup, EXPECTED, "the call ended otherwise", format!("{why} before the bot hung up")),
    });
}
