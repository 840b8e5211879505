//! The embedded engine: Moonshine base (English), in this process.

use rten::{Model, ModelOptions, RunOptions};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::decoder::Decoder;
use super::error::SttError;
use super::segment::pieces;
use super::tokenizer::Tokenizer;
use super::transcriber::{Parallelism, Transcriber};
use crate::clock::Monotonic;
use crate::media::detect::on_one_thread;
use crate::media::resample::MODEL_RATE;
use crate::speech::store::{ModelFiles, ModelId};

/// Speech has fewer tokens per second than this; more is a loop.
const TOKENS_A_SECOND: usize = 8;
/// The limit for the shortest segments.
const FEWEST_TOKENS: usize = 8;
/// Share of the cores that calls may keep busy: bots that greet at the same moment must not keep each other's callers waiting.
const CPU_SHARE: f64 = 0.4;
/// However fast the machine is.
const MOST_CALLS: usize = 200;
/// Audio shorter than this has no word in it, and the network's first layers need it: 0.1 s.
const SHORTEST: usize = MODEL_RATE as usize / 10;

/// The embedded recogniser. One instance serves any number of threads; each call runs on one
/// thread. It takes some 0.1 s of CPU for each second of speech, and about 330 MB once.
pub struct Embedded {
    encoder: Model,
    decoder: Decoder,
    tokenizer: Tokenizer,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Embedded")
    }
}

impl Embedded {
    /// Loads the model (some 0.3 s).
    ///
    /// # Errors
    /// [`SttError::Load`] when a file is missing or is not what it should be.
    pub fn load(files: &ModelFiles) -> Result<Self, SttError> {
        let model = |file: &str| {
            let loaded = ModelOptions::with_all_ops().load_file(files.path(file));
            loaded.map_err(|e| load_error(file, &e))
        };
        let decoder = "decoder_model_merged.onnx";
        let vocabulary = "tokenizer.bin";
        let bytes = std::fs::read(files.path(vocabulary)).map_err(|e| load_error(vocabulary, &e))?;
        Ok(Self {
            encoder: model("encoder_model.onnx")?,
            decoder: Decoder::new(model(decoder)?).map_err(|e| load_error(decoder, &e))?,
            tokenizer: Tokenizer::parse(&bytes).ok_or_else(|| load_error(vocabulary, &"it is cut off"))?,
        })
    }

    fn piece(&self, audio: &[f32]) -> Result<String, SttError> {
        let silent = audio.iter().all(|s| *s == 0.0);
        if silent || audio.len() < SHORTEST {
            return Ok(String::new());
        }
        let limit = (audio.len() * TOKENS_A_SECOND).div_ceil(MODEL_RATE as usize);
        let tokens = on_one_thread(|options| self.tokens(audio, limit.max(FEWEST_TOKENS), options))?;
        Ok(self.tokenizer.decode(&tokens))
    }

    fn tokens(&self, audio: &[f32], limit: usize, options: &RunOptions) -> Result<Vec<u32>, SttError> {
        let failed = |e: rten::RunError| SttError::Model(e.to_string());
        let input = NdTensor::from_data([1, audio.len()], audio.to_vec());
        let hidden = self.encoder.run_one(input.view().into(), Some(options.clone())).map_err(failed)?;
        self.decoder.decode(&hidden, limit, options).map_err(failed)
    }
}

fn load_error(file: &str, reason: &dyn std::fmt::Display) -> SttError {
    SttError::Load { file: file.to_owned(), reason: reason.to_string() }
}

impl Transcriber for Embedded {
    fn name(&self) -> String {
        format!("embedded {}", ModelId::MoonshineBaseEn)
    }

    /// Speech of more than 25 s is transcribed in pieces, cut where it is quietest.
    fn transcribe(&self, audio: &[f32]) -> Result<String, SttError> {
        let mut words = Vec::new();
        for piece in pieces(audio) {
            let text = self.piece(piece)?;
            if !text.is_empty() {
                words.push(text);
            }
        }
        Ok(words.join(" "))
    }

    /// Measured once on this machine.
    fn parallelism(&self, cores: usize, sample: &[f32]) -> Result<Parallelism, SttError> {
        let started = Monotonic::now();
        self.transcribe(sample)?;
        let took = (Monotonic::now().0 - started.0) as f64 / 1e9;
        let spoken = sample.len() as f64 / f64::from(MODEL_RATE);
        let calls = cores as f64 * CPU_SHARE * spoken / took.max(1e-3);
        Ok(Parallelism { segments: cores, calls: (calls as usize).clamp(1, MOST_CALLS) })
    }
}
