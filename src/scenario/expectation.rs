//! Expected utterances as written, before variables are filled in.

use std::collections::BTreeMap;

use crate::expect::{Matcher, Pattern, PatternError};

use super::source::Location;
use super::variables;

/// A matcher whose texts may still hold `{{name}}` of values captured during the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// The whole reply, fuzzily.
    Says(String),
    /// Each phrase occurs.
    Contains(Vec<String>),
    /// A regular expression finds something.
    Matches(String),
    /// Equal after normalisation.
    Exact(String),
    /// A paraphrase close to the wording.
    Similar(String),
    /// Every one holds.
    All(Vec<Expectation>),
    /// At least one holds.
    Any(Vec<Expectation>),
}

impl Expectation {
    /// Fills in variables and compiles patterns.
    ///
    /// # Errors
    /// The first pattern that is not a regular expression once its variables are filled in.
    pub fn resolve(&self, variables: &BTreeMap<String, String>) -> Result<Matcher, PatternError> {
        let fill = |text: &String| variables::fill(text, variables);
        let each = |list: &[Expectation]| list.iter().map(|one| one.resolve(variables)).collect::<Result<Vec<_>, _>>();
        Ok(match self {
            Expectation::Says(text) => Matcher::Says(fill(text)),
            Expectation::Contains(texts) => Matcher::Contains(texts.iter().map(fill).collect()),
            Expectation::Matches(text) => Matcher::Matches(Pattern::new(&variables::fill_escaped(text, variables))?),
            Expectation::Exact(text) => Matcher::Exact(fill(text)),
            Expectation::Similar(text) => Matcher::Similar(fill(text)),
            Expectation::All(list) => Matcher::All(each(list)?),
            Expectation::Any(list) => Matcher::Any(each(list)?),
        })
    }
}

/// One value to take out of what was heard.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Name of the variable that receives it.
    pub name: String,
    /// First group, or the whole match.
    pub pattern: Pattern,
    /// Where it is written.
    pub location: Location,
}
