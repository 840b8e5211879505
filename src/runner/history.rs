//! How long calls took in an earlier run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::suite::PlannedCall;

/// How long each scenario's calls took, dial to end. The default knows nothing.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// By the scenario's name and file.
    took: BTreeMap<String, BTreeMap<PathBuf, Vec<Duration>>>,
}

impl History {
    /// Adds a call.
    pub fn add(&mut self, scenario: &str, file: &Path, took: Duration) {
        self.took.entry(scenario.to_owned()).or_default().entry(file.to_owned()).or_default().push(took);
    }

    /// The mean of a scenario's calls, or, if its file has moved, of all calls of its name.
    fn of(&self, scenario: &str, file: &Path) -> Option<Duration> {
        let files = self.took.get(scenario)?;
        files.get(file).and_then(|took| mean(took.iter())).or_else(|| mean(files.values().flatten()))
    }

    /// Of how many of these calls the history knows the scenario.
    pub fn known(&self, calls: &[PlannedCall]) -> usize {
        calls.iter().filter(|call| self.took.contains_key(&call.scenario.name)).count()
    }

    /// How long each of these calls is expected to take: the median of the others where the history does not know.
    pub(super) fn expected(&self, calls: &[PlannedCall]) -> Vec<Duration> {
        let known: Vec<Option<Duration>> = calls.iter().map(|call| self.of(&call.scenario.name, &call.scenario.source.path)).collect();
        let mut sorted: Vec<Duration> = known.iter().copied().flatten().collect();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default();
        known.into_iter().map(|took| took.unwrap_or(median)).collect()
    }
}

/// In whole milliseconds, so that it is the same on every machine.
fn mean<'a>(took: impl Iterator<Item = &'a Duration>) -> Option<Duration> {
    let (sum, count) = took.fold((0, 0), |(sum, count), took| (sum + took.as_millis(), count + 1));
    Some(Duration::from_millis(u64::try_from(sum.checked_div(count)?).unwrap_or(u64::MAX)))
}
