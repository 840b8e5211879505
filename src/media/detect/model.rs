//! The Silero network: one probability of speech for each frame of 32 ms.

use std::sync::Arc;

use goldencall_networks::silero::{self, Silero, Stream};

use super::error::DetectError;

/// Samples of a frame at 16 kHz.
pub(super) const FRAME: usize = 512;
/// Samples of the frame before that the network sees again.
pub(super) const CONTEXT: usize = silero::FRAME - FRAME;
/// Frames of silence after which the network's state no longer changes.
const SETTLE: usize = 32;

/// The network that distinguishes speech from everything else. Clones share the weights and may run at once on several threads.
#[derive(Clone)]
pub struct SpeechModel(Arc<Inner>);

struct Inner {
    network: Silero,
    resting: Stream,
}

impl std::fmt::Debug for SpeechModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpeechModel")
    }
}

impl SpeechModel {
    /// Loads the network from the bytes of `silero_vad_16k_op15.onnx`.
    ///
    /// # Errors
    /// [`DetectError`] when the bytes are not that model.
    pub fn from_onnx(bytes: Vec<u8>) -> Result<Self, DetectError> {
        let network = Silero::new(bytes.into()).map_err(|error| DetectError(error.to_string()))?;
        let mut resting = Stream::default();
        for _ in 0..SETTLE {
            network.step(&[&[0.0; CONTEXT + FRAME]], &mut [&mut resting]);
        }
        Ok(Self(Arc::new(Inner { network, resting })))
    }

    /// The state after a long silence: that of a stream's start, and of a stream that resumes
    /// after frames were skipped.
    pub(super) fn resting(&self) -> Stream {
        self.0.resting.clone()
    }

    /// The probability that each frame (the context and 512 new samples, 16 kHz, -1 to 1) has speech in it. The streams move on.
    pub(super) fn probabilities(&self, frames: &[&[f32; CONTEXT + FRAME]], streams: &mut [&mut Stream]) -> Vec<f32> {
        self.0.network.step(frames, streams)
    }
}
