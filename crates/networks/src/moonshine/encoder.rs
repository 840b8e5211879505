//! The encoder: three convolutions over the samples, then eight layers of attention over all frames.

use bytes::Bytes;
use rten_gemm::PackedBMatrix;
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{Gelu, Normalize, NormalizeOptions, Tanh};

use super::attention::{Angles, Memory, Sight, add, layer_norm, moments};
use super::linear::{Linear, Rows};
use super::{Hidden, INNER, LAYERS, WIDTH};
use crate::WeightsError;
use crate::kernels::Kernels;
use crate::onnx::Weights;

/// Samples of a window of the first convolution, and from one window to the next.
const WINDOW: usize = 127;
const HOP: usize = 64;
/// Features between the second and the third convolution.
const WIDE: usize = 2 * WIDTH;

/// The encoder's weights.
pub struct Encoder {
    /// The first convolution stays in floats: it is small, and samples have more than 8 bits.
    first: PackedBMatrix<f32>,
    first_scale: Vec<f32>,
    first_bias: Vec<f32>,
    second: Linear,
    third: Linear,
    layers: Vec<Layer>,
    last_norm: Vec<f32>,
}

struct Layer {
    attention_norm: Vec<f32>,
    queries_keys_values: Linear,
    attended: Linear,
    inner_norm: Vec<f32>,
    up: Linear,
    down: Linear,
}

impl Encoder {
    /// The weights in an ONNX file.
    pub fn new(file: Bytes) -> Result<Self, WeightsError> {
        let weights = Weights::read(file)?;
        let kernels = Kernels::default();
        let convolution = |name: &str, outputs| kernels.convolution(&weights.quantised(name)?, weights.vector(name, outputs)?);
        let first = weights.quantised("/conv1/Conv")?;
        if first.shape != [WIDTH, 1, WINDOW] {
            return Err(WeightsError::Missing("/conv1/Conv".to_owned()));
        }
        let windows: Vec<f32> = first.floats().collect();
        Ok(Self {
            first: kernels.pack_floats(NdTensorView::from_data([WIDTH, WINDOW], windows.as_slice()).transposed()),
            first_scale: weights.vector("/groupnorm/Mul", WIDTH)?,
            first_bias: weights.vector("/groupnorm/Add", WIDTH)?,
            second: convolution("/conv2/Conv", WIDE)?,
            third: convolution("/conv3/Conv", WIDTH)?,
            layers: (0..LAYERS).map(|number| Layer::new(&weights, &kernels, number)).collect::<Result<_, _>>()?,
            last_norm: weights.vector("/layer_norm/Mul", WIDTH)?,
        })
    }

    /// The features of audio: mono, 16 kHz, -1 to 1, at least 0.1 s.
    pub fn encode(&self, audio: &[f32], kernels: &mut Kernels) -> Hidden {
        let mut x = self.convolve(audio, kernels);
        let angles: Vec<Angles> = (0..x.len() / WIDTH).map(Angles::at).collect();
        let (mut y, mut t, mut seen) = (Vec::new(), Vec::new(), vec![0.0; x.len()]);
        let (mut memory, mut queries) = (Memory::default(), Vec::new());
        for layer in &self.layers {
            layer_norm(&x, &layer.attention_norm, &mut y);
            kernels.run(&layer.queries_keys_values, Rows::of(&y, WIDTH), &mut t);
            split(&mut t, &angles, &mut queries, &mut memory);
            kernels.attend(&queries, &memory, Sight::All, &mut seen);
            kernels.run(&layer.attended, Rows::of(&seen, WIDTH), &mut t);
            add(&mut x, &t);
            layer_norm(&x, &layer.inner_norm, &mut y);
            kernels.run(&layer.up, Rows::of(&y, WIDTH), &mut t);
            Gelu {}.map_mut(&mut t);
            kernels.run(&layer.down, Rows::of(&t, INNER), &mut y);
            add(&mut x, &y);
        }
        layer_norm(&x, &self.last_norm, &mut y);
        Hidden(y)
    }

    /// From samples to one row for each 24 ms.
    fn convolve(&self, audio: &[f32], kernels: &mut Kernels) -> Vec<f32> {
        let windows: Vec<f32> = audio.windows(WINDOW).step_by(HOP).flatten().copied().collect();
        let count = windows.len() / WINDOW;
        let mut x = vec![0.0; count * WIDTH];
        kernels.packed_product(&mut x, NdTensorView::from_data([count, WINDOW], windows.as_slice()), &self.first);
        Tanh {}.map_mut(&mut x);
        let (mean, deviation) = moments(&x);
        for row in x.chunks_exact_mut(WIDTH) {
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: 1.0 / deviation,
                element_scale: Some(&self.first_scale),
                element_bias: Some(&self.first_bias),
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(row, options).dispatch();
        }
        let mut y = Vec::new();
        kernels.run(&self.second, Rows { data: &x, width: 7 * WIDTH, stride: 3 * WIDTH }, &mut y);
        Gelu {}.map_mut(&mut y);
        kernels.run(&self.third, Rows { data: &y, width: 3 * WIDE, stride: 2 * WIDE }, &mut x);
        Gelu {}.map_mut(&mut x);
        x
    }
}

/// Takes rows of queries, keys and values apart, turned by their positions.
fn split(rows: &mut [f32], angles: &[Angles], queries: &mut Vec<f32>, memory: &mut Memory) {
    queries.clear();
    memory.keys.clear();
    memory.values.clear();
    for (row, angles) in rows.chunks_exact_mut(3 * WIDTH).zip(angles) {
        let (turned, values) = row.split_at_mut(2 * WIDTH);
        angles.turn(turned);
        let (query, keys) = turned.split_at(WIDTH);
        queries.extend_from_slice(query);
        memory.push((keys, values));
    }
}

impl Layer {
    fn new(weights: &Weights, kernels: &Kernels, number: usize) -> Result<Self, WeightsError> {
        let node = |part: &str| format!("/layers.{number}/{part}");
        let [q, k, v] = ["q", "k", "v"].map(|which| weights.quantised(&node(&format!("self_attn/{which}_proj/MatMul"))));
        let linear = |part: &str, bias| kernels.linear(&weights.quantised(&node(part))?, bias);
        let biased = |part: &str, outputs| {
            let bias = weights.vector(&node(&format!("mlp/{part}/Add")), outputs)?;
            linear(&format!("mlp/{part}/MatMul"), Some(bias))
        };
        Ok(Self {
            attention_norm: weights.vector(&node("input_layernorm/Mul"), WIDTH)?,
            queries_keys_values: kernels.joined(&[q?, k?, v?])?,
            attended: linear("self_attn/dense/MatMul", None)?,
            inner_norm: weights.vector(&node("post_attention_layernorm/Mul"), WIDTH)?,
            up: biased("fc1", INNER)?,
            down: biased("fc2", WIDTH)?,
        })
    }
}
