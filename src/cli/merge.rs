//! `goldencall merge`: the reports of a run that was split over machines, as if it had not been.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::args::MergeArgs;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::run::{claim, consumers, follow, reported};
use crate::report::{Journaled, read_journal};
use crate::runner::{CallResult, Event, Part, each_once, judge_thresholds};

/// What one machine left.
struct Left {
    folder: PathBuf,
    part: Part,
    /// RFC 3339, UTC: later texts are later moments.
    started: String,
    jobs: usize,
    events: Vec<Event>,
    /// Seconds, and calls that were up at once.
    finished: Option<(f64, usize)>,
}

pub(super) fn merge(args: &MergeArgs, context: &Context) -> Result<Exit, CliError> {
    let mut parts: Vec<Left> = Vec::new();
    for folder in &args.results {
        let left = read(folder)?;
        match parts.iter_mut().find(|other| other.part.shard.number == left.part.shard.number) {
            // Tried again: the last attempt counts.
            Some(earlier) if earlier.started < left.started => *earlier = left,
            Some(_) => {}
            None => parts.push(left),
        }
    }
    parts.sort_by_key(|left| left.part.shard);
    check(&parts)?;
    let _claimed = claim(&args.out, &args.output)?;
    let calls = args.out.join("calls");
    std::fs::create_dir_all(&calls).map_err(|error| CliError::setup(format!("{}: {error}", calls.display())))?;
    let consumers = consumers(&args.out, &args.output, context)?;
    let (events, stream) = mpsc::unbounded_channel();
    let results = replay(parts, &calls, &events)?;
    drop(events);
    let (thresholds, problems) = follow(stream, consumers, &context.secrets);
    Ok(reported(Exit::of(&results, &thresholds), &problems))
}

fn read(folder: &Path) -> Result<Left, CliError> {
    let path = folder.join("events.jsonl");
    let Journaled { events, unknown } = read_journal(&path).map_err(|error| CliError::usage(format!("{}: {error}", path.display())))?;
    if unknown > 0 {
        let message = format!("{}: a later version of goldencall wrote {unknown} of these events; merge with that version", path.display());
        return Err(CliError::setup(message));
    }
    let first = events.first().cloned();
    let Some(Event::RunStarted { part: Some(part), started, jobs, .. }) = first else {
        let message = format!("{} holds no part of a run: give the results folders of runs with --shard", folder.display());
        return Err(CliError::usage(message));
    };
    let finished = events.iter().find_map(|event| match event {
        Event::RunFinished { seconds, interrupted: false, peak_calls, .. } => Some((*seconds, *peak_calls)),
        _ => None,
    });
    Ok(Left { folder: folder.to_owned(), part: *part, started, jobs, events, finished })
}

/// All parts of one run must be there, each to its end: reports of less than the whole would look like success.
fn check(parts: &[Left]) -> Result<(), CliError> {
    let setup = |message: String| Err(CliError::new(Exit::Setup, message));
    let Some(first) = parts.first() else { return Err(CliError::usage("give the results folders of the parts")) };
    let of = first.part.shard.of;
    if let Some(other) = parts.iter().find(|left| (left.part.shard.of, left.part.whole) != (of, first.part.whole)) {
        return setup(format!(
            "{} and {} are parts of different runs: {} of {} calls, {} of {} calls",
            first.folder.display(),
            other.folder.display(),
            first.part.shard,
            first.part.whole,
            other.part.shard,
            other.part.whole,
        ));
    }
    if let Some(other) = parts.iter().find(|left| left.part.deal != first.part.deal) {
        return setup(format!(
            "{} and {} deal the calls out differently; every part needs the same scenarios and the same --history, or calls are placed twice \
             or never; run them again, then merge",
            first.folder.display(),
            other.folder.display(),
        ));
    }
    let missing: Vec<String> =
        (1..=of).filter(|number| !parts.iter().any(|left| left.part.shard.number == *number)).map(|number| number.to_string()).collect();
    if !missing.is_empty() {
        return setup(format!("of {of} parts these are missing: {}; run them again, then merge", missing.join(", ")));
    }
    if let Some(cut) = parts.iter().find(|left| left.finished.is_none()) {
        return setup(format!("part {} did not finish ({}); run it again, then merge", cut.part.shard, cut.folder.display()));
    }
    Ok(())
}

/// Sends the events of the whole run, its calls in the order of its plan, and gives their results.
fn replay(parts: Vec<Left>, calls: &Path, stream: &mpsc::UnboundedSender<Event>) -> Result<Vec<CallResult>, CliError> {
    let thresholds = parts.first().map(|left| left.part.thresholds.clone()).unwrap_or_default();
    let planned = parts.first().map_or(0, |left| left.part.whole);
    let started = parts.iter().map(|left| left.started.clone()).min().unwrap_or_default();
    let jobs = parts.iter().map(|left| left.jobs).sum();
    let seconds = parts.iter().filter_map(|left| left.finished).map(|(seconds, _)| seconds).fold(0.0, f64::max);
    let peak_calls = parts.iter().filter_map(|left| left.finished).map(|(_, peak)| peak).max().unwrap_or(0);
    let mut run = String::new();
    let (mut others, mut results) = (Vec::new(), Vec::new());
    for left in parts {
        for event in left.events {
            match event {
                Event::RunStarted { run: own, .. } if run.is_empty() => run = own,
                Event::RunStarted { .. } | Event::RunFinished { .. } => {}
                Event::CallFinished { result } => results.push(moved(*result, &left.folder, calls)?),
                other => others.push(other),
            }
        }
    }
    results.sort_by_key(|result| result.call);
    let targets = each_once(results.iter().map(|result| &result.target));
    let thresholds = judge_thresholds(&thresholds, &results);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let planned_calls = results.iter().map(CallResult::named).collect();
    let first = Event::RunStarted { version, run, started, targets, calls: planned, planned: planned_calls, jobs, part: None };
    let finished = results.iter().map(|result| Event::CallFinished { result: Box::new(result.clone()) });
    let last = Event::RunFinished { thresholds, seconds, interrupted: false, peak_calls };
    for event in std::iter::once(first).chain(others).chain(finished).chain(std::iter::once(last)) {
        let _nobody = stream.send(event);
    }
    Ok(results)
}

/// The result, with its recording in the folder of the whole.
fn moved(mut result: CallResult, folder: &Path, calls: &Path) -> Result<CallResult, CliError> {
    let Some(name) = result.recording.as_ref().and_then(|path| path.file_name()) else { return Ok(result) };
    let (from, to) = (folder.join("calls").join(name), calls.join(name));
    for extension in ["wav", "pcap"] {
        let (from, to) = (from.with_extension(extension), to.with_extension(extension));
        if from.exists() {
            std::fs::copy(&from, &to).map_err(|error| CliError::setup(format!("{}: {error}", to.display())))?;
        }
    }
    result.recording = Some(to);
    Ok(result)
}
