//! The checks of what was heard in a bot turn, one by one.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::expect::{self, Matcher};
use crate::scenario::{Bound, Location};

use crate::call::hearing::HeardText;
use crate::call::judge::Evidence;
use crate::call::turn::Expected;
use crate::call::verdict::{CheckKind, CheckResult, Origin, Outcome};
use crate::time::{CallTime, human, human_unsigned, signed};

impl Evidence<'_> {
    pub fn checks(&self, captured: &mut BTreeMap<String, String>) -> Vec<CheckResult> {
        if self.turn.skipped || self.cancelled {
            return vec![self.not_judged()];
        }
        let mut checks = self.each(captured);
        let failed = checks.iter().any(|check| check.outcome == Outcome::Failed);
        if let Some(why) = self.cut_off.as_ref().filter(|_| !failed) {
            let reason = format!("{why} before the turn was complete");
            checks.push(self.call_ended(reason));
        }
        checks
    }

    fn not_judged(&self) -> CheckResult {
        let (check, at) = (CheckKind::Says, self.step.location);
        let expected = self.turn.says.as_ref().map_or_else(|| "any words".to_owned(), describe);
        if self.turn.skipped {
            return CheckResult::skipped(check, at, expected, "not heard, and the turn is optional");
        }
        CheckResult::skipped(check, at, expected, "the run was interrupted")
    }

    fn each(&self, captured: &mut BTreeMap<String, String>) -> Vec<CheckResult> {
        let mut checks: Vec<CheckResult> = self.unexpected_digits().into_iter().collect();
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

    fn call_ended(&self, reason: String) -> CheckResult {
        let expected = "the call lasts as long as the turn".to_owned();
        let actual = "the call ended".to_owned();
        CheckResult::judged(CheckKind::Call, self.step.location, expected, actual, Some(reason))
    }

    /// Whether the bot spoke at all, in time; the one failure where it said nothing.
    fn presence(&self) -> CheckResult {
        let bound = self.step.within;
        let expected = format!("speech within {}", human_unsigned(bound.limit));
        let (Some(start), Some(onset)) = (self.turn.start, self.onset()) else {
            return self.absence(bound, expected);
        };
        let late = onset.since(start.due) > signed(bound.limit);
        let took = onset.since(start.at);
        let failed = late.then(|| format!("the bot started to speak only after {}", human(took)));
        let actual = format!("speech {}", after(took));
        CheckResult::judged(CheckKind::Within, bound.location, expected, actual, failed)
    }

    fn absence(&self, bound: Bound, expected: String) -> CheckResult {
        if let Some(why) = &self.cut_off {
            return self.call_ended(format!("{why} before anything was said in this turn"));
        }
        let limit = human_unsigned(bound.limit);
        let sound = self.utterances.first().zip(self.turn.start);
        let (actual, reason) = match sound.map(|(sound, start)| sound.span.start.since(start.at)) {
            Some(took) => (
                format!("a sound without words {}", after(took)),
                format!("no words were recognised within {limit}, only a sound {}", after(took)),
            ),
            None => ("no speech".to_owned(), format!("the bot said nothing for {limit}")),
        };
        CheckResult::judged(CheckKind::Within, bound.location, expected, actual, Some(reason))
    }

    /// The word checks that could not be judged because nothing was said.
    fn unheard(&self) -> Vec<CheckResult> {
        let each = |check, expected: &Option<Expected>| {
            let expected = expected.as_ref()?;
            Some(CheckResult::skipped(check, expected.location, describe(expected), "nothing was said"))
        };
        let says = each(CheckKind::Says, &self.turn.says);
        says.into_iter().chain(each(CheckKind::Not, &self.turn.not)).collect()
    }

    fn words(&self, captured: &mut BTreeMap<String, String>) -> Vec<CheckResult> {
        let heard = self.heard();
        let mut checks = Vec::new();
        checks.extend(self.turn.says.as_ref().map(|says| self.says(says, &heard)));
        checks.extend(self.turn.not.as_ref().map(|not| self.must_not(not, &heard)));
        for capture in &self.step.capture {
            let value = expect::capture(&capture.pattern, heard.as_str());
            let expected = format!("`{}` found in the reply", capture.name);
            let reason = || format!("`{}` was not found in what was heard", capture.name);
            let failed = value.is_none().then(reason);
            let actual = value.clone().unwrap_or_else(|| heard.as_str().to_owned());
            checks.push(CheckResult::judged(CheckKind::Capture, capture.location, expected, actual, failed));
            captured.extend(value.map(|value| (capture.name.clone(), value)));
        }
        checks
    }

    fn says(&self, says: &Expected, heard: &HeardText) -> CheckResult {
        let (reason, forgiven) = match &says.matcher {
            Err(error) => (Some(error.clone()), String::new()),
            Ok(matcher) => {
                let judged = self.hearing.judge(matcher, says.strict, heard);
                let cut = self.cut_off.as_ref().map(|why| format!("; {why} before the turn was complete"));
                if judged.met {
                    (None, if judged.asked { judged.reason } else { String::new() })
                } else {
                    (Some(judged.reason + cut.as_deref().unwrap_or("")), String::new())
                }
            }
        };
        let diff = reason.as_ref().map_or_else(String::new, |_| difference(says, heard.as_str()));
        let check = CheckResult::judged(CheckKind::Says, says.location, describe(says), heard.as_str().to_owned(), reason);
        CheckResult { diff, forgiven, ..check }
    }

    fn must_not(&self, not: &Expected, heard: &HeardText) -> CheckResult {
        let failed = match &not.matcher {
            Err(error) => Some(error.clone()),
            Ok(matcher) => {
                let said = || format!("the bot said what it must not: {}", matcher.describe());
                self.hearing.forbids(matcher, not.strict, heard).then(said)
            }
        };
        let expected = format!("not: {}", describe(not));
        CheckResult::judged(CheckKind::Not, not.location, expected, heard.as_str().to_owned(), failed)
    }

    fn latency(&self) -> Option<CheckResult> {
        let (bound, start) = (self.step.latency?, self.turn.start?);
        // A pause that the scenario itself asked for does not count as latency unless the step bounds it.
        let asked_for = matches!(start.origin, Origin::CallerSilence | Origin::BotSpeechEnd);
        if asked_for && !bound.explicit {
            return None;
        }
        let name = start.origin.latency_name();
        let expected = format!("{name} at most {}", human_unsigned(bound.limit));
        let Some(onset) = self.onset() else {
            return Some(CheckResult::skipped(CheckKind::Latency, bound.location, expected, "nothing was said"));
        };
        let latency = onset.since(start.at);
        let over = latency.saturating_sub(signed(bound.limit));
        let failed = if start.origin == Origin::CallerSpeechEnd && latency.is_negative() {
            let early = human(latency.abs());
            Some(format!("the bot talked over the caller: it started {early} before the caller's last word ended"))
        } else if over.is_positive() {
            Some(format!("{name} was {}, {} over its budget", human(latency), human(over)))
        } else {
            None
        };
        Some(CheckResult::judged(CheckKind::Latency, bound.location, expected, human(latency), failed))
    }

    fn answer_latency(&self) -> Option<CheckResult> {
        let (bound, kind) = (self.step.answer_latency?, CheckKind::AnswerLatency);
        let expected = format!("the answer starts within {}", human_unsigned(bound.limit));
        let (Some(onset), Some(start)) = (self.answer_onset, self.turn.start) else {
            return Some(CheckResult::skipped(kind, bound.location, expected, "the expectation was not met"));
        };
        let took = onset.since(start.at);
        let failed = (took > signed(bound.limit)).then(|| format!("the answer came after {}", human(took)));
        Some(CheckResult::judged(kind, bound.location, expected, human(took), failed))
    }

    fn stops_within(&self) -> Option<CheckResult> {
        let (bound, kind) = (self.step.stops_within?, CheckKind::StopsWithin);
        let expected = format!("silent within {} of the caller's barge-in", human_unsigned(bound.limit));
        if self.onset().is_none() {
            return Some(CheckResult::skipped(kind, bound.location, expected, "nothing was said"));
        }
        let (actual, failed) = match self.barge_in_stop() {
            None => {
                let reason = "the bot had stopped before the caller could barge in";
                ("no barge-in".to_owned(), Some(reason.to_owned()))
            }
            Some(took) => {
                let late = took > signed(bound.limit);
                let reason = || format!("the bot spoke on for {} after the caller barged in", human(took));
                (human(took), late.then(reason))
            }
        };
        Some(CheckResult::judged(kind, bound.location, expected, actual, failed))
    }

    fn silent_for(&self, bound: Bound) -> CheckResult {
        let expected = format!("silence for {}", human_unsigned(bound.limit));
        let (from, due) = self.turn.start.map_or((CallTime::DIAL, CallTime::DIAL), |start| (start.at, start.due));
        let spoke = self.onset().filter(|onset| *onset < due + bound.limit);
        let (actual, failed) = match (spoke, &self.cut_off) {
            (Some(onset), _) => {
                let after = after(onset.since(from));
                let heard = self.heard();
                let words = Some(heard.as_str()).filter(|words| !words.is_empty());
                let words = words.map(|words| format!(": {words}")).unwrap_or_default();
                (format!("speech {after}{words}"), Some(format!("the bot spoke {after}")))
            }
            (None, Some(why)) => {
                let reason = format!("{why} before the time was over");
                ("the call ended".to_owned(), Some(reason))
            }
            (None, None) => ("silence".to_owned(), None),
        };
        CheckResult::judged(CheckKind::SilentFor, bound.location, expected, actual, failed)
    }

    /// Digits in a turn that expects none. Where no turn of the scenario does, digits are not its subject.
    fn unexpected_digits(&self) -> Option<CheckResult> {
        let heard = &self.turn.digits;
        let unexpected = self.digits_matter && self.step.dtmf.is_none() && !heard.is_empty();
        let reason = format!("the bot sent `{heard}`, where no digits were expected");
        unexpected.then(|| {
            let (expected, actual) = ("no digits".to_owned(), format!("digits `{heard}`"));
            CheckResult::judged(CheckKind::Dtmf, self.step.location, expected, actual, Some(reason))
        })
    }

    fn dtmf(&self, digits: &str, location: Location) -> CheckResult {
        let heard = &self.turn.digits;
        let (actual, instead) = if heard.is_empty() {
            ("no digits".to_owned(), "the bot sent no digits".to_owned())
        } else {
            (format!("digits `{heard}`"), format!("the bot sent `{heard}`"))
        };
        let cut = self.cut_off.as_ref().map(|why| format!("; {why} before the turn was complete"));
        let failed = (heard != digits).then(|| instead + cut.as_deref().unwrap_or(""));
        CheckResult::judged(CheckKind::Dtmf, location, format!("digits `{digits}`"), actual, failed)
    }
}

/// `after 850 ms`, or how long before the turn's origin.
fn after(took: SignedDuration) -> String {
    if took.is_negative() { format!("{} before it was due", human(took.abs())) } else { format!("after {}", human(took)) }
}

/// Expected and heard words side by side; a pattern has no words to compare.
fn difference(expected: &Expected, heard: &str) -> String {
    match &expected.matcher {
        Ok(Matcher::Says(text) | Matcher::Exact(text) | Matcher::Similar(text)) => expect::render_diff(&expect::word_diff(text, heard)),
        _ => String::new(),
    }
}

fn describe(expected: &Expected) -> String {
    let described = expected.matcher.as_ref().map(Matcher::describe);
    described.unwrap_or_else(Clone::clone)
}
