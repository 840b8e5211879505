//! The embedded engine: Moonshine base (English), in this process.

use std::sync::Arc;

use rten::{Model, ModelOptions, RunOptions};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::decoder::{Decoder, Hidden};
use super::error::SttError;
use super::memory::{Heard, Memory};
use super::segment::pieces;
use super::tokenizer::Tokenizer;
use super::transcriber::{Parallelism, Transcriber};
use super::wording::{Scored, Wordings, fit, word_by_word};
use crate::clock::Monotonic;
use crate::expect::{Doubt, Fit};
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
    memory: Memory,
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
            memory: Memory::default(),
        })
    }

    /// Hears a piece; `None` where it has no sound in it.
    fn hear(&self, audio: &[f32]) -> Result<Option<Arc<Heard>>, SttError> {
        let silent = audio.iter().all(|s| *s == 0.0);
        if silent || audio.len() < SHORTEST {
            return Ok(None);
        }
        let limit = (audio.len() * TOKENS_A_SECOND).div_ceil(MODEL_RATE as usize);
        let heard = Arc::new(on_one_thread(|options| self.listen(audio, limit.max(FEWEST_TOKENS), options))?);
        self.memory.keep(audio, &heard);
        Ok(Some(heard))
    }

    /// The piece as it was heard; it is heard again where that is forgotten.
    fn recall(&self, audio: &[f32]) -> Result<Option<Arc<Heard>>, SttError> {
        match self.memory.find(audio) {
            Some(heard) => Ok(Some(heard)),
            None => self.hear(audio),
        }
    }

    fn listen(&self, audio: &[f32], limit: usize, options: &RunOptions) -> Result<Heard, SttError> {
        let failed = |e: rten::RunError| SttError::Model(e.to_string());
        let input = NdTensor::from_data([1, audio.len()], audio.to_vec());
        let hidden = self.encoder.run_one(input.view().into(), Some(options.clone())).map_err(failed)?;
        let hidden = Hidden::try_from(hidden).map_err(|e: rten::TryFromValueError| SttError::Model(e.to_string()))?;
        let tokens = self.decoder.decode(&hidden, limit, options).map_err(failed)?;
        Ok(Heard { text: self.tokenizer.decode(&tokens), hidden, tokens })
    }

    /// Answers the doubts about one piece.
    fn compare_piece(&self, heard: &Heard, doubts: &[Doubt]) -> Result<Vec<Option<Fit>>, SttError> {
        let split: Vec<Vec<Doubt>> = doubts.iter().map(|doubt| word_by_word(&heard.text, doubt)).collect();
        let mut answers = self.compare_words(heard, &split.concat())?.into_iter();
        Ok(split.iter().map(|parts| worst(answers.by_ref().take(parts.len()).collect())).collect())
    }

    /// Answers doubts about one piece, all in one pass.
    fn compare_words(&self, heard: &Heard, doubts: &[Doubt]) -> Result<Vec<Option<Fit>>, SttError> {
        let wordings: Vec<_> = doubts.iter().map(|doubt| Wordings::new(&self.tokenizer, &heard.tokens, doubt)).collect();
        let mut rows: Vec<Vec<u32>> = Vec::new();
        for row in wordings.iter().flatten().flat_map(|wordings| std::iter::once(&wordings.heard).chain(&wordings.expected)) {
            if !rows.contains(row) {
                rows.push(row.clone());
            }
        }
        let scores = on_one_thread(|options| self.decoder.score(&heard.hidden, &rows, options));
        let scores = scores.map_err(|e| SttError::Model(e.to_string()))?;
        let scored = |row: &Vec<u32>| -> Option<Scored<'_>> {
            let at = rows.iter().position(|other| other == row)?;
            Some((rows.get(at)?.as_slice(), scores.get(at)?.as_slice()))
        };
        let answer = |wordings: &Wordings| fit(scored(&wordings.heard)?, &wordings.expected.iter().filter_map(scored).collect::<Vec<_>>());
        Ok(wordings.iter().map(|wordings| wordings.as_ref().and_then(answer)).collect())
    }
}

/// The fit of the word that fits worst; `None` where one could not be compared.
fn worst(fits: Vec<Option<Fit>>) -> Option<Fit> {
    let fits: Option<Vec<Fit>> = fits.into_iter().collect();
    fits?.into_iter().min_by(|a, b| a.allows().cmp(&b.allows()).then(a.advantage.total_cmp(&b.advantage)))
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
            words.extend(self.hear(piece)?.map(|heard| heard.text.clone()).filter(|text| !text.is_empty()));
        }
        Ok(words.join(" "))
    }

    fn can_compare(&self) -> bool {
        true
    }

    /// All wordings of a piece are scored together; the encoder runs again only for audio that has been forgotten. A doubt that lies
    /// across two pieces has no answer.
    fn compare(&self, audio: &[f32], heard: &str, doubts: &[Doubt]) -> Result<Vec<Option<Fit>>, SttError> {
        let mut answers = vec![None; doubts.len()];
        let mut start = 0;
        for piece in pieces(audio) {
            let Some(piece) = self.recall(piece)?.filter(|piece| !piece.text.is_empty()) else { continue };
            let end = start + piece.text.len();
            if heard.get(start..end) != Some(piece.text.as_str()) {
                // Not the text of this audio.
                return Ok(vec![None; doubts.len()]);
            }
            let inside = |(at, doubt): (usize, &Doubt)| {
                let within = start <= doubt.heard.start && doubt.heard.end <= end;
                within.then(|| (at, Doubt { heard: doubt.heard.start - start..doubt.heard.end - start, ..doubt.clone() }))
            };
            let (places, doubts): (Vec<usize>, Vec<Doubt>) = doubts.iter().enumerate().filter_map(inside).unzip();
            for (at, fit) in places.into_iter().zip(self.compare_piece(&piece, &doubts)?) {
                if let Some(answer) = answers.get_mut(at) {
                    *answer = fit;
                }
            }
            start = end + 1;
        }
        Ok(answers)
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
