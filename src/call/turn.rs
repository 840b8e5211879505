//! A bot turn while it is under way.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::expect::Matcher;
use crate::scenario::{BotStep, Expectation, Location};

use super::hearing::{HeardText, Hearing, Question};
use super::verdict::Origin;
use crate::time::CallTime;

/// An expectation with its variables filled in.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// The matcher, or why the filled-in pattern is not valid.
    pub matcher: Result<Matcher, String>,
    pub location: Location,
    /// Nothing is forgiven.
    pub strict: bool,
}

impl Expected {
    fn new(written: &(Expectation, Location), strict: bool, variables: &BTreeMap<String, String>) -> Self {
        let matcher = written.0.resolve(variables).map_err(|error| error.to_string());
        Self { matcher, location: written.1, strict }
    }

    fn met_by(&self, heard: &HeardText, hearing: &Hearing) -> Result<bool, Vec<Question>> {
        let Ok(matcher) = &self.matcher else { return Ok(false) };
        let heard = hearing.judge(matcher, self.strict, heard);
        if heard.open.is_empty() { Ok(heard.met) } else { Err(heard.open) }
    }
}

/// From when a turn counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub origin: Origin,
    /// That moment in the audio.
    pub at: CallTime,
    /// From when the reply is waited for; later than `at` where the scenario itself lets time pass.
    pub due: CallTime,
}

impl Start {
    pub fn at(origin: Origin, at: CallTime) -> Self {
        Self { origin, at, due: at }
    }
}

/// What belongs to the turn, and what is known so far.
///
/// Speech belongs to the turn in whose `[from, until)` its onset lies: attribution is by audio time, so
/// that the moment at which an onset is detected makes no difference.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub step: usize,
    pub number: usize,
    pub from: CallTime,
    pub until: Option<CallTime>,
    /// Set once the dialogue has reached this turn.
    pub start: Option<Start>,
    pub says: Option<Expected>,
    pub not: Option<Expected>,
    /// The conversation has gone on.
    pub decided: bool,
    /// Where in the audio the expectation was met, if it was.
    pub met_at: Option<CallTime>,
    /// No more speech can join.
    pub closed: bool,
    /// An optional turn that did not come.
    pub skipped: bool,
    /// The caller's first speech sample sent over the bot.
    pub interrupted_at: Option<CallTime>,
    pub digits: String,
    /// When the last digit came.
    pub last_digit: Option<CallTime>,
    /// When the caller could have gone on.
    pub held_from: Option<CallTime>,
    pub held_back: Option<SignedDuration>,
}

impl Turn {
    pub fn new(step: usize, number: usize, from: CallTime) -> Self {
        Self {
            step,
            number,
            from,
            until: None,
            start: None,
            says: None,
            not: None,
            decided: false,
            met_at: None,
            closed: false,
            skipped: false,
            interrupted_at: None,
            digits: String::new(),
            last_digit: None,
            held_from: None,
            held_back: None,
        }
    }

    /// The dialogue reaches this turn.
    pub fn enter(&mut self, step: &BotStep, start: Start, variables: &BTreeMap<String, String>) {
        self.start = Some(start);
        self.resolve(step, variables);
    }

    /// Fills the variables in.
    pub fn resolve(&mut self, step: &BotStep, variables: &BTreeMap<String, String>) {
        let resolve = |written: &(Expectation, Location)| Expected::new(written, step.strict, variables);
        self.says = step.says.as_ref().map(resolve);
        self.not = step.not.as_ref().map(resolve);
    }

    /// Whether what was heard meets the expectation; any words do where nothing is expected. An error is what it hangs on: questions
    /// to the audio without an answer yet.
    pub fn met_by(&self, heard: &HeardText, hearing: &Hearing) -> Result<bool, Vec<Question>> {
        self.says.as_ref().map_or(Ok(true), |says| says.met_by(heard, hearing))
    }
}
