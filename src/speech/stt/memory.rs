//! What the embedded engine remembers of the audio that it has heard, so that it can be asked about it.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use rten_tensor::prelude::*;

use super::decoder::Hidden;
use crate::lock::lock;

/// What is kept: some eight minutes of speech, of all calls together.
const MOST_BYTES: usize = 32 << 20;

/// One piece of audio as it was heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub hidden: Hidden,
    pub tokens: Vec<u32>,
    pub text: String,
}

impl Heard {
    fn bytes(&self) -> usize {
        self.hidden.len() * size_of::<f32>()
    }
}

/// The pieces heard last. What has been dropped is heard again when it is asked about.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pieces: Mutex<VecDeque<(u64, Arc<Heard>)>>,
}

impl Memory {
    pub fn find(&self, audio: &[f32]) -> Option<Arc<Heard>> {
        let key = key(audio);
        lock(&self.pieces).iter().find(|(other, _)| *other == key).map(|(_, heard)| Arc::clone(heard))
    }

    pub fn keep(&self, audio: &[f32], heard: &Arc<Heard>) {
        let key = key(audio);
        let mut pieces = lock(&self.pieces);
        pieces.retain(|(other, _)| *other != key);
        pieces.push_back((key, Arc::clone(heard)));
        let mut bytes: usize = pieces.iter().map(|(_, heard)| heard.bytes()).sum();
        while bytes > MOST_BYTES {
            let Some((_, dropped)) = pieces.pop_front() else { return };
            bytes -= dropped.bytes();
        }
    }
}

/// What names a piece of audio.
fn key(audio: &[f32]) -> u64 {
    let mut hasher = DefaultHasher::new();
    audio.len().hash(&mut hasher);
    for sample in audio {
        sample.to_bits().hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use rten_tensor::NdTensor;

    use super::*;

    #[test]
    fn the_oldest_is_dropped_when_there_is_too_much() {
        let memory = Memory::default();
        // A third of what is kept, and a bit.
        let size = MOST_BYTES / 12 + 1;
        let heard = |text: &str| Arc::new(Heard { hidden: NdTensor::zeros([1, 1, size]), tokens: Vec::new(), text: text.to_owned() });
        for (level, text) in [(0.1, "one"), (0.2, "two"), (0.2, "two again"), (0.3, "three")] {
            memory.keep(&[level], &heard(text));
        }
        let found = |level: f32| memory.find(&[level]).map(|heard| heard.text.clone());
        assert_eq!([found(0.1), found(0.2), found(0.3)], [None, Some("two again".to_owned()), Some("three".to_owned())]);
    }
}
