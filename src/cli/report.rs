//! `goldencall report`: the reports of an earlier run, made again from its events.

use super::args::ReportArgs;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::warn;
use super::run;
use crate::report::{Consumer, Journaled, Terminal, clean, read_journal};
use crate::runner::{Event, statistics};

pub(super) fn report(args: &ReportArgs, context: &Context) -> Result<Exit, CliError> {
    if args.results.join("load.json").is_file() && !args.results.join("events.jsonl").exists() {
        let folder = args.results.display();
        let help = "its reports are load.json and junit.xml; to see a call whose recording was kept, give its events";
        return Err(CliError::usage(format!("{folder} holds a load: {help}: {folder}/calls/001-....jsonl")));
    }
    let path = if args.results.is_dir() { args.results.join("events.jsonl") } else { args.results.clone() };
    let Journaled { events, unknown } = read_journal(&path).map_err(|error| CliError::usage(format!("{}: {error}", path.display())))?;
    let events: Vec<Event> = events.into_iter().map(clean).collect();
    if events.is_empty() {
        let message = format!("{} holds no event: the run broke off before its first call; run it again", path.display());
        return Err(CliError::setup(message));
    }
    if unknown > 0 {
        let what = statistics::counted(unknown, "event");
        warn(&format!("warning: {}: {what} of a later version of goldencall left out; install that version to see all", path.display()));
    }
    let style = crate::report::TerminalStyle { live: false, ..context.style };
    let mut consumers: Vec<Box<dyn Consumer>> = vec![Box::new(Terminal::new(style, context.secrets.clone(), Box::new(std::io::stdout())))];
    consumers.extend(run::files(&args.output, context));
    for consumer in &mut consumers {
        for event in &events {
            consumer.event(event).map_err(CliError::setup)?;
        }
        consumer.finish().map_err(CliError::setup)?;
    }
    Ok(if broke_off(&events) { Exit::Setup } else { Exit::Passed })
}

/// Whether the run has no last event. A call of a load has neither a first nor a last.
fn broke_off(events: &[Event]) -> bool {
    let any = |wanted: fn(&Event) -> bool| events.iter().any(wanted);
    any(|event| matches!(event, Event::RunStarted { .. })) && !any(|event| matches!(event, Event::RunFinished { .. }))
}
