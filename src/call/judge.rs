//! Judging one bot turn once everything about it is known.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use crate::expect;
use crate::scenario::{Bound, BotStep, Location};

use super::io::EndCause;
use super::time::{CallTime, human, human_unsigned};
use super::turn::{Expected, Turn};
use super::verdict::{CheckKind, CheckResult, Origin, Outcome, TurnResult, Utterance, join_texts};

/// Everything a verdict is made of.
pub(super) struct Evidence<'a> {
    pub turn: &'a Turn,
    pub step: &'a BotStep,
    pub utterances: Vec<Utterance>,
    /// Why the dialogue stopped before the turn was decided, as the subject and verb of a sentence.
    pub cut_off: Option<String>,
}

/// Judges the turn; captured values are in the result.
pub(super) fn judge(evidence: Evidence<'_>) -> TurnResult {
    let mut captured = BTreeMap::new();
    let checks = if evidence.turn.skipped { Vec::new() } else { evidence.checks(&mut captured) };
    let origin = evidence.turn.origin;
    let since_origin = |at: CallTime| origin.map(|(_, from)| at.since(from));
    TurnResult {
        step: evidence.turn.step,
        turn: evidence.turn.number,
        location: evidence.step.location,
        outcome: worst(&checks),
        origin: origin.map(|(kind, _)| kind),
        origin_at: origin.map(|(_, at)| at),
        latency: evidence.onset().and_then(since_origin),
        answer_latency: evidence.answer_onset().and_then(since_origin),
        barge_in_stop: evidence.barge_in_stop(),
        dead_air: evidence.dead_air(),
        held_back: evidence.turn.held_back,
        checks,
        captured,
        utterances: evidence.utterances,
    }
}

/// The worst outcome: one failure fails all, and nothing judged is no pass.
fn worst(checks: &[CheckResult]) -> Outcome {
    let has = |outcome| checks.iter().any(|check| check.outcome == outcome);
    if has(Outcome::Failed) {
        Outcome::Failed
    } else if has(Outcome::Passed) {
        Outcome::Passed
    } else {
        Outcome::Skipped
    }
}

/// A check that holds or does not.
fn verdict(check: CheckKind, location: Location, expected: String, actual: String, failed: Option<String>) -> CheckResult {
    let outcome = if failed.is_some() { Outcome::Failed } else { Outcome::Passed };
    CheckResult { check, outcome, expected, actual, reason: failed.unwrap_or_default(), location }
}

fn skipped(check: CheckKind, location: Location, expected: String, why: &str) -> CheckResult {
    CheckResult { check, outcome: Outcome::Skipped, expected, actual: why.to_owned(), reason: String::new(), location }
}

fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

impl Evidence<'_> {
    fn onset(&self) -> Option<CallTime> {
        self.utterances.first().map(|utterance| utterance.span.start)
    }

    fn heard(&self) -> String {
        join_texts(self.utterances.iter().map(|utterance| utterance.text.as_str()))
    }

    fn checks(&self, captured: &mut BTreeMap<String, String>) -> Vec<CheckResult> {
        let mut checks = Vec::new();
        if let Some(bound) = self.step.silent_for {
            checks.push(self.silent_for(bound));
            return checks;
        }
        if let Some((digits, location)) = &self.step.dtmf {
            checks.push(self.dtmf(digits, *location));
            if self.step.says.is_none() {
                return checks;
            }
        }
        checks.push(self.presence());
        if self.onset().is_some() {
            checks.extend(self.words(captured));
        } else {
            checks.extend(self.unheard());
        }
        checks.extend(self.latency());
        checks.extend(self.answer_latency());
        checks.extend(self.stops_within());
        checks
    }

    /// Whether the bot spoke at all, in time; the one failure where it said nothing.
    fn presence(&self) -> CheckResult {
        let bound = self.step.within;
        let expected = format!("speech within {}", human_unsigned(bound.limit));
        let (Some((_, origin)), Some(onset)) = (self.turn.origin, self.onset()) else {
            return match &self.cut_off {
                Some(why) if *why == ended(&EndCause::Cancelled) => skipped(CheckKind::Call, bound.location, expected, why),
                Some(why) => {
                    let reason = format!("{why} before the bot said anything in this turn");
                    verdict(CheckKind::Call, self.step.location, expected, "the call ended".into(), Some(reason))
                }
                None => {
                    let reason = format!("the bot said nothing for {}", human_unsigned(bound.limit));
                    verdict(CheckKind::Within, bound.location, expected, "no speech".into(), Some(reason))
                }
            };
        };
        let took = onset.since(origin);
        let failed = (took > signed(bound.limit)).then(|| format!("the bot started to speak only after {}", human(took)));
        verdict(CheckKind::Within, bound.location, expected, format!("speech after {}", human(took)), failed)
    }

    /// The word checks that could not be judged because nothing was said.
    fn unheard(&self) -> Vec<CheckResult> {
        let each = |check, expected: &Option<Expected>| {
            expected.as_ref().map(|expected| skipped(check, expected.location, describe(expected), "nothing was said"))
        };
        each(CheckKind::Says, &self.turn.says).into_iter().chain(each(CheckKind::Not, &self.turn.not)).collect()
    }

    fn words(&self, captured: &mut BTreeMap<String, String>) -> Vec<CheckResult> {
        let heard = self.heard();
        let mut checks = Vec::new();
        checks.extend(self.turn.says.as_ref().map(|says| self.says(says, &heard)));
        checks.extend(self.turn.not.as_ref().map(|not| must_not(not, &heard)));
        for capture in &self.step.capture {
            let value = expect::capture(&capture.pattern, &heard);
            let expected = format!("`{}` found in the reply", capture.name);
            let failed = value.is_none().then(|| format!("`{}` was not found in what was heard", capture.name));
            checks.push(verdict(CheckKind::Capture, capture.location, expected, value.clone().unwrap_or(heard.clone()), failed));
            captured.extend(value.map(|value| (capture.name.clone(), value)));
        }
        checks
    }

    fn says(&self, says: &Expected, heard: &str) -> CheckResult {
        let reason = match &says.matcher {
            Err(error) => Some(error.clone()),
            Ok(matcher) => {
                let judgement = matcher.judge(heard);
                let cut = self.cut_off.as_ref().map(|why| format!("; {why} before the turn was complete"));
                (!judgement.met).then(|| judgement.reason + cut.as_deref().unwrap_or(""))
            }
        };
        verdict(CheckKind::Says, says.location, describe(says), heard.to_owned(), reason)
    }

    fn latency(&self) -> Option<CheckResult> {
        let bound = self.step.latency?;
        let (origin, from) = self.turn.origin?;
        // A pause that the scenario itself asked for is no latency of the bot unless the step bounds it.
        if matches!(origin, Origin::CallerSilence | Origin::BotSpeechEnd) && !bound.explicit {
            return None;
        }
        let name = origin.latency_name();
        let expected = format!("{name} at most {}", human_unsigned(bound.limit));
        let Some(onset) = self.onset() else {
            return Some(skipped(CheckKind::Latency, bound.location, expected, "nothing was said"));
        };
        let latency = onset.since(from);
        let failed = if origin == Origin::CallerSpeechEnd && latency.is_negative() {
            let early = human(SignedDuration::ZERO.saturating_sub(latency));
            Some(format!("the bot talked over the caller: it started {early} before the caller's last word ended"))
        } else if latency > signed(bound.limit) {
            Some(format!("{name} was {}, {} over its budget", human(latency), human(latency.saturating_sub(signed(bound.limit)))))
        } else {
            None
        };
        Some(verdict(CheckKind::Latency, bound.location, expected, human(latency), failed))
    }

    fn answer_latency(&self) -> Option<CheckResult> {
        let bound = self.step.answer_latency?;
        let expected = format!("the answer starts within {}", human_unsigned(bound.limit));
        let (Some(onset), Some((_, from))) = (self.answer_onset(), self.turn.origin) else {
            return Some(skipped(CheckKind::AnswerLatency, bound.location, expected, "the expectation was not met"));
        };
        let took = onset.since(from);
        let failed = (took > signed(bound.limit)).then(|| format!("the answer came after {}", human(took)));
        Some(verdict(CheckKind::AnswerLatency, bound.location, expected, human(took), failed))
    }

    fn stops_within(&self) -> Option<CheckResult> {
        let bound = self.step.stops_within?;
        let expected = format!("silent within {} of the caller's barge-in", human_unsigned(bound.limit));
        let (actual, failed) = match self.barge_in_stop() {
            None => ("no barge-in".to_owned(), Some("the bot had stopped before the caller could barge in".to_owned())),
            Some(took) => {
                let late = took > signed(bound.limit);
                (human(took), late.then(|| format!("the bot spoke on for {} after the caller barged in", human(took))))
            }
        };
        Some(verdict(CheckKind::StopsWithin, bound.location, expected, actual, failed))
    }

    fn silent_for(&self, bound: Bound) -> CheckResult {
        let expected = format!("silence for {}", human_unsigned(bound.limit));
        let from = self.turn.origin.map_or(CallTime::DIAL, |(_, at)| at);
        let spoke = self.onset().filter(|onset| onset.since(from) < signed(bound.limit));
        let (actual, failed) = match (spoke, &self.cut_off) {
            (Some(onset), _) => {
                let after = human(onset.since(from));
                (format!("speech after {after}: {}", self.heard()), Some(format!("the bot spoke after {after}")))
            }
            (None, Some(why)) => ("the call ended".to_owned(), Some(format!("{why} before the time was over"))),
            (None, None) => ("silence".to_owned(), None),
        };
        verdict(CheckKind::SilentFor, bound.location, expected, actual, failed)
    }

    fn dtmf(&self, digits: &str, location: Location) -> CheckResult {
        let heard = &self.turn.digits;
        let failed = (heard != digits).then(|| {
            if heard.is_empty() { "the bot sent no digits".to_owned() } else { format!("the bot sent `{heard}`") }
        });
        verdict(CheckKind::Dtmf, location, format!("digits `{digits}`"), format!("digits `{heard}`"), failed)
    }

    /// Onset of the utterance from which on the expectation is met: words said before it are a filler.
    fn answer_onset(&self) -> Option<CallTime> {
        let text = |from: usize| join_texts(self.utterances[from..].iter().map(|utterance| utterance.text.as_str()));
        let met = |from: &usize| !text(*from).is_empty() && self.turn.met_by(&text(*from));
        let first = (0..self.utterances.len()).rev().find(met)?;
        self.utterances.get(first).map(|utterance| utterance.span.start)
    }

    fn barge_in_stop(&self) -> Option<SignedDuration> {
        let at = self.turn.interrupted_at?;
        let spoken_over = self.utterances.iter().filter(|utterance| utterance.span.start <= at && utterance.span.end > at);
        spoken_over.map(|utterance| utterance.span.end.since(at)).max()
    }

    fn dead_air(&self) -> Option<SignedDuration> {
        let (_, origin) = self.turn.origin?;
        let ends = std::iter::once(origin).chain(self.utterances.iter().map(|utterance| utterance.span.end));
        let gaps = ends.zip(&self.utterances).map(|(end, next)| next.span.start.since(end));
        gaps.max().map(|longest| longest.max(SignedDuration::ZERO))
    }
}

fn must_not(not: &Expected, heard: &str) -> CheckResult {
    let failed = match &not.matcher {
        Err(error) => Some(error.clone()),
        Ok(matcher) => matcher.judge(heard).met.then(|| format!("the bot must not say this: {}", matcher.describe())),
    };
    verdict(CheckKind::Not, not.location, format!("not: {}", describe(not)), heard.to_owned(), failed)
}

fn describe(expected: &Expected) -> String {
    expected.matcher.as_ref().map_or_else(Clone::clone, |matcher| matcher.describe())
}

/// The end of the call as the subject of a sentence.
pub(super) fn ended(cause: &EndCause) -> String {
    match cause {
        EndCause::CallerHungUp => "the caller hung up".to_owned(),
        EndCause::BotHungUp => "the bot hung up".to_owned(),
        EndCause::Lost(why) => format!("the call was lost ({why})"),
        EndCause::Cancelled => "the run was interrupted".to_owned(),
    }
}

/// A turn that fails or is skipped as a whole, without speech of its own.
pub(super) fn without_speech(step: usize, turn: usize, location: Location, checks: Vec<CheckResult>) -> TurnResult {
    TurnResult {
        step,
        turn,
        location,
        outcome: worst(&checks),
        checks,
        utterances: Vec::new(),
        origin: None,
        origin_at: None,
        latency: None,
        answer_latency: None,
        barge_in_stop: None,
        dead_air: None,
        held_back: None,
        captured: BTreeMap::new(),
    }
}

/// One check of a step that is no bot turn.
pub(super) fn step_check(check: CheckKind, location: Location, expected: &str, actual: String, failed: Option<String>) -> CheckResult {
    verdict(check, location, expected.to_owned(), actual, failed)
}
