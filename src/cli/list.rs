//! `goldencall list`: the scenarios that `run` would run.

use super::args::SelectArgs;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::say;
use super::suite;
use crate::printable::printable;

pub(super) fn list(select: &SelectArgs, context: &Context) -> Result<Exit, CliError> {
    let suite = suite::load(select, context)?;
    let mut lines = String::new();
    for scenario in &suite.scenarios {
        let tags = if scenario.tags.is_empty() { String::new() } else { format!("  [{}]", scenario.tags.join(", ")) };
        lines.push_str(&printable(&format!("{}  {}{tags}\n", scenario.source.path.display(), scenario.name)));
    }
    say(&lines)?;
    Ok(if suite.scenarios.is_empty() { Exit::Nothing } else { Exit::Passed })
}
