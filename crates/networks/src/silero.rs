//! Silero, the network that says how likely a frame of 32 ms has speech in it, in 32-bit floats.
//!
//! Short-time spectra, four convolutions over them, and an LSTM that remembers the stream. Any number of streams take a step together: the
//! weights are read once for all of them.

use bytes::Bytes;
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::SimdUnaryOp;
use rten_tensor::NdTensorView;
use rten_vecmath::{Sigmoid, Tanh};

use crate::WeightsError;
use crate::onnx::Weights;

/// Samples of a frame at 16 kHz, the 64 of the frame before it included.
pub const FRAME: usize = 576;
/// Samples of a window of the spectra, from one to the next, and mirrored at the end of a frame.
const WINDOW: usize = 256;
const HOP: usize = 128;
const MIRRORED: usize = 64;
/// Spectra of a frame, and frequencies of each.
const SPECTRA: usize = 4;
const BINS: usize = WINDOW / 2 + 1;
/// Numbers that the LSTM remembers, twice.
const REMEMBERED: usize = 128;

/// What the network remembers of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    hidden: [f32; REMEMBERED],
    cell: [f32; REMEMBERED],
}

impl Default for Stream {
    fn default() -> Self {
        Self { hidden: [0.0; REMEMBERED], cell: [0.0; REMEMBERED] }
    }
}

/// The network's weights.
pub struct Silero {
    waves: PackedBMatrix<f32>,
    convolutions: [Convolution; 3],
    /// The fourth sees one column with nothing on either side of it, so only its middle tap counts.
    last: Layer,
    gates: Layer,
    out: Vec<f32>,
    out_bias: f32,
}

struct Layer {
    weights: PackedBMatrix<f32>,
    bias: Vec<f32>,
}

/// A convolution over three columns, with nothing beyond the first and the last.
struct Convolution {
    layer: Layer,
    channels: usize,
    stride: usize,
}

const TAPS: usize = 3;

impl Silero {
    /// The weights in an ONNX file: `silero_vad_16k_op15.onnx`.
    ///
    /// # Errors
    /// The file is another model, or none.
    pub fn new(file: Bytes) -> Result<Self, WeightsError> {
        let weights = Weights::read(file)?;
        let products = GemmExecutor::<f32>::default();
        let waves = weights.floats("model.stft.forward_basis_buffer", 2 * BINS * WINDOW)?;
        let encoder = |number, part, length| weights.floats(&format!("model.encoder.{number}.reparam_conv.{part}"), length);
        let convolution = |number, channels: usize, outputs: usize, stride| {
            let taps = encoder(number, "weight", outputs * channels * TAPS)?;
            let weight = |row: usize, output: usize| taps[(output * channels + row % channels) * TAPS + row / channels];
            let layer = Layer::new(&products, TAPS * channels, weight, encoder(number, "bias", outputs)?);
            Ok(Convolution { layer, channels, stride })
        };
        let middle = encoder(3, "weight", REMEMBERED * 64 * TAPS)?;
        let lstm = |part| weights.floats(&format!("model.decoder.rnn.weight_{part}"), 4 * REMEMBERED * REMEMBERED);
        let bias = |part| weights.floats(&format!("model.decoder.rnn.bias_{part}"), 4 * REMEMBERED);
        let [input, hidden] = [lstm("ih")?, lstm("hh")?];
        let gate = |row: usize, output: usize| match row.checked_sub(REMEMBERED) {
            None => input[output * REMEMBERED + row],
            Some(row) => hidden[output * REMEMBERED + row],
        };
        let gate_bias = bias("ih")?.iter().zip(&bias("hh")?).map(|(input, hidden)| input + hidden).collect();
        Ok(Self {
            waves: products.prepack_b(NdTensorView::from_data([2 * BINS, WINDOW], waves.as_slice()).transposed()),
            convolutions: [convolution(0, BINS, 128, 1)?, convolution(1, 128, 64, 2)?, convolution(2, 64, 64, 2)?],
            last: Layer::new(&products, 64, |row, output| middle[(output * 64 + row) * TAPS + 1], encoder(3, "bias", REMEMBERED)?),
            gates: Layer::new(&products, 2 * REMEMBERED, gate, gate_bias),
            out: weights.floats("model.decoder.decoder.2.weight", REMEMBERED)?,
            out_bias: weights.floats("model.decoder.decoder.2.bias", 1)?[0],
        })
    }

    /// The probability that each frame (16 kHz, -1 to 1) has speech in it. Frame and stream of the same place belong together; each stream moves
    /// on.
    pub fn step(&self, frames: &[&[f32; FRAME]], streams: &mut [&mut Stream]) -> Vec<f32> {
        let mut x = self.spectra(frames);
        for convolution in &self.convolutions {
            x = self.convolve(convolution, frames.len(), &x);
        }
        let y = self.run(&self.last, &x, Above::Zero);
        let mut rows = Vec::with_capacity(2 * y.len());
        for (features, stream) in y.chunks_exact(REMEMBERED).zip(streams.iter()) {
            rows.extend_from_slice(features);
            rows.extend_from_slice(&stream.hidden);
        }
        let mut gates = self.run(&self.gates, &rows, Above::All);
        let chance = |(gates, stream): (&mut [f32], &mut &mut Stream)| {
            stream.remember(gates);
            let seen = stream.hidden.iter().zip(&self.out).map(|(hidden, weight)| hidden.max(0.0) * weight);
            1.0 / (1.0 + (-(seen.sum::<f32>() + self.out_bias)).exp())
        };
        gates.chunks_exact_mut(4 * REMEMBERED).zip(streams).map(chance).collect()
    }

    /// The magnitudes of four spectra for each frame.
    fn spectra(&self, frames: &[&[f32; FRAME]]) -> Vec<f32> {
        let mut windows = Vec::with_capacity(frames.len() * SPECTRA * WINDOW);
        for frame in frames {
            let mut padded = [0.0; FRAME + MIRRORED];
            let (samples, mirrored) = padded.split_at_mut(FRAME);
            samples.copy_from_slice(*frame);
            mirrored.iter_mut().zip(frame.iter().rev().skip(1)).for_each(|(to, from)| *to = *from);
            padded.windows(WINDOW).step_by(HOP).for_each(|window| windows.extend_from_slice(window));
        }
        let waves = self.product(&self.waves, &windows);
        let parts = waves.chunks_exact(2 * BINS).map(|wave| wave.split_at(BINS));
        parts.flat_map(|(real, imaginary)| real.iter().zip(imaginary).map(|(re, im)| (re * re + im * im).sqrt())).collect()
    }

    /// A convolution of each frame's columns.
    fn convolve(&self, convolution: &Convolution, frames: usize, x: &[f32]) -> Vec<f32> {
        let Convolution { layer, channels, stride } = convolution;
        let columns = x.len() / channels / frames.max(1);
        let mut rows = Vec::with_capacity(TAPS * x.len());
        for frame in x.chunks_exact(columns * channels) {
            for middle in (0..columns).step_by(*stride) {
                // The column before, its own, the column after.
                for column in middle..middle + TAPS {
                    match column.checked_sub(1).and_then(|column| frame.get(column * channels..(column + 1) * channels)) {
                        Some(values) => rows.extend_from_slice(values),
                        None => rows.resize(rows.len() + channels, 0.0),
                    }
                }
            }
        }
        self.run(layer, &rows, Above::Zero)
    }

    fn run(&self, layer: &Layer, rows: &[f32], above: Above) -> Vec<f32> {
        let mut out = self.product(&layer.weights, rows);
        for row in out.chunks_exact_mut(layer.bias.len()) {
            row.iter_mut().zip(&layer.bias).for_each(|(y, bias)| *y += bias);
        }
        if above == Above::Zero {
            out.iter_mut().for_each(|y| *y = y.max(0.0));
        }
        out
    }

    fn product(&self, weights: &PackedBMatrix<f32>, rows: &[f32]) -> Vec<f32> {
        let count = rows.len() / weights.rows();
        let mut out = vec![0.0; count * weights.cols()];
        let rows = GemmInputA::Unpacked(NdTensorView::from_data([count, weights.rows()], rows));
        // Shapes are right by construction, which is all that a product can fail by.
        let done = GemmExecutor::default().gemm(&mut out, rows, GemmInputB::Packed(weights), GemmOptions::default());
        debug_assert!(done.is_ok(), "{done:?}");
        out
    }
}

/// What a layer lets through.
#[derive(Clone, Copy, PartialEq)]
enum Above {
    Zero,
    All,
}

impl Layer {
    fn new(products: &GemmExecutor<f32>, inputs: usize, weight: impl Fn(usize, usize) -> f32, bias: Vec<f32>) -> Self {
        let outputs = bias.len();
        let values: Vec<f32> = (0..inputs * outputs).map(|at| weight(at / outputs, at % outputs)).collect();
        Self { weights: products.prepack_b(NdTensorView::from_data([inputs, outputs], values.as_slice())), bias }
    }
}

impl Stream {
    /// Takes the four gates in: input, forget, new values, output.
    fn remember(&mut self, gates: &mut [f32]) {
        let (input_and_forget, rest) = gates.split_at_mut(2 * REMEMBERED);
        let (new, output) = rest.split_at_mut(REMEMBERED);
        Sigmoid {}.map_mut(input_and_forget);
        Tanh {}.map_mut(new);
        Sigmoid {}.map_mut(output);
        let (input, forget) = input_and_forget.split_at(REMEMBERED);
        for (at, cell) in self.cell.iter_mut().enumerate() {
            *cell = forget[at] * *cell + input[at] * new[at];
        }
        self.hidden = self.cell;
        Tanh {}.map_mut(&mut self.hidden);
        self.hidden.iter_mut().zip(output).for_each(|(hidden, gate)| *hidden *= *gate);
    }
}
