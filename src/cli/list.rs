//! `goldencall list`: the scenarios that `run` would run.

use super::args::SelectArgs;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::suite;

pub(super) fn list(select: &SelectArgs, context: &Context) -> Result<Exit, CliError> {
    let suite = suite::load(select, context)?;
    for scenario in &suite.scenarios {
        let tags = if scenario.tags.is_empty() { String::new() } else { format!("  [{}]", scenario.tags.join(", ")) };
        println!("{}  {}{tags}", scenario.source.path.display(), scenario.name);
    }
    Ok(if suite.scenarios.is_empty() { Exit::Nothing } else { Exit::Passed })
}
