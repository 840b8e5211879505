//! The speech detection network beside the general runtime.

use goldencall::internals::speech::{ModelId, ModelStore};
use goldencall_networks::silero::{FRAME, Silero, Stream};
use rten::{Model, ModelOptions, Value};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use super::support::{corpus, store_dir};

/// Samples of a frame that the frame before did not have.
const NEW: usize = 512;

/// The probabilities that the general runtime gives for the frames of one stream.
fn reference(model: &Model, frames: &[[f32; FRAME]]) -> Vec<f32> {
    let node = |name| model.node_id(name).unwrap();
    let mut state: NdTensor<f32, 3> = NdTensor::zeros([2, 1, 128]);
    let mut probability = |frame: &[f32; FRAME]| {
        let input = NdTensor::from_data([1, FRAME], frame.to_vec());
        let rate: Tensor<i32> = Tensor::from_scalar(16_000);
        let inputs = vec![(node("input"), input.view().into()), (node("state"), state.view().into()), (node("sr"), rate.view().into())];
        let [output, next]: [Value; 2] = model.run_n(inputs, [node("output"), node("stateN")], None).unwrap();
        state = next.try_into().unwrap();
        let output: Tensor<f32> = output.try_into().unwrap();
        *output.iter().next().unwrap()
    };
    frames.iter().map(&mut probability).collect()
}

fn frames(name: &str) -> Vec<[f32; FRAME]> {
    let samples: Vec<f32> = corpus(name).iter().flat_map(|sample| [f32::from(*sample) / 32768.0; 2]).collect();
    samples.windows(FRAME).step_by(NEW).map(|frame| frame.try_into().unwrap()).collect()
}

#[test]
fn streams_that_take_steps_together_get_what_the_general_runtime_gives() {
    let bytes = ModelStore::new(store_dir()).ensure(ModelId::SileroVad, &mut |_| ()).unwrap().read().unwrap();
    let network = Silero::new(bytes.clone().into()).unwrap();
    let general = ModelOptions::with_all_ops().load(bytes).unwrap();
    let streams: Vec<Vec<[f32; FRAME]>> = ["hibari_00.wav", "joe_01.wav", "hibari_07.wav"].map(frames).into();
    let expected: Vec<Vec<f32>> = streams.iter().map(|frames| reference(&general, frames)).collect();
    let steps = streams.iter().map(Vec::len).min().unwrap();
    let mut own = vec![Stream::default(); streams.len()];
    let (mut worst, mut highest) = (0f32, 0f32);
    for step in 0..steps {
        let frames: Vec<&[f32; FRAME]> = streams.iter().map(|frames| &frames[step]).collect();
        let found = network.step(&frames, &mut own.iter_mut().collect::<Vec<_>>());
        for (found, expected) in found.iter().zip(&expected) {
            worst = worst.max((found - expected[step]).abs());
            highest = highest.max(*found);
        }
    }
    assert!(worst < 1e-4 && highest > 0.9, "{worst} apart over {steps} steps, {highest} at most");
}
