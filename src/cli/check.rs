//! `goldencall check`: every mistake, and no call.

use super::args::SelectArgs;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::say;
use super::suite;

pub(super) fn check(select: &SelectArgs, context: &Context) -> Result<Exit, CliError> {
    let suite = suite::load(select, context)?;
    say(&format!("{} scenarios, no mistakes", suite.scenarios.len()))?;
    Ok(if suite.scenarios.is_empty() { Exit::Nothing } else { Exit::Passed })
}
