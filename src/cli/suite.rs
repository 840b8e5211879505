//! From paths and filters to parsed scenarios: what `run`, `check` and `list` share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use regex::Regex;

use super::args::SelectArgs;
use super::context::{Context, read_source};
use super::exit::{CliError, Exit};
use crate::scenario::{Config, Scenario, Selection, Setting, discover, parse};

/// Scenarios in the order in which they were found.
pub(super) struct Suite {
    pub config: Config,
    pub scenarios: Vec<Arc<Scenario>>,
    /// Some scenario is cut short by `file:line`: what holds of a whole suite cannot be judged.
    pub partial: bool,
}

/// Finds and parses; prints every mistake of every file.
pub(super) fn load(select: &SelectArgs, context: &Context) -> Result<Suite, CliError> {
    let config = context.config()?;
    let selections = discover(&paths(select, &config)?).map_err(CliError::usage)?;
    let setting = Setting {
        variables: variables(select)?,
        defaults: config.defaults,
        heard_as: config.heard_as.clone(),
        language: config.language.clone(),
        targets: config.targets.clone(),
        secrets: context.secrets.clone(),
        ..Setting::default()
    };
    let mut scenarios = Vec::new();
    let mut mistakes = 0;
    for selection in &selections {
        match parse(read_source(&selection.path)?, &setting) {
            Ok(scenario) => {
                context.print_warnings(&scenario);
                scenarios.push(Arc::new(up_to_line(scenario, selection)));
            }
            Err(problems) => {
                mistakes += problems.list.len();
                context.print_problems(&problems);
            }
        }
    }
    if mistakes > 0 {
        let mistakes = if mistakes == 1 { "1 mistake".to_owned() } else { format!("{mistakes} mistakes") };
        return Err(CliError::new(Exit::Parse, format!("{mistakes} in {} files read; nothing was called", selections.len())));
    }
    let scenarios = filter(scenarios, select)?;
    let partial = selections.iter().any(|selection| selection.line.is_some());
    Ok(Suite { config, scenarios, partial })
}

fn paths(select: &SelectArgs, config: &Config) -> Result<Vec<PathBuf>, CliError> {
    if !select.paths.is_empty() {
        return Ok(select.paths.clone());
    }
    if !config.scenarios.is_empty() {
        return Ok(config.scenarios.clone());
    }
    let default = PathBuf::from("scenarios");
    if default.is_dir() {
        return Ok(vec![default]);
    }
    Err(CliError::new(Exit::Nothing, "no scenarios here; give files or folders, or let `goldencall init` write an example"))
}

fn variables(select: &SelectArgs) -> Result<BTreeMap<String, String>, CliError> {
    let pairs = select.variable.iter().map(|pair| {
        let pair = pair.split_once('=').ok_or_else(|| CliError::usage(format!("`--variable {pair}`: write NAME=VALUE")))?;
        Ok((pair.0.to_owned(), pair.1.to_owned()))
    });
    pairs.collect()
}

/// `file:line` stops after the step on that line.
fn up_to_line(mut scenario: Scenario, selection: &Selection) -> Scenario {
    if let Some(line) = selection.line {
        let upto = scenario.steps.iter().rposition(|step| step.location().line <= line).map_or(1, |last| last + 1);
        scenario.steps.truncate(upto);
    }
    scenario
}

fn filter(scenarios: Vec<Arc<Scenario>>, select: &SelectArgs) -> Result<Vec<Arc<Scenario>>, CliError> {
    let grep = select.grep.as_deref().map(Regex::new).transpose().map_err(|error| CliError::usage(format!("--grep: {error}")))?;
    let wanted = |scenario: &Scenario| {
        let tagged = select.tag.is_empty() || scenario.tags.iter().any(|tag| select.tag.contains(tag));
        tagged && grep.as_ref().is_none_or(|grep| grep.is_match(&scenario.name))
    };
    Ok(scenarios.into_iter().filter(|scenario| wanted(scenario)).collect())
}
