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
use crate::codec::SAMPLE_RATE;
use crate::media::detect::SpeechModel;
use crate::media::resample::to_f32_16k;
use crate::scenario::{BotTarget, Fault, SttEngine, Target};
use crate::speech::store::ModelId;
use crate::speech::stt::{CommandConfig, CommandTranscriber, Embedded, HttpConfig, HttpTranscriber, Parallelism, Transcriber};

/// One recogniser call may take this long.
const STT_TIMEOUT: Duration = Duration::from_secs(30);

/// The speech models of a run.
pub(super) struct Speech {
    pub model: SpeechModel,
    pub engine: Arc<dyn Transcriber>,
    pub parallelism: Parallelism,
}

/// Loads the models, fetching them first where they are missing. Blocking: call it outside of the runtime.
pub(super) fn speech(stt: &SttEngine, context: &Context) -> Result<Speech, CliError> {
    let vad = ensure(ModelId::SileroVad, context)?;
    let model = SpeechModel::from_onnx(vad.read().map_err(CliError::setup)?).map_err(CliError::setup)?;
    let engine = engine(stt, context)?;
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let sample = Library::load(None).map_err(CliError::setup)?.sample();
    let sample = to_f32_16k(&sample, SAMPLE_RATE);
    let parallelism = engine.parallelism(cores, &sample).map_err(CliError::setup)?;
    Ok(Speech { model, engine, parallelism })
}

fn engine(stt: &SttEngine, context: &Context) -> Result<Arc<dyn Transcriber>, CliError> {
    Ok(match stt {
        SttEngine::Embedded => Arc::new(Embedded::load(&ensure(ModelId::MoonshineBaseEn, context)?).map_err(CliError::setup)?),
        SttEngine::Http { url, model, key } => {
            let config = HttpConfig { base: url.clone(), model: model.clone(), language: None, key: key.clone(), timeout: STT_TIMEOUT };
            Arc::new(HttpTranscriber::new(config).map_err(CliError::setup)?)
        }
        SttEngine::Command(command) => {
            let (program, args) = command.split_first().ok_or_else(|| CliError::usage("`stt: { command: [] }` names no program"))?;
            let config = CommandConfig { program: program.into(), args: args.to_vec(), timeout: STT_TIMEOUT };
            Arc::new(CommandTranscriber::new(config))
        }
    })
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
