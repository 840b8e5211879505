//! Pieces of several segments, transcribed together: the decoder reads its weights once a step for all of them.

use std::sync::Arc;

use goldencall_networks::moonshine::{BEGIN, END, Hidden, Kernels, Sequence};

use super::error::SttError;
use super::memory::{Heard, Key};
use super::network::Network;
use super::repetition::loop_start;
use super::segment::{has_sound, pieces};
use super::transcriber::Batch;
use crate::media::resample::MODEL_RATE;

/// Sequences at once. More cost each other little CPU, but a step takes longer, and somebody waits for the first of them.
const MOST_SEQUENCES: usize = 12;
/// Speech has fewer tokens per second than this; more is a loop.
const TOKENS_A_SECOND: usize = 8;
/// The limit for the shortest segments.
const FEWEST_TOKENS: usize = 8;

/// Segments under way.
pub(super) struct Together<'a> {
    network: &'a Network,
    kernels: Kernels,
    segments: Vec<Segment>,
    running: Vec<Running>,
}

/// A segment: the words of its pieces, as far as they are known.
struct Segment {
    number: usize,
    pieces: Vec<Option<String>>,
}

/// A piece of a segment, being decoded.
struct Running {
    number: usize,
    piece: usize,
    key: Key,
    hidden: Hidden,
    sequence: Sequence,
    tokens: Vec<u32>,
    limit: usize,
}

impl<'a> Together<'a> {
    pub fn new(network: &'a Network) -> Self {
        Self { network, kernels: Kernels::default(), segments: Vec::new(), running: Vec::new() }
    }

    /// A piece that was heard before, or has no sound in it, is not decoded.
    fn start(&mut self, number: usize, piece: usize, audio: &[f32]) -> Option<String> {
        if !has_sound(audio) {
            return Some(String::new());
        }
        let key = Key::of(audio);
        if let Some(tokens) = self.network.memory.tokens(key) {
            return Some(self.network.tokenizer.decode(&tokens));
        }
        let hidden = self.network.encoder.encode(audio, &mut self.kernels);
        let sequence = self.network.decoder.begin(&hidden, &mut self.kernels);
        let limit = (audio.len() * TOKENS_A_SECOND).div_ceil(MODEL_RATE as usize).max(FEWEST_TOKENS);
        self.running.push(Running { number, piece, key, hidden, sequence, tokens: Vec::new(), limit });
        None
    }

    /// The words of a piece are known.
    fn finish(&mut self, running: Running) {
        let Running { number, piece, key, hidden, tokens, .. } = running;
        let text = self.network.tokenizer.decode(&tokens);
        if let Some(words) = self.segments.iter_mut().find(|s| s.number == number).and_then(|s| s.pieces.get_mut(piece)) {
            *words = Some(text.clone());
        }
        self.network.memory.keep(key, &Arc::new(Heard { hidden, tokens, text }));
    }
}

impl Running {
    /// Takes the next token; whether it was the last.
    fn take(&mut self, token: u32) -> bool {
        if token == END {
            return true;
        }
        self.tokens.push(token);
        if let Some(keep) = loop_start(&self.tokens) {
            self.tokens.truncate(keep);
            return true;
        }
        self.tokens.len() >= self.limit
    }
}

impl Batch for Together<'_> {
    fn has_room(&self) -> bool {
        self.running.len() < MOST_SEQUENCES
    }

    /// Speech of more than 25 s is transcribed in pieces, cut where it is quietest.
    fn begin(&mut self, number: usize, audio: &[f32]) {
        let pieces = pieces(audio).into_iter().enumerate().map(|(piece, audio)| self.start(number, piece, audio)).collect();
        self.segments.push(Segment { number, pieces });
    }

    /// One token for each sequence.
    fn step(&mut self) -> Vec<(usize, Result<String, SttError>)> {
        let mut sequences: Vec<(&mut Sequence, u32)> =
            self.running.iter_mut().map(|running| (&mut running.sequence, running.tokens.last().copied().unwrap_or(BEGIN))).collect();
        let mut tokens = Vec::new();
        if !sequences.is_empty() {
            tokens = self.network.decoder.step(&mut sequences, &mut self.kernels);
        }
        let mut tokens = tokens.into_iter();
        let ended: Vec<Running> = self.running.extract_if(.., |running| running.take(tokens.next().unwrap_or(END))).collect();
        ended.into_iter().for_each(|running| self.finish(running));
        let done = self.segments.extract_if(.., |segment| segment.pieces.iter().all(Option::is_some));
        done.map(|segment| (segment.number, Ok(join(segment.pieces)))).collect()
    }
}

fn join(pieces: Vec<Option<String>>) -> String {
    pieces.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}
