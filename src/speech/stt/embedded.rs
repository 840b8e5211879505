//! The embedded engine: Moonshine base (English), in this process.

use std::sync::Arc;

use goldencall_networks::moonshine::Kernels;
use goldencall_networks::on_one_thread;

use super::batch::Together;
use super::error::SttError;
use super::memory::{Heard, Key};
use super::network::Network;
use super::segment::{has_sound, pieces};
use super::transcriber::{Batch, Parallelism, Transcriber};
use super::wording::{Scored, Wordings, fit, word_by_word};
use crate::clock::Monotonic;
use crate::expect::{Doubt, Fit};
use crate::media::resample::MODEL_RATE;
use crate::speech::store::{ModelFiles, ModelId};

/// Share of the cores that calls may keep busy: bots that greet at the same moment must not keep each other's callers waiting.
const CPU_SHARE: f64 = 0.4;
/// However fast the machine is.
const MOST_CALLS: usize = 200;

/// The embedded recogniser. One instance serves any number of threads; each call runs on one
/// thread.
pub struct Embedded(Network);

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Embedded")
    }
}

impl Embedded {
    /// Loads the model.
    ///
    /// # Errors
    /// [`SttError::Load`] when a file is missing or is not what it should be.
    pub fn load(files: &ModelFiles) -> Result<Self, SttError> {
        Ok(Self(Network::load(files)?))
    }

    /// Transcribes one segment by itself.
    fn hear(&self, audio: &[f32]) -> Result<String, SttError> {
        let mut alone = Together::new(&self.0);
        alone.begin(0, audio);
        loop {
            if let Some((_, words)) = alone.step().pop() {
                return words;
            }
        }
    }

    /// A piece as it was heard; it is heard again where that is forgotten. `None` where it has no sound in it.
    fn recall(&self, audio: &[f32]) -> Result<Option<Arc<Heard>>, SttError> {
        if !has_sound(audio) {
            return Ok(None);
        }
        let key = Key::of(audio);
        if let Some(heard) = self.0.memory.find(key) {
            return Ok(Some(heard));
        }
        let Some(tokens) = self.0.memory.tokens(key) else {
            self.hear(audio)?;
            return Ok(self.0.memory.find(key));
        };
        let hidden = self.0.encoder.encode(audio, &mut Kernels::default());
        let heard = Arc::new(Heard { text: self.0.tokenizer.decode(&tokens), hidden, tokens });
        self.0.memory.keep(key, &heard);
        Ok(Some(heard))
    }

    /// Answers the doubts about a segment, piece by piece.
    fn ask(&self, audio: &[f32], heard: &str, doubts: &[Doubt]) -> Result<Vec<Option<Fit>>, SttError> {
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
            for (at, fit) in places.into_iter().zip(self.compare_piece(&piece, &doubts)) {
                answers[at] = fit;
            }
            start = end + 1;
        }
        Ok(answers)
    }

    /// Answers the doubts about one piece.
    fn compare_piece(&self, heard: &Heard, doubts: &[Doubt]) -> Vec<Option<Fit>> {
        let split: Vec<Vec<Doubt>> = doubts.iter().map(|doubt| word_by_word(&heard.text, doubt)).collect();
        let mut answers = self.compare_words(heard, &split.concat()).into_iter();
        split.iter().map(|parts| worst(answers.by_ref().take(parts.len()).collect())).collect()
    }

    /// Answers doubts about one piece, all in one pass.
    fn compare_words(&self, heard: &Heard, doubts: &[Doubt]) -> Vec<Option<Fit>> {
        let wordings: Vec<_> = doubts.iter().map(|doubt| Wordings::new(&self.0.tokenizer, &heard.tokens, doubt)).collect();
        let mut rows: Vec<Vec<u32>> = Vec::new();
        for row in wordings.iter().flatten().flat_map(|wordings| std::iter::once(&wordings.heard).chain(&wordings.expected)) {
            if !rows.contains(row) {
                rows.push(row.clone());
            }
        }
        let scores = self.0.decoder.score(&heard.hidden, &rows, &mut Kernels::default());
        let scored = |row: &Vec<u32>| -> Option<Scored<'_>> {
            let at = rows.iter().position(|other| other == row)?;
            Some((rows.get(at)?.as_slice(), scores.get(at)?.as_slice()))
        };
        let answer = |wordings: &Wordings| fit(scored(&wordings.heard)?, &wordings.expected.iter().filter_map(scored).collect::<Vec<_>>());
        wordings.iter().map(|wordings| wordings.as_ref().and_then(answer)).collect()
    }
}

/// The fit of the word that fits worst; `None` where one could not be compared.
fn worst(fits: Vec<Option<Fit>>) -> Option<Fit> {
    let fits: Option<Vec<Fit>> = fits.into_iter().collect();
    fits?.into_iter().min_by(|a, b| a.allows().cmp(&b.allows()).then(a.advantage.total_cmp(&b.advantage)))
}

impl Transcriber for Embedded {
    fn name(&self) -> String {
        format!("embedded {}", ModelId::MoonshineBaseEn)
    }

    fn transcribe(&self, audio: &[f32]) -> Result<String, SttError> {
        on_one_thread(|| self.hear(audio))
    }

    fn batch(&self) -> Box<dyn Batch + '_> {
        Box::new(Together::new(&self.0))
    }

    fn can_compare(&self) -> bool {
        true
    }

    /// All wordings of a piece are scored together; the encoder runs again only for audio that has been forgotten. A doubt that lies
    /// across two pieces has no answer.
    fn compare(&self, audio: &[f32], heard: &str, doubts: &[Doubt]) -> Result<Vec<Option<Fit>>, SttError> {
        on_one_thread(|| self.ask(audio, heard, doubts))
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
