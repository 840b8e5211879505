//! The end of the call as the scenario expects it.

use crate::call::checks::StepCheck;
use crate::call::dialogue::Dialogue;
use crate::call::io::EndCause;
use crate::call::verdict::CheckKind;
use crate::scenario::{By, HangupStep, Step};
use crate::time::{CallTime, human};

use super::transition::Transition;
use super::wait::Wait;

const EXPECTED: &str = "the bot hangs up";

/// How long to wait for the bot to hang up; `None`: the caller does.
pub(super) fn enter(step: &HangupStep, dialogue: &mut Dialogue) -> Option<Wait> {
    match step.by {
        By::Caller => {
            judge_early(dialogue, dialogue.bot_hung_up);
            None
        }
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
        let ended = dialogue.ending.as_ref().filter(|ending| ending.cause == EndCause::BotHungUp).map(|ending| ending.at);
        judge_early(dialogue, dialogue.bot_hung_up.or(ended));
        return;
    }
    dialogue.report_step(match cause {
        Some(EndCause::BotHungUp) => StepCheck::passed(CheckKind::Hangup, EXPECTED, "the bot hung up"),
        Some(EndCause::Cancelled) => StepCheck::skipped(CheckKind::Hangup, EXPECTED, why),
        _ => StepCheck::failed(CheckKind::Hangup, EXPECTED, "the call ended otherwise", format!("{why} before the bot hung up")),
    });
}

/// The bot hung up where the caller was to: wrong if the caller could not have done so yet, however busy the tester was.
/// A bot that has transferred the call may leave it.
fn judge_early(dialogue: &mut Dialogue, hung_up: Option<CallTime>) {
    let before = dialogue.step.checked_sub(1).and_then(|before| dialogue.scenario.steps.get(before));
    let due = match before {
        Some(Step::Transfer(_)) => return,
        Some(Step::Bot(_)) => dialogue.free_at.unwrap_or(dialogue.now),
        _ => dialogue.now,
    };
    if let Some(at) = hung_up.filter(|at| *at < due) {
        let reason = format!("the bot hung up {} before the caller was to", human(due.since(at)));
        dialogue.report_step(StepCheck::failed(CheckKind::Hangup, "the caller hangs up", "the bot hung up", reason));
    }
}
