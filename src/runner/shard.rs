//! A run split over machines: which part this is.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One part of a run: the `number`th of `of`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// From 1.
    pub number: usize,
    /// All of them.
    pub of: usize,
}

/// What `--shard` takes.
const HOW_TO_WRITE: &str = "write 2/4 for the second of four, auto to take both from the CI system, or auto/4 to take the number only";

impl Shard {
    fn new(number: usize, of: usize) -> Option<Self> {
        (1..=of).contains(&number).then_some(Self { number, of })
    }

    /// Reads `--shard`: `2/4`, or `auto` and `auto/4` from what the environment says.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str, environment: &BTreeMap<String, String>) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("auto") else { return text.parse() };
        let (number, found) = from_environment(environment)
            .ok_or_else(|| format!("`{text}`: no variable here says which part this is; known: {}; {HOW_TO_WRITE}", known()))?;
        let of = match rest.strip_prefix('/') {
            Some(of) => of.parse().ok(),
            None if rest.is_empty() => Some(found.ok_or("`auto`: the environment says which part this is, not of how many; write auto/4")?),
            None => None,
        };
        let of = of.ok_or_else(|| format!("`{text}`: {HOW_TO_WRITE}"))?;
        Self::new(number, of).ok_or_else(|| format!("`{text}`: this is part {number}, and there are only {of}"))
    }

    /// Whether a variable of the environment may say which part this is.
    pub fn reads(variable: &str) -> bool {
        SYSTEMS.iter().any(|system| {
            let first = if let First::In(name) = system.first { Some(name) } else { None };
            [Some(system.number), system.total, first].contains(&Some(variable))
        })
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.trim().split_once('/').and_then(|(number, of)| Some((number.trim().parse().ok()?, of.trim().parse().ok()?)));
        numbers.and_then(|(number, of)| Self::new(number, of)).ok_or_else(|| format!("`{text}`: {HOW_TO_WRITE}"))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.number, self.of)
    }
}

/// A CI system's variables: its name, the number, what the first number is, and the total.
struct System {
    name: &'static str,
    number: &'static str,
    first: First,
    total: Option<&'static str>,
}

/// The number of the first part.
enum First {
    Is(usize),
    /// In this variable.
    In(&'static str),
}

const SYSTEMS: [System; 6] = [
    System { name: "GitLab", number: "CI_NODE_INDEX", first: First::Is(1), total: Some("CI_NODE_TOTAL") },
    System { name: "CircleCI", number: "CIRCLE_NODE_INDEX", first: First::Is(0), total: Some("CIRCLE_NODE_TOTAL") },
    System { name: "Buildkite", number: "BUILDKITE_PARALLEL_JOB", first: First::Is(0), total: Some("BUILDKITE_PARALLEL_JOB_COUNT") },
    System { name: "Azure Pipelines", number: "SYSTEM_JOBPOSITIONINPHASE", first: First::Is(1), total: Some("SYSTEM_TOTALJOBSINPHASE") },
    System {
        name: "Slurm",
        number: "SLURM_ARRAY_TASK_ID",
        first: First::In("SLURM_ARRAY_TASK_MIN"),
        total: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    System { name: "Kubernetes", number: "JOB_COMPLETION_INDEX", first: First::Is(0), total: None },
];

/// The number of this part, from 1, and of how many.
fn from_environment(environment: &BTreeMap<String, String>) -> Option<(usize, Option<usize>)> {
    let number = |name: &str| environment.get(name)?.trim().parse::<usize>().ok();
    SYSTEMS.iter().find_map(|system| {
        let first = match system.first {
            First::Is(first) => first,
            First::In(name) => number(name).unwrap_or(0),
        };
        Some((number(system.number)?.checked_sub(first)? + 1, system.total.and_then(number)))
    })
}

fn known() -> String {
    SYSTEMS.iter().map(|system| format!("{} ({})", system.number, system.name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Shard::parse(text, &environment).map(|shard| shard.to_string())
    }

    #[test]
    fn every_system_counts_in_its_own_way() {
        let of = |variables: &[(&str, &str)]| read("auto", variables);
        let second = Ok("2 of 4".to_owned());
        assert_eq!(of(&[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "4")]), second);
        assert_eq!(of(&[("CIRCLE_NODE_INDEX", "1"), ("CIRCLE_NODE_TOTAL", "4")]), second);
        assert_eq!(of(&[("BUILDKITE_PARALLEL_JOB", "1"), ("BUILDKITE_PARALLEL_JOB_COUNT", "4")]), second);
        assert_eq!(of(&[("SYSTEM_JOBPOSITIONINPHASE", "2"), ("SYSTEM_TOTALJOBSINPHASE", "4")]), second);
        let array = [("SLURM_ARRAY_TASK_ID", "11"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        assert_eq!(of(&array), second);
        assert_eq!(read("auto/4", &[("JOB_COMPLETION_INDEX", "1")]), second);
        assert_eq!(read(" 2/4", &[]), second);
    }

    #[test]
    fn mistakes_say_what_to_write() {
        insta::assert_snapshot!(
            [
                read("5/4", &[]),
                read("0/4", &[]),
                read("half", &[]),
                read("auto", &[]),
                read("auto", &[("JOB_COMPLETION_INDEX", "1")]),
                read("auto/1", &[("JOB_COMPLETION_INDEX", "1")]),
                read("autos", &[("JOB_COMPLETION_INDEX", "1")]),
            ]
            .map(|shard| shard.unwrap_err())
            .join("\n")
        );
    }
}
