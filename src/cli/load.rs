//! `goldencall load`.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::args::{LoadArgs, Recorded};
use super::context::Context;
use super::engine::{Bots, Speech, speech};
use super::exit::{CliError, Exit};
use super::output::warn;
use super::run::{claim, collect_spans, follow, reported, services, set_all, target, watch_interrupt};
use super::suite::{self, Suite};
use crate::report::{CallJournals, Consumer, LoadJson, LoadJunit, LoadTerminal};
use crate::runner::{Clips, Load, LoadCall, LoadModel, LoadReport, Recordings, Services, run_load};
use crate::scenario::{Config, Limit, LoadThreshold, Scenario, Target, Threshold, ThresholdMetric, parse_weight};

/// Recordings of failed calls that are kept.
const MOST_RECORDINGS: usize = 100;

pub(super) fn load(args: &LoadArgs, context: &Context) -> Result<Exit, CliError> {
    let suite = suite::load(&args.select, context)?;
    let weights = weights(&args.weight, &suite.scenarios)?;
    let targets = suite.scenarios.iter().map(|scenario| target(&args.dial, &suite, scenario, context)).collect::<Result<Vec<_>, _>>()?;
    let speech = speech(&suite.config.stt, context)?;
    let clips = Clips::load(suite.scenarios.iter().map(AsRef::as_ref), &speech.model).map_err(CliError::usage)?;
    let _claimed = claim(&args.out, &args.output)?;
    let recordings = recordings(args)?;
    let consumers = consumers(args, context);
    warn_of_capacity(args, &speech);
    let runtime = Runtime::new().map_err(CliError::setup)?;
    runtime.block_on(async {
        let mut bots = Bots::default();
        let mix = mix(args, &suite, (&targets, &weights), &mut bots, context).await?;
        let load = Load { model: model(args), ramp: args.ramp, hold: args.hold, mix, thresholds: thresholds(&suite.config), recordings };
        let spans = collect_spans(suite.config.telemetry).await?;
        let (events, stream) = mpsc::unbounded_channel();
        let services = Services { spans, ..services(&speech, clips, None, events)? };
        let secrets = context.secrets.clone();
        let reporting = tokio::task::spawn_blocking(move || follow(stream, consumers, &secrets));
        let report = place(load, services).await;
        let (_, problems) = reporting.await.map_err(CliError::setup)?;
        Ok(reported(report.verdict.map_or(Exit::Setup, Exit::from), &problems))
    })
}

async fn place(load: Load, services: Services) -> LoadReport {
    let watching = tokio::spawn(watch_interrupt(services.cancel.clone()));
    let report = run_load(load, &services).await;
    watching.abort();
    report
}

fn model(args: &LoadArgs) -> LoadModel {
    match args.arrivals {
        Some(per_second) => LoadModel::Arrivals { per_second, max_calls: args.max_calls },
        None => LoadModel::CallsAtOnce(args.calls_at_once.unwrap_or(1)),
    }
}

/// Each scenario's weight: that of the command line, else its own.
fn weights(options: &[String], scenarios: &[Arc<Scenario>]) -> Result<Vec<u32>, CliError> {
    if scenarios.is_empty() {
        return Err(CliError::new(Exit::Nothing, "no scenario matches; `goldencall list` shows what there is"));
    }
    let mut weights: Vec<u32> = scenarios.iter().map(|scenario| scenario.weight).collect();
    for option in options {
        // A name may have an equals sign in it, a number has none.
        let (name, number) = option.rsplit_once('=').ok_or_else(|| CliError::usage(format!("`--weight {option}`: write NAME=N")))?;
        let weight = parse_weight(number).map_err(|help| CliError::usage(format!("`--weight {option}`: {help}")))?;
        let mut found = false;
        for (_, own) in scenarios.iter().zip(&mut weights).filter(|(scenario, _)| scenario.name == name) {
            (*own, found) = (weight, true);
        }
        if !found {
            let names: Vec<String> = scenarios.iter().map(|scenario| format!("`{}`", scenario.name)).collect();
            let message = format!("`--weight {option}`: no scenario of this load is called `{name}`; there are {}", names.join(", "));
            return Err(CliError::usage(message));
        }
    }
    if weights.iter().all(|weight| *weight == 0) {
        return Err(CliError::new(Exit::Nothing, "every scenario has weight 0: nothing would be called"));
    }
    Ok(weights)
}

/// What is called, with the bots that it needs.
async fn mix(
    args: &LoadArgs,
    suite: &Suite,
    (targets, weights): (&[Target], &[u32]),
    bots: &mut Bots,
    context: &Context,
) -> Result<Vec<LoadCall>, CliError> {
    let mut mix = Vec::new();
    for ((scenario, target), weight) in suite.scenarios.iter().zip(targets).zip(weights).filter(|(_, weight)| **weight > 0) {
        let mut reached = bots.reach(target, context).await?;
        set_all(&args.dial, &mut reached, context)?;
        mix.push(LoadCall { scenario: Arc::clone(scenario), target: reached, label: target.label(), weight: *weight });
    }
    Ok(mix)
}

/// Those of the suite, unless the load has its own of the same name. Without any goal every call must pass.
fn thresholds(config: &Config) -> Vec<LoadThreshold> {
    let own = &config.load_thresholds;
    let replaced = |threshold: &Threshold| own.iter().any(|limit| limit.threshold.name == threshold.name);
    let suites = config.thresholds.iter().filter(|threshold| !replaced(threshold)).cloned().map(LoadThreshold::from);
    let mut all: Vec<LoadThreshold> = suites.chain(own.iter().cloned()).collect();
    if !all.iter().any(|limit| limit.threshold.metric == ThresholdMetric::PassRate) {
        let goal = Threshold { name: "pass_rate".to_owned(), metric: ThresholdMetric::PassRate, limit: Limit::AtLeast(1.0) };
        all.push(goal.into());
    }
    all
}

fn recordings(args: &LoadArgs) -> Result<Option<Arc<Recordings>>, CliError> {
    let folder: PathBuf = args.out.join("calls");
    let made = if args.recordings == Recorded::None { &args.out } else { &folder };
    std::fs::create_dir_all(made).map_err(|error| CliError::setup(format!("{}: {error}", made.display())))?;
    Ok(match args.recordings {
        Recorded::Failed => Some(Arc::new(Recordings::of_failed(folder, MOST_RECORDINGS))),
        Recorded::All => Some(Arc::new(Recordings::of_all(folder))),
        Recorded::None => None,
    })
}

fn consumers(args: &LoadArgs, context: &Context) -> Vec<Box<dyn Consumer>> {
    let mut all: Vec<Box<dyn Consumer>> = vec![
        Box::new(LoadJson::new(args.out.join("load.json"))),
        Box::new(LoadTerminal::new(context.style, Box::new(std::io::stdout()))),
        Box::new(LoadJunit::new(args.out.join("junit.xml"))),
        Box::new(CallJournals::default()),
    ];
    all.extend(args.output.report_json.iter().map(|path| Box::new(LoadJson::new(path.clone())) as Box<dyn Consumer>));
    all.extend(args.output.report_junit.iter().map(|path| Box::new(LoadJunit::new(path.clone())) as Box<dyn Consumer>));
    all
}

fn warn_of_capacity(args: &LoadArgs, speech: &Speech) {
    let carried = speech.parallelism.calls;
    if args.calls_at_once.is_some_and(|calls| calls > carried) {
        warn(&format!(
            "warning: this machine transcribes about {carried} calls in real time; with more at once calls may come out as not judged"
        ));
    }
}
