//! Moonshine base (English), a transformer that turns 16 kHz speech into tokens, computed on the 8-bit integers that its weights are.
//!
//! The general runtime expands the weights to 32-bit floats, and then reads 165 MB for every token. Here they stay what they are, and
//! the decoder takes a step for any number of sequences at once, each at its own position: the weights are read once for all of them.

mod attention;
mod decoder;
mod encoder;
mod linear;

pub use crate::kernels::Kernels;
pub use decoder::{BEGIN, Decoder, END, Sequence};
pub use encoder::Encoder;

/// Features of a frame of audio and of a token.
const WIDTH: usize = 416;
/// Features inside a layer.
const INNER: usize = 4 * WIDTH;
/// Layers of the encoder, and of the decoder.
const LAYERS: usize = 8;

/// The encoder's output: rows of 416 features, one for each 24 ms.
#[derive(Debug, Clone, PartialEq)]
pub struct Hidden(pub Vec<f32>);

impl Hidden {
    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        self.0.len() * size_of::<f32>()
    }
}
