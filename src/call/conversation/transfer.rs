//! A step that waits for the bot to transfer the call.

use crate::call::judge::StepCheck;
use crate::call::verdict::CheckKind;
use crate::expect::same_address;
use crate::scenario::Step;
use crate::scenario::variables::fill;
use crate::time::CallTime;

use super::Conversation;

impl Conversation {
    /// Goes on once the bot has transferred the call, or has not in time; false while it is waited for.
    pub(super) fn await_transfer(&mut self, since: CallTime, until: CallTime) -> bool {
        match self.judge_transfer() {
            Some(true) => {
                self.start.due = self.start.due.max(self.now);
                self.next_step();
            }
            Some(false) => self.state = self.hang_up(),
            None if until <= self.now => {
                let waited = crate::time::human_unsigned(until.saturating_since(since));
                self.no_transfer(format!("the bot had not transferred the call after {waited}"));
                self.state = self.hang_up();
            }
            None => return false,
        }
        true
    }

    /// The verdict on the transfer that came first, if one has come.
    pub(super) fn judge_transfer(&mut self) -> Option<bool> {
        let to = self.transfers.pop_front()?;
        let expected = self.transfer_expected();
        let (wanted, actual) = (format!("a transfer to {expected}"), format!("a transfer to {to}"));
        let right = same_address(&expected, &to);
        self.report_step(if right {
            StepCheck::passed(CheckKind::Transfer, &wanted, &actual)
        } else {
            StepCheck::failed(CheckKind::Transfer, &wanted, &actual, format!("the bot transferred the call to {to}"))
        });
        Some(right)
    }

    /// The verdict on a transfer that did not come.
    pub(super) fn no_transfer(&mut self, reason: String) {
        let wanted = format!("a transfer to {}", self.transfer_expected());
        self.report_step(StepCheck::failed(CheckKind::Transfer, &wanted, "no transfer", reason));
    }

    fn transfer_expected(&self) -> String {
        match self.scenario.steps.get(self.step) {
            Some(Step::Transfer(step)) => fill(&step.to, &self.variables),
            _ => String::new(),
        }
    }
}
