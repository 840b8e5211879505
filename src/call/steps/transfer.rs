//! A step that waits for the bot to transfer the call.

use crate::call::checks::StepCheck;
use crate::call::dialogue::Dialogue;
use crate::call::verdict::CheckKind;
use crate::expect::same_address;
use crate::scenario::variables::fill;
use crate::scenario::{Step, TransferStep};

use super::transition::Transition;
use super::wait::Wait;

pub(super) fn enter(step: &TransferStep, dialogue: &Dialogue) -> Wait {
    Wait::new(dialogue.now, step.within)
}

/// Goes on once the bot has transferred the call, or has not in time.
pub(super) fn progress(wait: &Wait, dialogue: &mut Dialogue) -> Option<Transition> {
    match judge(dialogue) {
        Some(true) => {
            dialogue.start.due = dialogue.start.due.max(dialogue.now);
            Some(Transition::Next)
        }
        Some(false) => Some(Transition::HangUp),
        None if wait.until <= dialogue.now => {
            missing(dialogue, format!("the bot had not transferred the call after {}", wait.length()));
            Some(Transition::HangUp)
        }
        None => None,
    }
}

/// True where the bot has transferred the call all the same: it may be gone before the step is reached.
pub(super) fn unreached(dialogue: &mut Dialogue, why: &str) -> bool {
    let right = judge(dialogue);
    if right.is_none() {
        missing(dialogue, format!("{why} before the bot transferred the call"));
    }
    right == Some(true)
}

/// The verdict on the transfer that came first, if one has come.
fn judge(dialogue: &mut Dialogue) -> Option<bool> {
    let to = dialogue.transfers.pop_front()?;
    let expected = expected(dialogue);
    let (wanted, actual) = (format!("a transfer to {expected}"), format!("a transfer to {to}"));
    let right = same_address(&expected, &to);
    dialogue.report_step(if right {
        StepCheck::passed(CheckKind::Transfer, &wanted, &actual)
    } else {
        StepCheck::failed(CheckKind::Transfer, &wanted, &actual, format!("the bot transferred the call to {to}"))
    });
    Some(right)
}

/// The verdict on a transfer that did not come.
fn missing(dialogue: &mut Dialogue, reason: String) {
    let wanted = format!("a transfer to {}", expected(dialogue));
    dialogue.report_step(StepCheck::failed(CheckKind::Transfer, &wanted, "no transfer", reason));
}

fn expected(dialogue: &Dialogue) -> String {
    match dialogue.scenario.steps.get(dialogue.step) {
        Some(Step::Transfer(step)) => fill(&step.to, &dialogue.variables),
        _ => String::new(),
    }
}
