//! The embedded engine's network, vocabulary and memory.

use goldencall_networks::moonshine::{Decoder, Encoder};

use super::error::SttError;
use super::memory::Memory;
use super::tokenizer::Tokenizer;
use crate::speech::store::ModelFiles;

/// What transcribing a piece takes; threads share it.
pub(super) struct Network {
    pub encoder: Encoder,
    pub decoder: Decoder,
    pub tokenizer: Tokenizer,
    pub memory: Memory,
}

impl Network {
    /// Loads the model, encoder and decoder beside each other.
    pub fn load(files: &ModelFiles) -> Result<Self, SttError> {
        let read = |file: &str| std::fs::read(files.path(file)).map_err(|e| load_error(file, &e));
        let [encoder, decoder, vocabulary] = ["encoder_model.onnx", "decoder_model_merged.onnx", "tokenizer.bin"];
        let load_encoder = || Encoder::new(read(encoder)?.into()).map_err(|e| load_error(encoder, &e));
        let load_decoder = || Decoder::new(read(decoder)?.into()).map_err(|e| load_error(decoder, &e));
        let (loaded_encoder, loaded_decoder) = std::thread::scope(|scope| {
            let beside = scope.spawn(load_encoder);
            let decoder = load_decoder();
            (beside.join().unwrap_or_else(|_| Err(load_error(encoder, &"loading it panicked"))), decoder)
        });
        Ok(Self {
            encoder: loaded_encoder?,
            decoder: loaded_decoder?,
            tokenizer: Tokenizer::parse(&read(vocabulary)?).ok_or_else(|| load_error(vocabulary, &"it is cut off"))?,
            memory: Memory::default(),
        })
    }
}

fn load_error(file: &str, reason: &dyn std::fmt::Display) -> SttError {
    SttError::Load { file: file.to_owned(), reason: reason.to_string() }
}
