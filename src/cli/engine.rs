//! What a run needs besides its scenarios: models, lanes, bots.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use super::context::Context;
use super::exit::CliError;
use super::model::ensure;
use crate::bot::{Bot, BotError, BotOptions, Library};
use crate::clock::Monotonic;
use crate::media::detect::SpeechModel;
use crate::scenario::{BotTarget, Fault, SttEngine, Target};
use crate::speech::store::ModelId;
use crate::speech::stt::{CommandConfig, CommandTranscriber, Embedded, HttpConfig, HttpTranscriber, Transcriber};

/// One recogniser call may take this long.
const STT_TIMEOUT: Duration = Duration::from_secs(30);
/// Share of the cores that may go into transcription when `--jobs auto` counts calls: bots that greet at the same
/// moment must not keep each other's callers waiting.
const CPU_SHARE: f64 = 0.4;
/// Calls at once where another machine or program transcribes.
const REMOTE_CALLS_A_CORE: usize = 8;

/// The speech models of a run.
pub(super) struct Speech {
    pub model: SpeechModel,
    pub engine: Arc<dyn Transcriber>,
    pub threads: usize,
    /// Calls that this machine can transcribe in real time.
    pub capacity: usize,
}

/// Loads the models, fetching them first where they are missing. Blocking: call it outside of the runtime.
pub(super) fn speech(stt: &SttEngine, context: &Context) -> Result<Speech, CliError> {
    let vad = ensure(ModelId::SileroVad, context)?;
    let model = SpeechModel::from_onnx(vad.read().map_err(CliError::setup)?).map_err(CliError::setup)?;
    let threads = available_parallelism().map_or(1, NonZeroUsize::get);
    let (engine, capacity): (Arc<dyn Transcriber>, usize) = match stt {
        SttEngine::Embedded => {
            let files = ensure(ModelId::MoonshineBaseEn, context)?;
            let engine = Embedded::load(&files).map_err(CliError::setup)?;
            let capacity = capacity(&engine, threads)?;
            (Arc::new(engine), capacity)
        }
        SttEngine::Http { url, model, key } => {
            let config = HttpConfig { base: url.clone(), model: model.clone(), language: None, key: key.clone(), timeout: STT_TIMEOUT };
            let engine = HttpTranscriber::new(config).map_err(CliError::setup)?;
            (Arc::new(engine), threads * REMOTE_CALLS_A_CORE)
        }
        SttEngine::Command(command) => {
            let (program, args) = command.split_first().ok_or_else(|| CliError::usage("`stt: { command: [] }` names no program"))?;
            let config = CommandConfig { program: program.into(), args: args.to_vec(), timeout: STT_TIMEOUT };
            (Arc::new(CommandTranscriber::new(config)), threads)
        }
    };
    let lanes = if matches!(stt, SttEngine::Http { .. }) { threads * REMOTE_CALLS_A_CORE } else { threads };
    Ok(Speech { model, engine, threads: lanes, capacity })
}

/// Measures the recogniser once on this machine, on a second and a half of speech.
fn capacity(engine: &Embedded, threads: usize) -> Result<usize, CliError> {
    let library = Library::load(None).map_err(CliError::setup)?;
    let samples = library.sample();
    let audio = crate::media::resample::to_f32_16k(&samples, 8000);
    let started = Monotonic::now();
    engine.transcribe(&audio).map_err(CliError::setup)?;
    let took = (Monotonic::now().0 - started.0) as f64 / 1e9;
    let spoken = samples.len() as f64 / 8000.0;
    let calls = threads as f64 * CPU_SHARE * spoken / took.max(1e-3);
    Ok((calls as usize).clamp(1, 200))
}

/// The sample bots of a run, one for each file and fault.
#[derive(Default)]
pub(super) struct Bots {
    running: HashMap<(Option<PathBuf>, Option<Fault>), Bot>,
}

impl Bots {
    /// What is dialled to reach a target: the built-in bot is started where it is named.
    pub async fn reach(&mut self, target: &Target, context: &Context) -> Result<Target, CliError> {
        let Target::Bot(bot) = target else { return Ok(target.clone()) };
        let key = (bot.file.clone(), bot.fault);
        if !self.running.contains_key(&key) {
            let started = start(bot, context).await?;
            self.running.insert(key.clone(), started);
        }
        let running = self.running.get(&key).ok_or_else(|| CliError::setup("the sample bot is gone"))?;
        Ok(running.target(bot))
    }
}

async fn start(target: &BotTarget, context: &Context) -> Result<Bot, CliError> {
    let library = Library::load(target.file.as_deref()).map_err(|error| {
        if let BotError::Script(problems) = &error {
            context.print_problems(problems);
        }
        CliError::usage(error)
    })?;
    if let Some(script) = &target.script {
        library.script(script).map_err(CliError::usage)?;
    }
    Bot::start(BotOptions::local(library, target.fault)).await.map_err(CliError::setup)
}
