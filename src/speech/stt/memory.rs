//! What the embedded engine remembers of the audio that it has heard: the words, and enough to be asked about them.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use goldencall_networks::moonshine::Hidden;

use crate::lock::lock;

/// What is kept of the encoder's output: some eight minutes of speech, of all calls together.
const MOST_BYTES: usize = 32 << 20;
/// Pieces whose tokens are kept. A prompt that a bot plays again and again comes bit for bit the same over a clean line.
const MOST_PIECES: usize = 10_000;

/// One piece of audio as it was heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub hidden: Hidden,
    pub tokens: Vec<u32>,
    pub text: String,
}

/// What names a piece of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key(u64);

impl Key {
    pub fn of(audio: &[f32]) -> Self {
        let mut hasher = DefaultHasher::new();
        audio.len().hash(&mut hasher);
        for sample in audio {
            sample.to_bits().hash(&mut hasher);
        }
        Self(hasher.finish())
    }
}

/// The pieces heard last. What has been dropped is heard again when it is asked about.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    pieces: VecDeque<(Key, Arc<Heard>)>,
    tokens: HashMap<Key, Vec<u32>>,
    oldest: VecDeque<Key>,
}

impl Memory {
    pub fn find(&self, key: Key) -> Option<Arc<Heard>> {
        lock(&self.kept).pieces.iter().find(|(other, _)| *other == key).map(|(_, heard)| Arc::clone(heard))
    }

    /// The tokens of a piece that was heard before, even if the rest is forgotten.
    pub fn tokens(&self, key: Key) -> Option<Vec<u32>> {
        lock(&self.kept).tokens.get(&key).cloned()
    }

    pub fn keep(&self, key: Key, heard: &Arc<Heard>) {
        let mut kept = lock(&self.kept);
        if kept.tokens.insert(key, heard.tokens.clone()).is_none() {
            kept.oldest.push_back(key);
        }
        while kept.oldest.len() > MOST_PIECES {
            let Some(dropped) = kept.oldest.pop_front() else { break };
            kept.tokens.remove(&dropped);
        }
        let pieces = &mut kept.pieces;
        pieces.retain(|(other, _)| *other != key);
        pieces.push_back((key, Arc::clone(heard)));
        let mut bytes: usize = pieces.iter().map(|(_, heard)| heard.hidden.bytes()).sum();
        while bytes > MOST_BYTES {
            let Some((_, dropped)) = pieces.pop_front() else { return };
            bytes -= dropped.hidden.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_dropped_when_there_is_too_much() {
        let memory = Memory::default();
        // A third of what is kept, and a bit.
        let size = MOST_BYTES / 12 + 1;
        let heard = |text: &str| Arc::new(Heard { hidden: Hidden(vec![0.0; size]), tokens: vec![7], text: text.to_owned() });
        for (level, text) in [(0.1, "one"), (0.2, "two"), (0.2, "two again"), (0.3, "three")] {
            memory.keep(Key::of(&[level]), &heard(text));
        }
        let found = |level: f32| memory.find(Key::of(&[level])).map(|heard| heard.text.clone());
        assert_eq!([found(0.1), found(0.2), found(0.3)], [None, Some("two again".to_owned()), Some("three".to_owned())]);
        assert_eq!(memory.tokens(Key::of(&[0.1])), Some(vec![7]));
        assert_eq!(memory.tokens(Key::of(&[0.1, 0.1])), None);
    }
}
