//! `goldencall calibrate`: the error of the measured turn latency, against a bot that knows its true times.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::args::CalibrateArgs;
use super::context::{Context, read_source};
use super::engine::{Speech, speech};
use super::exit::{CliError, Exit};
use super::output::say;
use super::run::services;
use crate::bot::{Bot, BotOptions, Library, LogEntry};
use crate::runner::statistics::percentile;
use crate::runner::{CallOutcome, CallResult, Clips, Plan, PlannedCall, Ramp, run};
use crate::scenario::{BotAccess, BotTarget, Scenario, Setting, SocketProtocol, SttEngine, Target, parse};
use crate::time::Millis;

const SCENARIO: &str = "\
name: calibrate
timeout: {timeout}
steps:
  - caller: { audio: caller.wav, after: {after} }
  - bot: { within: 10s, latency: 10s, end_silence: 100ms, advance: silence }
  - hangup: caller
";
const CALLER: &[u8] = include_bytes!("../../audio/caller/calibrate-1.wav");
/// From one of the first calls to the next; none speaks before the last of them is up.
const GAP: Duration = Duration::from_millis(50);
/// True delays are drawn from this range of milliseconds.
const DELAYS: std::ops::Range<f64> = 300.0..1500.0;
/// The same delays in every calibration: runs can be compared.
const SEED: u64 = 1;

pub(super) fn calibrate(args: &CalibrateArgs, context: &Context) -> Result<Exit, CliError> {
    let folder = tempfile::tempdir().map_err(CliError::setup)?;
    let ramp = GAP * u32::try_from(args.jobs.min(args.calls)).unwrap_or(u32::MAX);
    let scenario = scenario(folder.path(), ramp, context)?;
    let speech = speech(&SttEngine::Embedded, context)?;
    let clips = Clips::load(std::iter::once(scenario.as_ref()), &speech.model).map_err(CliError::setup)?;
    let runtime = Runtime::new().map_err(CliError::setup)?;
    let (results, truth, peak) = runtime.block_on(measure(args, ramp, scenario, &speech, clips))?;
    let figures = Figures::of(&results, &truth, peak);
    if figures.errors.is_empty() {
        return Err(CliError::setup("no call could be measured; run with GOLDENCALL_LOG=info to see why"));
    }
    say(&figures.text())?;
    if let Some(path) = &args.report_json {
        let text = serde_json::to_string_pretty(&figures.json()).map_err(CliError::setup)?;
        std::fs::write(path, text).map_err(|error| CliError::setup(format!("{}: {error}", path.display())))?;
    }
    let p99 = figures.at(99.0);
    Ok(match args.max_p99 {
        Some(most) if p99 > most => Exit::Failed,
        _ if figures.missing > 0 => Exit::Setup,
        _ => Exit::Passed,
    })
}

fn scenario(folder: &Path, ramp: Duration, context: &Context) -> Result<Arc<Scenario>, CliError> {
    let path = folder.join("calibrate.yaml");
    let after = |rest: u64| format!("{}ms", ramp.as_millis() as u64 + rest);
    let text = SCENARIO.replace("{timeout}", &after(30_000)).replace("{after}", &after(200));
    std::fs::write(&path, text).and_then(|()| std::fs::write(folder.join("caller.wav"), CALLER)).map_err(CliError::setup)?;
    let parsed = parse(read_source(&path)?, &Setting::default());
    parsed.map(Arc::new).map_err(|problems| {
        context.print_problems(&problems);
        CliError::setup("the built-in calibration scenario does not parse")
    })
}

async fn measure(
    args: &CalibrateArgs,
    ramp: Duration,
    scenario: Arc<Scenario>,
    speech: &Speech,
    clips: Clips,
) -> Result<(Vec<CallResult>, Vec<LogEntry>, usize), CliError> {
    let library = Library::load(None).map_err(CliError::setup)?;
    let bot = Bot::start(BotOptions::local(library, None)).await.map_err(CliError::setup)?;
    let mut random = StdRng::seed_from_u64(SEED);
    let over = BotAccess::parse(&args.transport).map_err(CliError::usage)?;
    let calls = (1..=args.calls).map(|repetition| {
        let delay = random.random_range(DELAYS);
        let wanted = BotTarget { script: Some("calibrate".to_owned()), over, ..BotTarget::default() };
        let target = with_wishes(bot.target(&wanted), delay, &name(repetition));
        PlannedCall { number: repetition, scenario: Arc::clone(&scenario), target, label: "bot:calibrate".to_owned(), repetition }
    });
    let plan = Plan {
        calls: calls.collect(),
        jobs: args.jobs,
        ramp: Ramp::Over(ramp),
        retries: 0,
        thresholds: Vec::new(),
        part: None,
        recordings: None,
    };
    let (events, mut stream) = mpsc::unbounded_channel();
    let services = services(speech, clips, None, events)?;
    let draining = tokio::spawn(async move { while stream.recv().await.is_some() {} });
    let results = run(plan, &services).await;
    let peak = services.calls_up.peak();
    drop(services);
    draining.await.map_err(CliError::setup)?;
    Ok((results, bot.log.entries(), peak))
}

/// What the bot's log calls a call whose protocol has no name for it (Vonage, raw frames).
fn name(repetition: usize) -> String {
    format!("calibrate-{repetition}")
}

/// Asks the bot for this think time, in milliseconds, in the call's own way, and for a name in its log.
fn with_wishes(mut target: Target, millis: f64, name: &str) -> Target {
    match &mut target {
        Target::Sip(sip) => sip.headers.push(("X-Goldencall-Think".to_owned(), format!("{millis:.1}"))),
        Target::WebRtc(webrtc) => webrtc.url.push_str(&format!("&think={millis:.1}")),
        // An AudioSocket has no URL to ask in: every delay is the script's, and the bot's log has them all the same.
        Target::WebSocket(socket) if socket.protocol == SocketProtocol::AudioSocket => {}
        Target::WebSocket(socket) => socket.url.push_str(&format!("&think={millis:.1}&call={name}")),
        Target::Originate(_) | Target::Bot(_) => {}
    }
    target
}

struct Figures {
    /// Measured less true latency, in milliseconds.
    errors: Vec<f64>,
    missing: usize,
    /// The most calls that were up at any moment.
    peak_calls: usize,
    pacing_p99_ms: f64,
}

impl Figures {
    fn of(results: &[CallResult], truth: &[LogEntry], peak_calls: usize) -> Self {
        let by_call: HashMap<&str, &LogEntry> = truth.iter().map(|entry| (entry.call_id.as_str(), entry)).collect();
        let known = |result: &CallResult| {
            let named = || by_call.get(name(result.repetition).as_str());
            result.call_id.as_deref().and_then(|id| by_call.get(id)).or_else(named)
        };
        let error = |result: &CallResult| {
            let entry = known(result)?;
            let true_ms = (entry.first_speech_sent_ns - entry.caller_speech_end_ns?) as f64 / 1e6;
            let measured = result.turns.iter().find_map(|turn| turn.latency).filter(|_| result.outcome != CallOutcome::Error)?;
            let error = measured.millis_f64() - true_ms;
            tracing::info!(call = result.call, true_ms, error, "calibrated");
            Some(error)
        };
        for result in results.iter().filter(|result| error(result).is_none()) {
            let known = known(result);
            tracing::info!(call = result.call, ?known, outcome = ?result.outcome, error = ?result.error, "no measurement");
        }
        let errors: Vec<f64> = results.iter().filter_map(error).collect();
        let pacing = results.iter().map(|result| result.health.pacing_p99_ms).fold(0.0, f64::max);
        Self { missing: results.len() - errors.len(), errors, peak_calls, pacing_p99_ms: pacing }
    }

    /// Percentile of the size of the error.
    fn at(&self, p: f64) -> f64 {
        let sizes: Vec<f64> = self.errors.iter().map(|error| error.abs()).collect();
        percentile(&sizes, p).unwrap_or(f64::NAN)
    }

    fn mean(&self) -> f64 {
        self.errors.iter().sum::<f64>() / self.errors.len() as f64
    }

    fn text(&self) -> String {
        format!(
            "turn latency error over {} calls, {} at once (|measured - true|, ms): p50 {:.2}, p95 {:.2}, p99 {:.2}, max {:.2}; bias {:+.2}\n\
             pacing lateness p99 {:.2} ms in the worst call{}",
            self.errors.len(),
            self.peak_calls,
            self.at(50.0),
            self.at(95.0),
            self.at(99.0),
            self.at(100.0),
            self.mean(),
            self.pacing_p99_ms,
            if self.missing > 0 { format!("; {} calls gave no measurement", self.missing) } else { String::new() },
        )
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "calls": self.errors.len(),
            "missing": self.missing,
            "peak_calls": self.peak_calls,
            "turn_latency_error_ms": {
                "p50": self.at(50.0), "p95": self.at(95.0), "p99": self.at(99.0), "max": self.at(100.0), "bias": self.mean(),
            },
            "pacing_p99_ms": self.pacing_p99_ms,
        })
    }
}
