//! The Silero network: one probability of speech for each frame of 32 ms.

use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use super::error::DetectError;
use super::one_thread::on_one_thread;
use crate::media::resample::MODEL_RATE;

/// Samples of a frame at 16 kHz.
pub(super) const FRAME: usize = 512;
/// Samples of the frame before that the network sees again.
pub(super) const CONTEXT: usize = 64;
/// Frames of silence after which the network's state no longer changes.
const SETTLE: usize = 32;

/// The network that distinguishes speech from everything else. Clones share the weights and may run at
/// once on several threads, one thread a run.
#[derive(Clone)]
pub struct SpeechModel(Arc<Inner>);

struct Inner {
    model: Model,
    nodes: Nodes,
    resting: State,
}

struct Nodes {
    input: NodeId,
    state: NodeId,
    rate: NodeId,
    output: NodeId,
    next: NodeId,
}

/// What the network remembers of a stream.
#[derive(Debug, Clone)]
pub(super) struct State(NdTensor<f32, 3>);

impl std::fmt::Debug for SpeechModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpeechModel")
    }
}

impl SpeechModel {
    /// Loads the network from the bytes of `silero_vad_16k_op15.onnx`.
    ///
    /// # Errors
    /// [`DetectError::Load`] when the bytes are not that model.
    pub fn from_onnx(bytes: Vec<u8>) -> Result<Self, DetectError> {
        let load = |e: &dyn std::fmt::Display| DetectError::Load(e.to_string());
        let model = ModelOptions::with_all_ops().load(bytes).map_err(|e| load(&e))?;
        let node = |name| model.node_id(name).map_err(|e| load(&e));
        let nodes =
            Nodes { input: node("input")?, state: node("state")?, rate: node("sr")?, output: node("output")?, next: node("stateN")? };
        let mut inner = Inner { model, nodes, resting: State(NdTensor::zeros([2, 1, 128])) };
        inner.resting = inner.settle()?;
        Ok(Self(Arc::new(inner)))
    }

    /// The state after a long silence: that of a stream's start, and of a stream that resumes
    /// after frames were skipped.
    pub(super) fn resting(&self) -> State {
        self.0.resting.clone()
    }

    /// The probability that `frame` (the context and 512 new samples, 16 kHz, -1 to 1) holds
    /// speech. `state` moves on.
    pub(super) fn probability(&self, frame: &[f32; CONTEXT + FRAME], state: &mut State) -> Result<f32, DetectError> {
        self.0.probability(frame, state)
    }
}

impl Inner {
    fn settle(&self) -> Result<State, DetectError> {
        let mut state = self.resting.clone();
        for _ in 0..SETTLE {
            self.probability(&[0.0; CONTEXT + FRAME], &mut state)?;
        }
        Ok(state)
    }

    fn probability(&self, frame: &[f32; CONTEXT + FRAME], state: &mut State) -> Result<f32, DetectError> {
        let failed = |e: &dyn std::fmt::Display| DetectError::Run(e.to_string());
        let input = NdTensor::from_data([1, frame.len()], frame.to_vec());
        let rate: Tensor<i32> = Tensor::from_scalar(MODEL_RATE as i32);
        let inputs =
            vec![(self.nodes.input, input.view().into()), (self.nodes.state, state.0.view().into()), (self.nodes.rate, rate.view().into())];
        let outputs = [self.nodes.output, self.nodes.next];
        let run = |options: &rten::RunOptions| self.model.run_n(inputs, outputs, Some(options.clone()));
        let [output, next] = on_one_thread(run).map_err(|e| failed(&e))?;
        let output: Tensor<f32> = output.try_into().map_err(|e| failed(&e))?;
        state.0 = next.try_into().map_err(|e| failed(&e))?;
        output.iter().next().copied().ok_or_else(|| failed(&"it gave no probability"))
    }
}
