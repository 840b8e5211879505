//! The Moonshine decoder: greedy decoding, one token at a time until the end token, and the scores of given wordings.

use rten::{Model, NodeId, RunError, RunOptions, Value, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use super::repetition::loop_start;

const BEGIN: u32 = 1;
const END: u32 = 2;
const HEADS: usize = 8;
const HEAD_SIZE: usize = 52;
/// Positions scored in one pass: each has a logit for all of the 32,768 tokens, so these take 34 MB.
const MOST_POSITIONS: usize = 256;

/// The encoder's output: one row of features for each frame, in a batch of one.
pub(super) type Hidden = NdTensor<f32, 3>;

/// The decoder network and its inputs and outputs.
pub(super) struct Decoder {
    model: Model,
    token: NodeId,
    hidden: NodeId,
    use_cache: NodeId,
    logits: NodeId,
    /// The attention over the tokens so far grows with every step.
    own: Vec<Slot>,
    /// The attention over the audio is computed in the first step and kept.
    audio: Vec<Slot>,
}

/// A tensor of the cache: what goes in, what comes out.
struct Slot {
    past: NodeId,
    present: NodeId,
}

impl Decoder {
    /// Finds the decoder's inputs and outputs in a model.
    pub(super) fn new(model: Model) -> Result<Self, RunError> {
        let (mut own, mut audio) = (Vec::new(), Vec::new());
        for past in model.input_ids() {
            let info = model.node_info(*past);
            let Some(name) = info.as_ref().and_then(|n| n.name()?.strip_prefix("past_key_values.")) else {
                continue;
            };
            let present = model.node_id(&format!("present.{name}"))?;
            let slots = if name.contains("encoder") { &mut audio } else { &mut own };
            slots.push(Slot { past: *past, present });
        }
        Ok(Self {
            token: model.node_id("input_ids")?,
            hidden: model.node_id("encoder_hidden_states")?,
            use_cache: model.node_id("use_cache_branch")?,
            logits: model.node_id("logits")?,
            own,
            audio,
            model,
        })
    }

    /// The most likely tokens for the encoder's output, at most `limit` of them, without the begin
    /// and end tokens.
    pub(super) fn decode(&self, hidden: &Hidden, limit: usize, options: &RunOptions) -> Result<Vec<u32>, RunError> {
        let mut own: Vec<Value> = self.own.iter().map(|_| no_past(1)).collect();
        let mut audio: Vec<Value> = self.audio.iter().map(|_| no_past(1)).collect();
        let (mut tokens, mut last) = (Vec::new(), BEGIN);
        while tokens.len() < limit {
            let first = tokens.is_empty();
            let mut results = self.step(last, hidden, own, &audio, first, options)?.into_iter();
            last = results.next().map_or(END, most_likely);
            own = results.by_ref().take(self.own.len()).collect();
            if first {
                audio = results.collect();
            }
            if last == END {
                break;
            }
            tokens.push(last);
            if let Some(keep) = loop_start(&tokens) {
                tokens.truncate(keep);
                break;
            }
        }
        Ok(tokens)
    }

    /// For each wording the log-probability of each of its tokens and of the end token after them, each given the audio and the
    /// tokens before it.
    pub(super) fn score(&self, hidden: &Hidden, wordings: &[Vec<u32>], options: &RunOptions) -> Result<Vec<Vec<f64>>, RunError> {
        let longest = wordings.iter().map(Vec::len).max().unwrap_or(0) + 1;
        let at_once = (MOST_POSITIONS / longest).max(1);
        let mut scores = Vec::with_capacity(wordings.len());
        for batch in wordings.chunks(at_once) {
            scores.extend(self.score_batch(hidden, batch, options)?);
        }
        Ok(scores)
    }

    /// All wordings in one pass, the shorter ones filled up with end tokens.
    fn score_batch(&self, hidden: &Hidden, wordings: &[Vec<u32>], options: &RunOptions) -> Result<Vec<Vec<f64>>, RunError> {
        let rows = wordings.len();
        let width = wordings.iter().map(Vec::len).max().unwrap_or(0) + 1;
        let mut ids = Vec::with_capacity(rows * width);
        for wording in wordings {
            let row = std::iter::once(BEGIN).chain(wording.iter().copied()).chain(std::iter::repeat(END));
            ids.extend(row.take(width).map(|token| token as i32));
        }
        let [_, frames, features] = hidden.shape();
        let repeated = NdTensor::from_data([rows, frames, features], hidden.to_vec().repeat(rows));
        let mut inputs: Vec<(NodeId, ValueOrView)> = vec![
            (self.token, Tensor::from_data(&[rows, width], ids).into()),
            (self.hidden, repeated.into()),
            (self.use_cache, Tensor::from_data(&[1], vec![0]).into()),
        ];
        inputs.extend(self.own.iter().chain(&self.audio).map(|slot| (slot.past, no_past(rows).into())));
        let logits = self.model.run(inputs, &[self.logits], Some(options.clone()))?.into_iter().next();
        let Some(logits) = logits.and_then(|logits| NdTensor::<f32, 3>::try_from(logits).ok()) else { return Ok(Vec::new()) };
        let tokens = logits.size(2).max(1);
        let scores = wordings.iter().zip(logits.data().unwrap_or_default().chunks(width * tokens)).map(|(wording, logits)| {
            let targets = wording.iter().copied().chain(std::iter::once(END));
            targets.zip(logits.chunks(tokens)).map(|(token, logits)| log_probability(logits, token)).collect()
        });
        Ok(scores.collect())
    }

    /// One run of the network: the logits, the grown cache and, in the first step, the audio's.
    fn step(
        &self,
        token: u32,
        hidden: &Hidden,
        own: Vec<Value>,
        audio: &[Value],
        first: bool,
        options: &RunOptions,
    ) -> Result<Vec<Value>, RunError> {
        let mut inputs: Vec<(NodeId, ValueOrView)> = vec![
            (self.token, Tensor::from_data(&[1, 1], vec![token as i32]).into()),
            (self.hidden, hidden.into()),
            (self.use_cache, Tensor::from_data(&[1], vec![i32::from(!first)]).into()),
        ];
        // Handed over by value: the network may then grow the cache in place.
        inputs.extend(self.own.iter().zip(own).map(|(slot, value)| (slot.past, value.into())));
        inputs.extend(self.audio.iter().zip(audio).map(|(slot, value)| (slot.past, value.into())));
        let mut outputs = vec![self.logits];
        outputs.extend(self.own.iter().map(|slot| slot.present));
        if first {
            outputs.extend(self.audio.iter().map(|slot| slot.present));
        }
        self.model.run(inputs, &outputs, Some(options.clone()))
    }
}

/// The cache before the first token.
fn no_past(rows: usize) -> Value {
    Value::from(Tensor::<f32>::zeros(&[rows, HEADS, 0, HEAD_SIZE]))
}

/// The natural logarithm of a token's probability.
fn log_probability(logits: &[f32], token: u32) -> f64 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - top).exp()).sum();
    let own = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    f64::from(own - top) - sum.ln()
}

/// The token with the highest logit; the end token when there are no logits.
fn most_likely(logits: Value) -> u32 {
    let Ok(logits) = NdTensor::<f32, 3>::try_from(logits) else {
        return END;
    };
    let best = (0u32..).zip(logits.iter()).max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or(END, |(token, _)| token)
}
