//! The recogniser as it was before its weights stayed integers: the same model on the general runtime, in 32-bit floats, one
//! sequence at a time. What the embedded engine is compared with.

use goldencall::internals::speech::{ModelFiles, Tokenizer, loop_start};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use super::Failure;

const BEGIN: u32 = 1;
const END: u32 = 2;
const HEADS: usize = 8;
const HEAD_SIZE: usize = 52;
/// The encoder's output: one row of features for each frame, in a batch of one.
type Hidden = NdTensor<f32, 3>;

/// Encoder, decoder and vocabulary.
pub struct Floats {
    encoder: Model,
    decoder: Decoder,
    tokenizer: Tokenizer,
    options: RunOptions,
}

impl Floats {
    /// Loads the model.
    pub fn load(files: &ModelFiles) -> Result<Self, Failure> {
        let model = |file: &str| ModelOptions::with_all_ops().load_file(files.path(file));
        let pool = std::sync::Arc::new(ThreadPool::with_num_threads(1));
        Ok(Self {
            encoder: model("encoder_model.onnx")?,
            decoder: Decoder::new(model("decoder_model_merged.onnx")?)?,
            tokenizer: Tokenizer::parse(&std::fs::read(files.path("tokenizer.bin"))?).ok_or("tokenizer.bin is cut off")?,
            options: RunOptions::default().with_thread_pool(Some(pool)),
        })
    }

    /// The words of a segment.
    pub fn transcribe(&self, audio: &[f32]) -> Result<String, Failure> {
        let input = NdTensor::from_data([1, audio.len()], audio.to_vec());
        let hidden = Hidden::try_from(self.encoder.run_one(input.view().into(), Some(self.options.clone()))?)?;
        let limit = (audio.len() * 8).div_ceil(16000).max(8);
        Ok(self.tokenizer.decode(&self.decoder.decode(&hidden, limit, &self.options)?))
    }
}

/// The decoder network and its inputs and outputs.
struct Decoder {
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
    fn new(model: Model) -> Result<Self, Failure> {
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
    fn decode(&self, hidden: &Hidden, limit: usize, options: &RunOptions) -> Result<Vec<u32>, Failure> {
        let mut own: Vec<Value> = self.own.iter().map(|_| no_past()).collect();
        let mut audio: Vec<Value> = self.audio.iter().map(|_| no_past()).collect();
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

    /// One run of the network: the logits, the grown cache and, in the first step, the audio's.
    fn step(
        &self,
        token: u32,
        hidden: &Hidden,
        own: Vec<Value>,
        audio: &[Value],
        first: bool,
        options: &RunOptions,
    ) -> Result<Vec<Value>, Failure> {
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
        Ok(self.model.run(inputs, &outputs, Some(options.clone()))?)
    }
}

/// The cache before the first token.
fn no_past() -> Value {
    Value::from(Tensor::<f32>::zeros(&[1, HEADS, 0, HEAD_SIZE]))
}

/// The token with the highest logit; the end token when there are no logits.
fn most_likely(logits: Value) -> u32 {
    let Ok(logits) = NdTensor::<f32, 3>::try_from(logits) else {
        return END;
    };
    let best = (0u32..).zip(logits.iter()).max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or(END, |(token, _)| token)
}
