//! What the tester's own delays spoiled. Content that is wrong is a failure, however busy the tester was. Only two things are
//! taken back: a time that was missed by at most the tester's own error, and what a bot did because the caller kept it
//! waiting: it spoke again, or hung up, between the moment at which the caller should have gone on and the one at which it did.

use std::time::Duration;

use jiff::SignedDuration;

use super::event::Health;
use crate::call::{CheckKind, CheckResult, TurnResult};
use crate::expect::{Ear, Leniency};
use crate::scenario::{BotStep, CallerAct, CallerStep, Expectation, Scenario, Step};
use crate::time::{CallTime, Millis, human_unsigned};

/// A longer wait of the caller for a transcript may have changed what the bot did.
pub(super) const HELD_BACK_MS: f64 = 300.0;
/// With worse pacing than this, latencies are less exact than they should be.
pub(super) const PACING_P99_MS: f64 = 1.0;
/// How long a bot takes to notice that the caller has begun to speak.
pub(super) const REACTION: Duration = Duration::from_millis(200);

/// Takes back what cannot be judged fairly, and says what that was and why, one sentence per turn.
pub(super) fn excuse(turns: &mut [TurnResult], health: &Health, scenario: &Scenario, hung_up: Option<CallTime>) -> Vec<String> {
    let mut unfair = Vec::new();
    let delays: Vec<Delay> = turns.iter().filter_map(|turn| Delay::after(turn, scenario)).collect();
    for turn in turns.iter_mut() {
        for delay in &delays {
            unfair.extend(delay.excuse(turn, scenario, hung_up));
        }
        unfair.extend(pacing(turn, health, scenario));
    }
    unfair
}

/// A wait of the caller for the words of the turn before.
struct Delay {
    /// The turn whose words came late.
    step: usize,
    /// From when the caller should have acted, to when the bot can have noticed that it did.
    from: CallTime,
    until: CallTime,
    length: Duration,
}

impl Delay {
    fn after(turn: &TurnResult, scenario: &Scenario) -> Option<Self> {
        let length = Duration::try_from(turn.held_back.filter(|held| held.millis_f64() > HELD_BACK_MS)?).ok()?;
        let pause = match scenario.steps.get(turn.step + 1) {
            Some(Step::Caller(CallerStep { after, .. })) => *after,
            _ => Duration::ZERO,
        };
        let from = turn.held_from? + pause;
        Some(Self { step: turn.step, from, until: from + length + REACTION, length })
    }

    fn excuse(&self, turn: &mut TurnResult, scenario: &Scenario, hung_up: Option<CallTime>) -> Option<String> {
        let waited = format!("while the tester kept the caller waiting for {}", human_unsigned(self.length));
        if turn.step == self.step && turn.utterances.iter().any(|heard| self.contains(heard.span.start)) {
            let forbidden_before = forbidden_before(turn, self.from, scenario);
            let later_words = |check: &CheckResult| match check.check {
                // The caller was only kept waiting because the words before were as expected.
                CheckKind::Says => true,
                CheckKind::Not => !forbidden_before,
                _ => false,
            };
            return take_back(turn, &format!("the bot spoke again {waited}"), later_words);
        }
        if turn.step > self.step && hung_up.is_some_and(|at| self.contains(at)) {
            return take_back(turn, &format!("the bot hung up {waited}"), |check| check.check == CheckKind::Call);
        }
        if turn.step > self.step && self.shortened_silence(turn, scenario) {
            let why = format!("the tester began the silence {} late", human_unsigned(self.length));
            return take_back(turn, &why, |check| check.check == CheckKind::SilentFor);
        }
        None
    }

    fn contains(&self, at: CallTime) -> bool {
        self.from <= at && at <= self.until
    }

    /// Whether the bot was silent for as long as it must be, counted from when the caller's silence should have begun.
    fn shortened_silence(&self, turn: &TurnResult, scenario: &Scenario) -> bool {
        let bound = bot_step(turn, scenario).and_then(|step| step.silent_for);
        let (Some(bound), Some(from)) = (bound, turn.origin_at) else { return false };
        let asked = match turn.step.checked_sub(1).and_then(|before| scenario.steps.get(before)) {
            Some(Step::Caller(CallerStep { act: CallerAct::Silence(asked), .. })) if turn.step == self.step + 2 => *asked,
            _ => return false,
        };
        let onset = turn.utterances.first().map(|heard| heard.span.start);
        onset.is_some_and(|onset| onset + self.length >= from + asked + bound.limit)
    }
}

/// Whether the bot said what it must not before this moment, which is its own fault.
pub(super) fn forbidden_before(turn: &TurnResult, moment: CallTime, scenario: &Scenario) -> bool {
    let not = bot_step(turn, scenario).and_then(|step| step.not.as_ref());
    not.is_some_and(|(not, _)| is_met_before(not, turn, moment, scenario))
}

/// Whether the bot had said what was expected before this moment: only then can what it said later be all that is wrong.
pub(super) fn met_before(turn: &TurnResult, moment: CallTime, scenario: &Scenario) -> bool {
    let says = bot_step(turn, scenario).and_then(|step| step.says.as_ref());
    says.is_none_or(|(says, _)| is_met_before(says, turn, moment, scenario))
}

fn is_met_before(expectation: &Expectation, turn: &TurnResult, moment: CallTime, scenario: &Scenario) -> bool {
    let said = turn.utterances.iter().filter(|heard| heard.span.start < moment).map(|heard| heard.text.as_str());
    let said = said.collect::<Vec<_>>().join(" ");
    let strict = bot_step(turn, scenario).is_some_and(|step| step.strict);
    let leniency = Leniency { ear: if strict { Ear::Strict } else { Ear::Text }, heard_as: Some(&scenario.heard_as) };
    expectation.resolve(&scenario.variables).is_ok_and(|matcher| matcher.judge(&said, &leniency).met)
}

/// A latency over its budget by less than the pacing error.
fn pacing(turn: &mut TurnResult, health: &Health, scenario: &Scenario) -> Option<String> {
    let close = over_by(turn, scenario).is_some_and(|over| over <= health.pacing_p99_ms);
    if health.pacing_p99_ms <= PACING_P99_MS || !close {
        return None;
    }
    let why = format!("over its budget by less than the tester's own pacing error, {:.1} ms at p99", health.pacing_p99_ms);
    take_back(turn, &why, |check| check.check == CheckKind::Latency)
}

/// By how many milliseconds the latency was over its budget.
pub(super) fn over_by(turn: &TurnResult, scenario: &Scenario) -> Option<f64> {
    let over = turn.latency?.millis_f64() - bot_step(turn, scenario)?.latency?.limit.millis_f64();
    // Early is not late: a bot that talks over its caller is not excused.
    turn.latency.filter(|latency| *latency >= SignedDuration::ZERO).map(|_| over)
}

pub(super) fn bot_step<'a>(turn: &TurnResult, scenario: &'a Scenario) -> Option<&'a BotStep> {
    match scenario.steps.get(turn.step) {
        Some(Step::Bot(step)) => Some(step),
        _ => None,
    }
}

pub(super) fn take_back(turn: &mut TurnResult, why: &str, unfair: impl Fn(&CheckResult) -> bool) -> Option<String> {
    let checks = turn.excuse(why, unfair);
    let names: Vec<String> = checks.iter().map(|check| format!("`{}`", check.name())).collect();
    (!names.is_empty()).then(|| format!("{} of turn {}: {why}", names.join(", "), turn.turn))
}

#[cfg(test)]
#[path = "fairness_tests.rs"]
mod tests;
