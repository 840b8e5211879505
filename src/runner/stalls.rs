//! What a stall of the tester can have changed: its process was stopped, its machine paused, or no processor was to be had. A percentile
//! over a call does not show one.
//!
//! The pacing thread sends every 20 ms, so a packet that goes out late shows a stall of the process; a conversation that is woken late
//! shows one of its own. What came in is not affected: the kernel notes when it received each packet.

use std::time::Duration;

use super::event::{Stall, StallKind};
use super::fairness::{REACTION, forbidden_before, met_before, over_by, take_back};
use crate::call::{CheckKind, CheckResult, Outcome, TurnResult};
use crate::scenario::Scenario;
use crate::time::{CallTime, Millis, human_unsigned};

/// Shorter delays are the ordinary lot of a program among others: a bot's jitter buffer takes them.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);

/// A recording's first speech sample is in its first packets.
const FIRST_SPEECH: Duration = Duration::from_millis(60);

/// What the caller said or pressed: from when, and until when; to the end of the call where nothing is known of its end.
pub(super) type Sent = (CallTime, Option<CallTime>);

/// Takes back what a stall can have changed, and says what that was and why.
pub(super) fn excuse(
    turns: &mut [TurnResult],
    stalls: &[Stall],
    sent: &[Sent],
    scenario: &Scenario,
    hung_up: Option<CallTime>,
) -> Vec<String> {
    let mut unfair = Vec::new();
    for stall in stalls {
        if stall.kind == StallKind::Sending {
            unfair.extend(broken_speech(turns, stall, sent));
            unfair.extend(turns.iter_mut().filter_map(|turn| delayed(turn, stall, scenario)));
        }
        if stall.kind == StallKind::Waking || delayed_a_start(stall, sent) {
            unfair.extend(turns.iter_mut().filter_map(|turn| kept_waiting(turn, stall, scenario, hung_up)));
        }
    }
    unfair
}

/// Whether the caller's first packet was among those that went out late.
fn delayed_a_start(stall: &Stall, sent: &[Sent]) -> bool {
    sent.iter().any(|(from, _)| stall.span.start <= *from && *from <= stall.span.end + FIRST_SPEECH)
}

/// A caller that fell silent in mid-word: the bot may have heard other words, taken the turn too early, or hung up. What it did from then
/// on counts again after a turn in which it said what was expected.
fn broken_speech(turns: &mut [TurnResult], stall: &Stall, sent: &[Sent]) -> Vec<String> {
    if !sent.iter().any(|(from, until)| *from < stall.span.end && until.is_none_or(|until| until > stall.span.start)) {
        return Vec::new();
    }
    let why = format!("the tester stalled for {} while the caller spoke", human_unsigned(length(stall)));
    let before = turns.iter().rposition(|turn| turn.origin_at.is_some_and(|origin| origin <= stall.span.start));
    let mut unfair = Vec::new();
    if let Some(interrupted) = before.and_then(|before| turns.get_mut(before)) {
        unfair.extend(take_back(interrupted, &why, |check| check.check == CheckKind::StopsWithin));
    }
    for turn in turns.iter_mut().skip(before.map_or(0, |before| before + 1)) {
        unfair.extend(take_back(turn, &why, |_| true));
        // A turn whose words nobody looks at shows no misunderstanding either: what comes later stands for itself.
        let about_words = |check: &&CheckResult| check.check == CheckKind::Says;
        if turn.checks.iter().find(about_words).is_none_or(|check| check.outcome == Outcome::Passed) {
            break;
        }
    }
    unfair
}

/// A bot on a machine that paused with the tester's was late by at most as long, and its audio came late.
fn delayed(turn: &mut TurnResult, stall: &Stall, scenario: &Scenario) -> Option<String> {
    let during = |from: CallTime, until: CallTime| from < stall.span.end && until > stall.span.start;
    let (first, last) = (turn.utterances.first()?.span.start, turn.utterances.last()?.span.end);
    let waited = turn.origin_at.is_some_and(|origin| during(origin, first));
    let late = waited && over_by(turn, scenario).is_some_and(|over| over <= length(stall).millis_f64());
    let spoke = during(first, last);
    let why = format!("the tester, and perhaps its machine, stalled for {} meanwhile", human_unsigned(length(stall)));
    take_back(turn, &why, |check| match check.check {
        CheckKind::Latency => late,
        CheckKind::Quality => spoke,
        _ => false,
    })
}

/// The caller acted late: a bot that spoke again or hung up meanwhile did so for want of an answer.
fn kept_waiting(turn: &mut TurnResult, stall: &Stall, scenario: &Scenario, hung_up: Option<CallTime>) -> Option<String> {
    let contains = |at: CallTime| stall.span.start <= at && at <= stall.span.end + REACTION;
    let waited = format!("while the tester stalled for {}", human_unsigned(length(stall)));
    if turn.utterances.iter().skip(1).any(|heard| contains(heard.span.start)) {
        let met = met_before(turn, stall.span.start, scenario);
        let forbidden = forbidden_before(turn, stall.span.start, scenario);
        return take_back(turn, &format!("the bot spoke again {waited}"), |check: &CheckResult| match check.check {
            CheckKind::Says => met,
            CheckKind::Not => !forbidden,
            _ => false,
        });
    }
    if hung_up.is_some_and(contains) {
        return take_back(turn, &format!("the bot hung up {waited}"), |check| check.check == CheckKind::Call);
    }
    None
}

fn length(stall: &Stall) -> Duration {
    stall.span.end.saturating_since(stall.span.start)
}

#[cfg(test)]
#[path = "stalls_tests.rs"]
mod tests;
