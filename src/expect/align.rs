//! The best way to lay a heard text along an expected one, word by word and in order.

use super::compat::{is_fact, is_soft, same_fact};
use super::lexicon::{is_article, is_filler, is_small, lemma, opens};
use super::sound::Sound;
use crate::facts::{Kind, Normalised};

/// How well two words of equal sound fit that are not the same.
const SAME_SOUND: f64 = 0.95;

/// What a token weighs in the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Must be there, and nothing else in its place.
    Fact,
    /// A fact that may be lost.
    Soft,
    /// A word that carries meaning.
    Content,
    /// A name: a word with a capital inside a sentence.
    Name,
    /// A word of grammar.
    Small,
    /// "um", "please".
    Filler,
}

impl Class {
    pub fn weight(self) -> f64 {
        match self {
            Class::Fact => 2.0,
            Class::Content | Class::Name => 1.0,
            Class::Soft | Class::Small => 0.35,
            Class::Filler => 0.1,
        }
    }

    /// Says something: a fact or a word of meaning.
    pub fn carries(self) -> bool {
        self.is_meaning() || self == Class::Fact
    }

    /// A word whose place may not be taken by an unlike one.
    pub fn is_meaning(self) -> bool {
        matches!(self, Class::Content | Class::Name)
    }
}

/// A text with the class of each of its tokens.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub text: &'a Normalised,
    pub classes: Vec<Class>,
    sounds: Vec<Sound>,
}

impl<'a> Side<'a> {
    pub fn new(text: &'a Normalised) -> Self {
        let mut classes: Vec<Class> = Vec::with_capacity(text.tokens().len());
        for index in 0..text.tokens().len() {
            let opening = begins_sentence(text, index) || (index > 0 && classes[..index].iter().all(|c| *c == Class::Filler));
            classes.push(class(text, index, opening));
        }
        let sounds = text.tokens().iter().map(|t| Sound::of(if t.kind == Kind::Word { &t.text } else { "" })).collect();
        Self { text, classes, sounds }
    }

    pub fn weight(&self, index: usize) -> f64 {
        self.classes[index].weight()
    }

    pub fn total(&self) -> f64 {
        self.classes.iter().map(|c| c.weight()).sum()
    }

    pub fn token(&self, index: usize) -> &str {
        &self.text.tokens()[index].text
    }

    /// The original words of a token in backticks, for the reason of a judgement.
    pub fn quote(&self, index: usize) -> String {
        format!("`{}`", self.text.original(index).trim_end_matches(['.', ',', '?', '!']))
    }

    /// The source from the first of these tokens to the last; empty for none.
    pub fn words(&self, places: &[usize]) -> &'a str {
        let bytes = self.bytes(places);
        self.text.source().get(bytes).unwrap_or_default().trim_end_matches(['.', ',', '?', '!'])
    }

    /// Bytes of the source from the first of these tokens to the last.
    pub fn bytes(&self, places: &[usize]) -> std::ops::Range<usize> {
        let spans = || places.iter().map(|i| &self.text.tokens()[*i].span);
        spans().map(|s| s.start).min().unwrap_or(0)..spans().map(|s| s.end).max().unwrap_or(0)
    }

    pub fn has_meaning(&self) -> bool {
        self.classes.iter().any(|c| c.carries())
    }

    /// "Okay." alone is not a filler: gives courtesies their full weight.
    pub fn promote_fillers(&mut self, wanted: impl Fn(&str) -> bool) {
        for index in 0..self.classes.len() {
            if self.classes[index] == Class::Filler && wanted(lemma(&self.text.tokens()[index].text)) {
                self.classes[index] = Class::Content;
            }
        }
    }
}

fn class(text: &Normalised, index: usize, opening: bool) -> Class {
    if is_fact(text, index) {
        return Class::Fact;
    }
    if is_soft(text, index) {
        return Class::Soft;
    }
    match text.word(index) {
        Some(word) if is_filler(word) || (opening && opens(word)) => Class::Filler,
        Some(word) if is_small(word) => Class::Small,
        _ if is_name(text, index) => Class::Name,
        _ => Class::Content,
    }
}

/// The first word, or one after the end of a sentence.
fn begins_sentence(text: &Normalised, index: usize) -> bool {
    let start = text.tokens()[index].span.start;
    let end = index.checked_sub(1).map_or(0, |before| text.tokens()[before].span.end);
    index == 0 || text.source().get(end..start).is_some_and(|between| between.contains(['.', '!', '?']))
}

/// A capital inside a sentence, in a text that is not all capitals.
fn is_name(text: &Normalised, index: usize) -> bool {
    let source = text.source();
    let start = text.tokens()[index].span.start;
    let capital = source[start..].chars().next().is_some_and(char::is_uppercase);
    let before = source[..start].trim_end().chars().last();
    let inside = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, ',' | '\'' | '-' | ')'));
    capital && inside && source.chars().any(char::is_lowercase)
}

/// How well token `i` of `expected` and token `j` of `heard` fit, from 0 to 1; `None` when they must
/// not be laid together.
pub(super) fn fit(expected: &Side, i: usize, heard: &Side, j: usize) -> Option<f64> {
    if same_fact(expected.text, i, heard.text, j) {
        return Some(1.0);
    }
    let (a, b) = (expected.text.word(i)?, heard.text.word(j)?);
    let fact = |c: Class| matches!(c, Class::Fact | Class::Soft);
    if fact(expected.classes[i]) || fact(heard.classes[j]) {
        return None;
    }
    if lemma(a) == lemma(b) || (is_article(a) && is_article(b)) || (is_each(a) && is_each(b)) {
        return Some(1.0);
    }
    expected.sounds[i].same(&heard.sounds[j]).then_some(SAME_SOUND)
}

/// "$5 a month", "$5 per month".
fn is_each(word: &str) -> bool {
    matches!(word, "a" | "an" | "per")
}

/// One pair of tokens laid together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub expected: usize,
    pub heard: usize,
    /// See [`fit`].
    pub fit: f64,
}

/// The pairs, in order, that together weigh most.
pub(super) fn align(expected: &Side, heard: &Side) -> Vec<Pair> {
    let (rows, columns) = (expected.classes.len(), heard.classes.len());
    let mut best = vec![vec![0.0_f64; columns + 1]; rows + 1];
    let mut fits = vec![vec![None; columns]; rows];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            let fit = fit(expected, i, heard, j);
            let with = fit.map_or(0.0, |f| gain(expected, i, heard, j, f) + best[i + 1][j + 1]);
            best[i][j] = with.max(best[i + 1][j]).max(best[i][j + 1]);
            fits[i][j] = fit;
        }
    }
    let mut pairs = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < rows && j < columns {
        let with = fits[i][j].map(|f| (f, gain(expected, i, heard, j, f) + best[i + 1][j + 1]));
        match with {
            Some((fit, total)) if total >= best[i][j] => {
                pairs.push(Pair { expected: i, heard: j, fit });
                (i, j) = (i + 1, j + 1);
            }
            _ if best[i + 1][j] >= best[i][j] => i += 1,
            _ => j += 1,
        }
    }
    pairs
}

fn gain(expected: &Side, i: usize, heard: &Side, j: usize, fit: f64) -> f64 {
    // A code laid on the word it spells is a fact on one side only.
    let spelled = expected.text.tokens()[i].kind == Kind::Code || heard.text.tokens()[j].kind == Kind::Code;
    let weight = expected.weight(i).max(heard.weight(j));
    if spelled { weight } else { weight * fit }
}
