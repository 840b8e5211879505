//! The decoder: eight layers of attention over the tokens so far and over the audio, for many sequences at once.

use std::sync::Arc;

use bytes::Bytes;
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_vecmath::{MaxNum, Silu, SumExpSub};

use super::attention::{Angles, Memory, Sight, add, layer_norm};
use super::linear::{Linear, Rows};
use super::{Hidden, INNER, LAYERS, WIDTH};
use crate::WeightsError;
use crate::kernels::Kernels;
use crate::onnx::{Quantised, Weights};

/// The token before the first one.
pub const BEGIN: u32 = 1;
/// The token after the last one.
pub const END: u32 = 2;
/// Rows whose logits are in memory at a time: each is 32,768 numbers, twice.
const ROWS_OF_LOGITS: usize = 32;

/// The decoder's weights.
pub struct Decoder {
    embedding: Quantised,
    layers: Vec<Layer>,
    last_norm: Vec<f32>,
    /// The embedding again, the other way round.
    logits: Linear,
}

struct Layer {
    own_norm: Vec<f32>,
    own: Linear,
    own_attended: Linear,
    audio_norm: Vec<f32>,
    audio_queries: Linear,
    audio: Linear,
    audio_attended: Linear,
    inner_norm: Vec<f32>,
    up: Linear,
    down: Linear,
}

/// A sequence under way: what was said so far, and the audio.
#[derive(Clone)]
pub struct Sequence {
    position: usize,
    own: Vec<Memory>,
    /// Computed once; further sequences over the same audio share it.
    audio: Arc<Vec<Memory>>,
}

impl Decoder {
    /// The weights in an ONNX file.
    pub fn new(file: Bytes) -> Result<Self, WeightsError> {
        let weights = Weights::read(file)?;
        let kernels = Kernels::default();
        let mut embedding = weights.quantised("/model/decoder/embed_tokens/Gather")?;
        // A copy of its own: a slice of the file would keep all of it in memory.
        embedding.values = Bytes::copy_from_slice(&embedding.values);
        Ok(Self {
            logits: kernels.transposed(&embedding)?,
            embedding,
            layers: (0..LAYERS).map(|number| Layer::new(&weights, &kernels, number)).collect::<Result<_, _>>()?,
            last_norm: weights.vector("/model/decoder/norm/Mul", WIDTH)?,
        })
    }

    /// A sequence without a token, over the encoder's output.
    pub fn begin(&self, hidden: &Hidden, kernels: &mut Kernels) -> Sequence {
        let mut rows = Vec::new();
        let audio = self.layers.iter().map(|layer| {
            kernels.run(&layer.audio, Rows::of(&hidden.0, WIDTH), &mut rows);
            let mut memory = Memory::default();
            rows.chunks_exact(2 * WIDTH).for_each(|row| memory.push(row.split_at(WIDTH)));
            memory
        });
        Sequence { position: 0, audio: Arc::new(audio.collect()), own: vec![Memory::default(); LAYERS] }
    }

    /// Takes each sequence its one token further; the most likely next token of each.
    pub fn step(&self, sequences: &mut [(&mut Sequence, u32)], kernels: &mut Kernels) -> Vec<u32> {
        let mut rows: Vec<_> = sequences.iter_mut().map(|(sequence, token)| (&mut **sequence, vec![*token])).collect();
        let hidden = self.advance(&mut rows, kernels);
        let mut next = Vec::with_capacity(sequences.len());
        self.logits(&hidden, kernels, |row| next.push(most_likely(row)));
        next
    }

    /// For each wording the log-probability of each of its tokens and of the end token after them, each given the audio and the tokens
    /// before it.
    pub fn score(&self, hidden: &Hidden, wordings: &[Vec<u32>], kernels: &mut Kernels) -> Vec<Vec<f64>> {
        if wordings.is_empty() {
            return Vec::new();
        }
        let begun = self.begin(hidden, kernels);
        let mut sequences: Vec<Sequence> = wordings.iter().map(|_| begun.clone()).collect();
        let tokens = wordings.iter().map(|wording| std::iter::once(BEGIN).chain(wording.iter().copied()).collect());
        let mut rows: Vec<(&mut Sequence, Vec<u32>)> = sequences.iter_mut().zip(tokens).collect();
        let hidden = self.advance(&mut rows, kernels);
        let mut targets = wordings.iter().flat_map(|wording| wording.iter().copied().chain(std::iter::once(END)));
        let mut scores = Vec::new();
        self.logits(&hidden, kernels, |row| scores.extend(targets.next().map(|token| log_probability(row, token))));
        let mut rest = scores.into_iter();
        wordings.iter().map(|wording| rest.by_ref().take(wording.len() + 1).collect()).collect()
    }

    /// Takes each sequence some tokens further: a row of features for each token, in order.
    fn advance(&self, batch: &mut [(&mut Sequence, Vec<u32>)], kernels: &mut Kernels) -> Vec<f32> {
        let mut x: Vec<f32> = batch.iter().flat_map(|(_, tokens)| tokens).flat_map(|token| self.embed(*token)).collect();
        let angles: Vec<Angles> =
            batch.iter().flat_map(|(sequence, tokens)| (sequence.position..).take(tokens.len())).map(Angles::at).collect();
        let (mut y, mut t, mut seen) = (Vec::new(), Vec::new(), vec![0.0; x.len()]);
        for (number, layer) in self.layers.iter().enumerate() {
            layer_norm(&x, &layer.own_norm, &mut y);
            kernels.run(&layer.own, Rows::of(&y, WIDTH), &mut t);
            look_back(number, batch, &angles, &mut t, kernels, &mut seen);
            kernels.run(&layer.own_attended, Rows::of(&seen, WIDTH), &mut t);
            add(&mut x, &t);
            layer_norm(&x, &layer.audio_norm, &mut y);
            kernels.run(&layer.audio_queries, Rows::of(&y, WIDTH), &mut t);
            listen(number, batch, &t, kernels, &mut seen);
            kernels.run(&layer.audio_attended, Rows::of(&seen, WIDTH), &mut t);
            add(&mut x, &t);
            layer_norm(&x, &layer.inner_norm, &mut y);
            kernels.run(&layer.up, Rows::of(&y, WIDTH), &mut t);
            gate(&mut t, &mut y);
            kernels.run(&layer.down, Rows::of(&y, INNER), &mut t);
            add(&mut x, &t);
        }
        batch.iter_mut().for_each(|(sequence, tokens)| sequence.position += tokens.len());
        layer_norm(&x, &self.last_norm, &mut y);
        y
    }

    fn embed(&self, token: u32) -> impl Iterator<Item = f32> + '_ {
        let row = self.embedding.values().get(token as usize * WIDTH..).and_then(|rest| rest.get(..WIDTH)).unwrap_or(&[0; WIDTH]);
        row.iter().map(|value| self.embedding.scale * (i32::from(*value) - self.embedding.zero) as f32)
    }

    /// The logits of each row of features, one row after another.
    fn logits(&self, hidden: &[f32], kernels: &mut Kernels, mut take: impl FnMut(&[f32])) {
        let mut logits = Vec::new();
        for rows in hidden.chunks(ROWS_OF_LOGITS * WIDTH) {
            kernels.run(&self.logits, Rows::of(rows, WIDTH), &mut logits);
            logits.chunks_exact(self.logits.outputs).for_each(&mut take);
        }
    }
}

/// Attention of each sequence's rows over its own tokens, from rows of queries, keys and values.
fn look_back(
    layer: usize,
    batch: &mut [(&mut Sequence, Vec<u32>)],
    angles: &[Angles],
    rows: &mut [f32],
    kernels: &mut Kernels,
    seen: &mut [f32],
) {
    for (row, angles) in rows.chunks_exact_mut(3 * WIDTH).zip(angles) {
        angles.turn(&mut row[..2 * WIDTH]);
    }
    let (mut rows, mut seen) = (rows.chunks_exact(3 * WIDTH), seen);
    for (sequence, tokens) in batch {
        let Some(memory) = sequence.own.get_mut(layer) else { continue };
        let mut queries = Vec::with_capacity(tokens.len() * WIDTH);
        for row in rows.by_ref().take(tokens.len()) {
            let (query, rest) = row.split_at(WIDTH);
            queries.extend_from_slice(query);
            memory.push(rest.split_at(WIDTH));
        }
        let (mine, others) = seen.split_at_mut(queries.len());
        kernels.attend(&queries, memory, Sight::Past, mine);
        seen = others;
    }
}

/// Attention of each sequence's rows over its audio.
fn listen(layer: usize, batch: &[(&mut Sequence, Vec<u32>)], queries: &[f32], kernels: &mut Kernels, seen: &mut [f32]) {
    let (mut queries, mut seen) = (queries, seen);
    for (sequence, tokens) in batch {
        let Some(memory) = sequence.audio.get(layer) else { continue };
        let (mine, others) = queries.split_at(tokens.len() * WIDTH);
        let (out, rest) = seen.split_at_mut(mine.len());
        kernels.attend(mine, memory, Sight::All, out);
        (queries, seen) = (others, rest);
    }
}

/// One half of each row, multiplied with the other as a gate.
fn gate(rows: &mut [f32], out: &mut Vec<f32>) {
    out.clear();
    for row in rows.chunks_exact_mut(2 * INNER) {
        let (values, gates) = row.split_at_mut(INNER);
        Silu {}.map_mut(gates);
        out.extend(values.iter().zip(gates).map(|(value, gate)| *value * *gate));
    }
}

/// The token with the highest logit; the end token when there are no logits.
fn most_likely(logits: &[f32]) -> u32 {
    let top = MaxNum::new(logits).dispatch();
    (0u32..).zip(logits).find(|(_, logit)| **logit == top).map_or(END, |(token, _)| token)
}

/// The natural logarithm of a token's probability.
fn log_probability(logits: &[f32], token: u32) -> f64 {
    let top = MaxNum::new(logits).dispatch();
    let sum = SumExpSub::new(logits, top).dispatch();
    let own = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    f64::from(own - top) - f64::from(sum).ln()
}

impl Layer {
    fn new(weights: &Weights, kernels: &Kernels, number: usize) -> Result<Self, WeightsError> {
        let node = |part: &str| format!("/model/decoder/layers.{number}/{part}");
        let quantised = |part: &str| weights.quantised(&node(&format!("{part}/MatMul")));
        let linear = |part: &str, bias| kernels.linear(&quantised(part)?, bias);
        let biased = |part: &str, outputs| linear(part, Some(weights.vector(&node(&format!("{part}/Add")), outputs)?));
        let [q, k, v] = ["q", "k", "v"].map(|which| quantised(&format!("self_attn/{which}_proj")));
        let [audio_keys, audio_values] = ["k", "v"].map(|which| quantised(&format!("encoder_attn/{which}_proj")));
        Ok(Self {
            own_norm: weights.vector(&node("input_layernorm/Mul"), WIDTH)?,
            own: kernels.joined(&[q?, k?, v?])?,
            own_attended: linear("self_attn/dense", None)?,
            audio_norm: weights.vector(&node("post_attention_layernorm/Mul"), WIDTH)?,
            audio_queries: linear("encoder_attn/q_proj", None)?,
            audio: kernels.joined(&[audio_keys?, audio_values?])?,
            audio_attended: linear("encoder_attn/dense", None)?,
            inner_norm: weights.vector(&node("final_layernorm/Mul"), WIDTH)?,
            up: biased("mlp/up_proj", 2 * INNER)?,
            down: biased("mlp/down_proj", WIDTH)?,
        })
    }
}
