//! `goldencall run`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::args::{DialArgs, OutputArgs, RunArgs, Transcribe};
use super::context::Context;
use super::engine::{Bots, Speech, speech};
use super::exit::{CliError, Exit};
use super::output::warn;
use super::suite::{self, Suite};
use crate::any_transport::AnyTransport;
use crate::clock::CallClock;
use crate::report::{Consumer, Journal, JsonReport, JunitReport, ResultsFolder, Terminal, clean, read_history, read_journal};
use crate::runner::{
    CallOutcome, CallsUp, Clips, DetectionLane, Event, History, Pacer, Plan, PlannedCall, Services, SpanSource, TranscriptionLane,
};
use crate::scenario::{BotTarget, Scenario, Secrets, SipTarget, SpanCollector, Target, is_long_enough};
use crate::sip::SipTrace;
use crate::telemetry::Receiver;

pub(super) fn run(args: &RunArgs, context: &Context) -> Result<Exit, CliError> {
    let shard = args.shard.as_deref().map(|text| context.shard(text)).transpose()?;
    let history = history(args)?;
    let mut suite = suite::load(&args.select, context)?;
    if args.last_failed {
        keep_last_failed(&mut suite, &args.out)?;
    }
    if suite.scenarios.is_empty() {
        return Err(CliError::new(Exit::Nothing, "no scenario matches; `goldencall list` shows what there is"));
    }
    let targets = suite.scenarios.iter().map(|scenario| target(&args.dial, &suite, scenario, context)).collect::<Result<Vec<_>, _>>()?;
    let speech = speech(&suite.config.stt, context)?;
    let clips = Clips::load(suite.scenarios.iter().map(AsRef::as_ref), &speech.model).map_err(CliError::usage)?;
    let jobs = jobs(&args.jobs, &speech)?;
    let _claimed = claim(&args.out, &args.output)?;
    let recordings = args.out.join("calls");
    std::fs::create_dir_all(&recordings).map_err(|error| CliError::setup(format!("{}: {error}", recordings.display())))?;
    let consumers = consumers(&args.out, &args.output, context)?;
    let trace = sip_trace(args, context)?;
    let runtime = Runtime::new().map_err(CliError::setup)?;
    runtime.block_on(async {
        let mut bots = Bots::default();
        let calls = planned(args, &suite, &targets, &mut bots, context).await?;
        let thresholds = if suite.partial { Vec::new() } else { suite.config.thresholds.clone() };
        let plan = Plan { calls, jobs, ramp: args.ramp, retries: args.retries, thresholds, part: None, recordings: Some(recordings) };
        warn_of_strangers(args, &history, &plan.calls);
        let plan = plan.arranged(&history, shard);
        let spans = collect_spans(suite.config.telemetry).await?;
        let (exit, mut problems) = place(plan, &speech, clips, (spans, trace.clone()), args, (consumers, &context.secrets)).await?;
        let cut = trace.as_ref().and_then(|trace| trace.problem()).map(|problem| format!("--trace-sip: {problem}"));
        problems.extend(cut);
        Ok(reported(exit, &problems))
    })
}

/// Every call of the run, with the bots that it needs.
async fn planned(
    args: &RunArgs,
    suite: &Suite,
    targets: &[Target],
    bots: &mut Bots,
    context: &Context,
) -> Result<Vec<PlannedCall>, CliError> {
    let mut calls = Vec::new();
    for repetition in 1..=args.repeat.max(1) {
        for (scenario, target) in suite.scenarios.iter().zip(targets) {
            let mut reached = bots.reach(target, context).await?;
            set_all(&args.dial, &mut reached, context)?;
            let scenario = Arc::clone(scenario);
            calls.push(PlannedCall { number: calls.len() + 1, scenario, target: reached, label: target.label(), repetition });
        }
    }
    Ok(calls)
}

/// `--history`.
fn history(args: &RunArgs) -> Result<History, CliError> {
    let Some(path) = &args.history else { return Ok(History::default()) };
    read_history(path).map_err(|error| CliError::usage(format!("--history {error}")))
}

/// A history of other scenarios does nothing, which must not go unnoticed.
fn warn_of_strangers(args: &RunArgs, history: &History, calls: &[PlannedCall]) {
    if let Some(path) = args.history.as_ref().filter(|_| history.known(calls) == 0) {
        warn(&format!("warning: --history {}: none of these scenarios was judged in that run; calls go by name", path.display()));
    }
}

/// Takes the results folder for this run.
pub(super) fn claim(out: &Path, output: &OutputArgs) -> Result<ResultsFolder, CliError> {
    let reports: Vec<PathBuf> = output.report_junit.iter().chain(&output.report_json).cloned().collect();
    ResultsFolder::claim(out, &reports).map_err(CliError::setup)
}

/// Says which reports could not be written, where the results are read: one that is missing must not look like success.
pub(super) fn reported(exit: Exit, problems: &[String]) -> Exit {
    for problem in problems {
        let _closed = writeln!(std::io::stdout(), "error: a report could not be written: {problem}");
    }
    if !problems.is_empty() && exit == Exit::Passed { Exit::Setup } else { exit }
}

/// Runs the plan while the consumers follow it; Ctrl-C ends calls and still leaves whole reports.
async fn place(
    plan: Plan,
    speech: &Speech,
    clips: Clips,
    (spans, trace): (Option<Arc<SpanSource>>, Option<Arc<SipTrace>>),
    args: &RunArgs,
    (consumers, secrets): (Vec<Box<dyn Consumer>>, &Secrets),
) -> Result<(Exit, Vec<String>), CliError> {
    let (events, stream) = mpsc::unbounded_channel();
    let transcribe_all = args.transcribe == Transcribe::All;
    let services =
        Services { spans, capture: args.pcap.then(|| secrets.clone()), transcribe_all, ..services(speech, clips, trace, events)? };
    let cancel = services.cancel.clone();
    // A run of few calls may leave a part without any: nothing is wrong with it.
    let may_be_empty = plan.part.is_some();
    let secrets = secrets.clone();
    let reporting = tokio::task::spawn_blocking(move || follow(stream, consumers, &secrets));
    let watching = tokio::spawn(watch_interrupt(cancel.clone()));
    let results = crate::runner::run(plan, &services).await;
    watching.abort();
    drop(services);
    let (thresholds, problems) = reporting.await.map_err(CliError::setup)?;
    let exit = if may_be_empty && results.is_empty() { Exit::Passed } else { Exit::of(&results, &thresholds) };
    let interrupted = cancel.is_cancelled() && matches!(exit, Exit::Passed | Exit::Nothing);
    Ok((if interrupted { Exit::Setup } else { exit }, problems))
}

/// Listens for the bots' spans where the configuration says so.
pub(super) async fn collect_spans(collector: Option<SpanCollector>) -> Result<Option<Arc<SpanSource>>, CliError> {
    let Some(SpanCollector { otlp, wait, token }) = collector else { return Ok(None) };
    if !otlp.ip().is_loopback() && token.is_none() {
        warn(&format!(
            "warning: telemetry: whoever reaches {otlp} can send spans; write `token` into `telemetry`, and give it to the bot's exporter"
        ));
    }
    let token = token.map(|token| token.reveal().to_owned());
    let receiver = Receiver::bind(otlp, token, CallClock::start().zero_unix_nanos()).await.map_err(CliError::setup)?;
    Ok(Some(Arc::new(SpanSource { receiver, wait })))
}

/// What every call of a run shares.
pub(super) fn services(
    speech: &Speech,
    clips: Clips,
    trace: Option<Arc<SipTrace>>,
    events: mpsc::UnboundedSender<Event>,
) -> Result<Services, CliError> {
    Ok(Services {
        transport: Arc::new(AnyTransport::new(trace)),
        pacer: Pacer::start().map_err(CliError::setup)?,
        detection: DetectionLane::start().map_err(CliError::setup)?,
        model: speech.model.clone(),
        transcription: TranscriptionLane::start(Arc::clone(&speech.engine), speech.parallelism.segments).map_err(CliError::setup)?,
        clips: Arc::new(clips),
        transcribe_all: false,
        calls_up: CallsUp::default(),
        cancel: CancellationToken::new(),
        capture: None,
        run: rand::random::<u64>().max(1),
        spans: None,
        events,
    })
}

/// Ends every call at the first signal, the process at the second.
pub(super) async fn watch_interrupt(cancel: CancellationToken) {
    interrupted().await;
    warn("interrupted: ending the calls and writing the reports; again to stop at once");
    cancel.cancel();
    interrupted().await;
    std::process::exit(130);
}

/// Ctrl-C, the TERM by which CI systems end a job, a QUIT, or the HUP of a terminal that is closed.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [SignalKind::terminate(), SignalKind::quit(), SignalKind::hangup()].map(signal);
        if let [Ok(mut terminate), Ok(mut quit), Ok(mut hang_up)] = signals {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                _ = quit.recv() => {}
                _ = hang_up.recv() => {}
            }
            return;
        }
    }
    let _unavailable = tokio::signal::ctrl_c().await;
}

pub(super) type Followed = (Vec<crate::runner::ThresholdResult>, Vec<String>);

/// Feeds every consumer, without secrets; one that fails is dropped and reported, the others go on.
pub(super) fn follow(mut stream: mpsc::UnboundedReceiver<Event>, consumers: Vec<Box<dyn Consumer>>, secrets: &Secrets) -> Followed {
    let mut thresholds = Vec::new();
    let mut problems = Vec::new();
    let mut alive = consumers;
    while let Some(event) = stream.blocking_recv() {
        let event = match event.masked(secrets) {
            Ok(event) => clean(event),
            Err(why) => {
                problems.push(format!("an event of {} was left out: {why}", event.subject()));
                continue;
            }
        };
        alive.retain_mut(|consumer| consumer.event(&event).map_err(|error| problems.push(error.to_string())).is_ok());
        if let Event::RunFinished { thresholds: judged, .. } = event {
            thresholds = judged;
        }
    }
    for consumer in &mut alive {
        if let Err(error) = consumer.finish() {
            problems.push(error.to_string());
        }
    }
    (thresholds, problems)
}

/// The reports of a run: the results folder always has all of them.
pub(super) fn consumers(out: &Path, output: &OutputArgs, context: &Context) -> Result<Vec<Box<dyn Consumer>>, CliError> {
    let journal = Journal::create(&out.join("events.jsonl"));
    let journal = journal.map_err(|error| CliError::setup(format!("{}: {error}", out.display())))?;
    let mut all: Vec<Box<dyn Consumer>> = vec![
        Box::new(journal),
        Box::new(Terminal::new(context.style, context.secrets.clone(), Box::new(std::io::stdout()))),
        Box::new(JunitReport::new(out.join("junit.xml"), context.secrets.clone())),
        Box::new(JsonReport::new(out.join("results.json"))),
    ];
    all.extend(files(output, context));
    Ok(all)
}

/// The reports that the command line asks for.
pub(super) fn files(output: &OutputArgs, context: &Context) -> Vec<Box<dyn Consumer>> {
    let junit = output.report_junit.clone().map(|path| Box::new(JunitReport::new(path, context.secrets.clone())) as Box<dyn Consumer>);
    let json = output.report_json.clone().map(|path| Box::new(JsonReport::new(path)) as Box<dyn Consumer>);
    junit.into_iter().chain(json).collect()
}

/// What a scenario calls. The sample bot is called unasked, except in CI, where a green run must mean that the bot under test was called.
pub(super) fn target(args: &DialArgs, suite: &Suite, scenario: &Scenario, context: &Context) -> Result<Target, CliError> {
    if let Some(text) = &args.target {
        return suite.config.resolve_target(text).map_err(CliError::usage);
    }
    match scenario.target.clone().or_else(|| suite.config.target.clone()) {
        Some(target) => Ok(target),
        None if context.ci => Err(CliError::usage(format!(
            "`{}` names no target, and neither does {}; in CI the built-in sample bot is called only where it is asked for: write \
             `target:` in the scenario or in goldencall.yaml, or give --target (the sample bot is `bot:booking`)",
            scenario.name,
            if suite.config.found { "goldencall.yaml" } else { "a goldencall.yaml, since none is in this folder or above it" },
        ))),
        None => Ok(Target::Bot(BotTarget::default())),
    }
}

/// `--set`, on the target as it is dialled, the sample bot's included.
pub(super) fn set_all(args: &DialArgs, target: &mut Target, context: &Context) -> Result<(), CliError> {
    for pair in &args.set {
        let (key, value) = pair.split_once('=').ok_or_else(|| CliError::usage(format!("`--set {pair}`: write KEY=VALUE")))?;
        // The other targets of the run may be SIP targets; a name that no target has is a mistake all the same.
        let mut nobody = SipTarget::new("sip:nobody@localhost");
        let sip = if let Target::Sip(sip) = &mut *target { sip } else { &mut nobody };
        set(sip, key, value, context)?;
    }
    Ok(())
}

/// The file that the SIP messages of the run go to.
fn sip_trace(args: &RunArgs, context: &Context) -> Result<Option<Arc<SipTrace>>, CliError> {
    let Some(path) = &args.trace_sip else { return Ok(None) };
    let trace = SipTrace::create(path, context.secrets.clone());
    trace.map(|trace| Some(Arc::new(trace))).map_err(|error| CliError::setup(format!("--trace-sip {}: {error}", path.display())))
}

fn set(sip: &mut SipTarget, key: &str, value: &str, context: &Context) -> Result<(), CliError> {
    let value = context.secrets.expand(value).map_err(|name| CliError::usage(format!("the environment variable `{name}` is not set")))?;
    if key == "sip.password" {
        if !is_long_enough(&value) {
            return Err(CliError::usage("`--set sip.password`: it is too short to be masked in reports; use one of at least 4 characters"));
        }
        context.secrets.add(&value);
    }
    sip.set(key, &value).map_err(|why| CliError::usage(format!("`--set {key}`: {why}")))
}

fn jobs(text: &str, speech: &Speech) -> Result<usize, CliError> {
    if text == "auto" {
        return Ok(speech.parallelism.calls);
    }
    let jobs = text
        .parse()
        .ok()
        .filter(|jobs| *jobs > 0)
        .ok_or_else(|| CliError::usage(format!("`--jobs {text}`: write a number of at least 1, or auto")))?;
    if jobs > speech.parallelism.calls {
        warn(&format!(
            "warning: this machine transcribes about {} calls in real time; with {jobs} at once verdicts may lag",
            speech.parallelism.calls
        ));
    }
    Ok(jobs)
}

fn keep_last_failed(suite: &mut Suite, out: &Path) -> Result<(), CliError> {
    let journal = out.join("events.jsonl");
    let earlier = read_journal(&journal).map_err(|error| CliError::usage(format!("--last-failed: {}: {error}", journal.display())))?;
    let mut passed = std::collections::BTreeSet::new();
    let mut others = std::collections::BTreeSet::new();
    for event in earlier.events {
        if let Event::CallFinished { result } = event {
            let key = (result.file.clone(), result.scenario.clone());
            if result.outcome == CallOutcome::Passed {
                passed.insert(key)
            } else {
                others.insert(key)
            };
        }
    }
    suite.scenarios.retain(|scenario| {
        let key = (scenario.source.path.clone(), scenario.name.clone());
        others.contains(&key) || !passed.contains(&key)
    });
    Ok(())
}
