//! The command line: `clap` types, the context of a process, one file per command.

mod args;
mod bot;
mod calibrate;
mod check;
mod context;
mod engine;
mod exit;
mod init;
mod list;
mod load;
mod matching;
mod merge;
mod model;
mod output;
mod report;
mod run;
mod suite;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::printable::printable;

pub use args::{Args, Command};
pub use context::Context;
pub use exit::{CliError, Exit};

/// Runs the command of this process and returns its exit code.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _closed = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Passed.into() };
        }
    };
    let context = Context::from_process(&args);
    context.start_log();
    match dispatch(args, &context) {
        Ok(exit) => exit.into(),
        Err(error) => {
            let message = printable(&context.secrets.redact(&error.message));
            output::warn(&format!("error: {message}"));
            error.exit.into()
        }
    }
}

fn dispatch(args: Args, context: &Context) -> Result<Exit, CliError> {
    match args.command {
        Command::Run(run) => run::run(&run, context),
        Command::Load(args) => load::load(&args, context),
        Command::Check(check) => check::check(&check, context),
        Command::List(list) => list::list(&list, context),
        Command::Init(init) => init::init(&init),
        Command::Bot(bot) => bot::bot(&bot),
        Command::Calibrate(calibrate) => calibrate::calibrate(&calibrate, context),
        Command::Match(pair) => matching::run(&pair),
        Command::Model { action } => model::model(&action, context),
        Command::Report(report) => report::report(&report, context),
        Command::Merge(parts) => merge::merge(&parts, context),
        Command::Schema => {
            output::say(crate::scenario::SCENARIO_SCHEMA)?;
            Ok(Exit::Passed)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "goldencall", &mut script);
            output::say(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Passed)
        }
    }
}
