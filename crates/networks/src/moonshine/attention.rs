//! What the layers of encoder and decoder share: attention, rotary positions, normalisation.

use rten_simd::SimdOp;
use rten_tensor::NdTensorView;
use rten_vecmath::{Normalize, NormalizeOptions, Softmax, Sum, SumSquareSub};

use super::WIDTH;
use crate::kernels::{Kernels, Scores};

const HEADS: usize = 8;
const HEAD: usize = WIDTH / HEADS;
/// Pairs of features of each head that are turned by the position; the rest are not.
const TURNED: usize = 16;
const EPSILON: f32 = 1e-5;

/// The sine and cosine of each pair's angle at one position.
pub struct Angles([(f32, f32); TURNED]);

impl Angles {
    pub fn at(position: usize) -> Self {
        let angle = |pair: usize| position as f32 * 10000f32.powf(-(pair as f32) / TURNED as f32);
        Self(std::array::from_fn(|pair| angle(pair).sin_cos()))
    }

    /// Turns one row of queries or keys.
    pub fn turn(&self, row: &mut [f32]) {
        for head in row.chunks_exact_mut(HEAD) {
            for ([a, b], (sin, cos)) in head.as_chunks_mut().0.iter_mut().zip(self.0) {
                (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
            }
        }
    }
}

/// Keys and values of some positions, a row each.
#[derive(Clone, Default)]
pub struct Memory {
    pub keys: Vec<f32>,
    pub values: Vec<f32>,
}

impl Memory {
    /// Adds a position.
    pub fn push(&mut self, (keys, values): (&[f32], &[f32])) {
        self.keys.extend_from_slice(keys);
        self.values.extend_from_slice(values);
    }

    pub fn positions(&self) -> usize {
        self.keys.len() / WIDTH
    }
}

/// What a row of queries may look at.
#[derive(Clone, Copy, PartialEq)]
pub enum Sight {
    /// Every position.
    All,
    /// The rows are the last positions, and none sees a later one.
    Past,
}

impl Kernels {
    /// Attention of rows of queries over a memory: writes one row to `out` for each.
    pub(crate) fn attend(&mut self, queries: &[f32], memory: &Memory, sight: Sight, out: &mut [f32]) {
        let (rows, positions) = (queries.len() / WIDTH, memory.positions());
        let queries = NdTensorView::from_data([rows, WIDTH], queries);
        let keys = NdTensorView::from_data([positions, WIDTH], memory.keys.as_slice());
        let values = NdTensorView::from_data([positions, WIDTH], memory.values.as_slice());
        let Scores { mut scores, mut found } = std::mem::take(&mut self.scores);
        scores.resize(rows * positions, 0.0);
        found.resize(rows * HEAD, 0.0);
        for head in 0..HEADS {
            let part = head * HEAD..(head + 1) * HEAD;
            let keys = keys.slice((.., part.clone()));
            self.product(&mut scores, queries.slice((.., part.clone())), keys.transposed(), 1.0 / (HEAD as f32).sqrt());
            for (row, scores) in scores.chunks_exact_mut(positions).enumerate() {
                let seen = if sight == Sight::All { positions } else { positions + row + 1 - rows };
                let (seen, unseen) = scores.split_at_mut(seen);
                Softmax::new_mut(seen).dispatch();
                unseen.fill(0.0);
            }
            let weights = NdTensorView::from_data([rows, positions], scores.as_slice());
            self.product(&mut found, weights, values.slice((.., part.clone())), 1.0);
            for (out, found) in out.chunks_exact_mut(WIDTH).zip(found.chunks_exact(HEAD)) {
                out[part.clone()].copy_from_slice(found);
            }
        }
        self.scores = Scores { scores, found };
    }
}

/// Each row with a mean of 0 and a variance of 1, then scaled.
pub fn layer_norm(rows: &[f32], scale: &[f32], out: &mut Vec<f32>) {
    out.clear();
    out.extend_from_slice(rows);
    for row in out.chunks_exact_mut(scale.len()) {
        let (mean, deviation) = moments(row);
        let options =
            NormalizeOptions { pre_scale_bias: mean, scale: 1.0 / deviation, element_scale: Some(scale), ..NormalizeOptions::default() };
        Normalize::new_mut(row, options).dispatch();
    }
}

/// Mean and standard deviation.
pub fn moments(values: &[f32]) -> (f32, f32) {
    let count = values.len() as f32;
    let mean = Sum::new(values).dispatch() / count;
    let variance = SumSquareSub::new(values, mean).dispatch() / count;
    (mean, (variance + EPSILON).sqrt())
}

/// Adds what a layer found to what went into it.
pub fn add(to: &mut [f32], found: &[f32]) {
    to.iter_mut().zip(found).for_each(|(to, found)| *to += found);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that repeat only after a long time.
    fn numbers(count: usize, seed: f32) -> Vec<f32> {
        (0..count).map(|at| (at as f32 * 0.37 + seed).sin()).collect()
    }

    #[test]
    fn rows_of_the_past_see_what_single_steps_saw() {
        let mut kernels = Kernels::default();
        let whole = Memory { keys: numbers(5 * WIDTH, 1.0), values: numbers(5 * WIDTH, 2.0) };
        let queries = numbers(3 * WIDTH, 3.0);
        let mut together = vec![0.0; 3 * WIDTH];
        kernels.attend(&queries, &whole, Sight::Past, &mut together);
        for row in 0..3 {
            let seen = (3 + row) * WIDTH;
            let memory = Memory { keys: whole.keys[..seen].to_vec(), values: whole.values[..seen].to_vec() };
            let mut alone = vec![0.0; WIDTH];
            kernels.attend(&queries[row * WIDTH..][..WIDTH], &memory, Sight::All, &mut alone);
            let apart = alone.iter().zip(&together[row * WIDTH..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-5, "row {row}: {apart}");
        }
    }

    #[test]
    fn attention_is_the_mean_of_the_values_by_likeness() {
        let mut memory = Memory { keys: vec![0.0; 2 * WIDTH], values: [vec![1.0; WIDTH], vec![3.0; WIDTH]].concat() };
        let (mut kernels, mut out) = (Kernels::default(), vec![0.0; WIDTH]);
        kernels.attend(&numbers(WIDTH, 0.0), &memory, Sight::All, &mut out);
        assert!(out.iter().all(|value| (value - 2.0).abs() < 1e-6));
        memory.keys[..WIDTH].fill(100.0);
        kernels.attend(&vec![1.0; WIDTH], &memory, Sight::All, &mut out);
        assert!(out.iter().all(|value| (value - 1.0).abs() < 1e-6));
    }

    #[test]
    fn turning_keeps_lengths_and_leaves_the_rest() {
        let mut row = numbers(WIDTH, 1.0);
        let before = row.clone();
        Angles::at(0).turn(&mut row);
        assert_eq!(row, before);
        Angles::at(7).turn(&mut row);
        let length = |row: &[f32], at: usize| row[at].hypot(row[at + 1]);
        for head in 0..HEADS {
            let at = head * HEAD;
            assert!((length(&row, at) - length(&before, at)).abs() < 1e-5 && row[at] != before[at]);
            assert_eq!(row[at + 2 * TURNED..at + HEAD], before[at + 2 * TURNED..at + HEAD]);
        }
    }
}
