//! A parsed scenario: nothing in it can be wrong any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::expect::HeardAs;

use super::problem::Problem;
use super::source::Source;
use super::steps::Step;
use super::targets::Target;

/// One dialogue: what the caller says, what the bot must answer, and how fast.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Shown in every report; one scenario per file.
    pub name: String,
    /// Free text for people.
    pub description: String,
    /// For `--tag`.
    pub tags: Vec<String>,
    /// Its share of the calls of a load, in proportion to the other scenarios' weights.
    pub weight: u32,
    /// The bot to call unless the command line names another.
    pub target: Option<Target>,
    /// Values of `{{name}}`; captured ones are added during the call.
    pub variables: BTreeMap<String, String>,
    /// What names are heard as.
    pub heard_as: HeardAs,
    /// What may not be meant, but is not a mistake.
    pub warnings: Vec<Problem>,
    /// Longest duration of the call, from answer.
    pub timeout: Duration,
    /// The dialogue, in order.
    pub steps: Vec<Step>,
    /// The file it came from.
    pub source: Arc<Source>,
}
