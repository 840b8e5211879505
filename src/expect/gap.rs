//! A stretch between words that agree: what was lost there and what was added, less what a recogniser may do.

use super::align::{Class, Pair, Side};
use super::lexicon::{is_article, is_negation, is_small, lemma};
use super::sound::Sound;
use crate::facts::{Kind, unit_name};

/// The longest stretch that a recogniser says twice, in tokens.
const LONGEST_REPETITION: usize = 4;

/// A stretch between two pairs.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    /// Places in the expected text.
    pub lost: Vec<usize>,
    /// Places in the heard text.
    pub added: Vec<usize>,
}

/// The stretches between `pairs`, in order.
pub(super) fn gaps(expected: &Side, heard: &Side, pairs: &[Pair]) -> Vec<Gap> {
    let end = (expected.classes.len(), heard.classes.len());
    let stops = pairs.iter().map(|p| (p.expected, p.heard)).chain([end]);
    let (mut i, mut j) = (0, 0);
    let mut gaps = Vec::new();
    for (to_i, to_j) in stops {
        if i < to_i || j < to_j {
            gaps.push(Gap { lost: (i..to_i).collect(), added: (j..to_j).collect() });
        }
        (i, j) = (to_i + 1, to_j + 1);
    }
    gaps
}

impl Gap {
    pub fn is_empty(&self) -> bool {
        self.lost.is_empty() && self.added.is_empty()
    }

    /// What is left when everything is taken out that says nothing: the same words cut in another way, fillers, articles,
    /// words said twice.
    pub fn essential(&self, expected: &Side, heard: &Side) -> Gap {
        if is_same_when_joined(self, expected, heard) {
            return Gap { lost: Vec::new(), added: Vec::new() };
        }
        let lost = essential_words(expected, &self.lost);
        let added = essential_words(heard, &self.added);
        let added = without_repetitions(heard, &added);
        let left = Gap { lost, added };
        if is_same_when_joined(&left, expected, heard) { Gap { lost: Vec::new(), added: Vec::new() } } else { left }
    }
}

fn essential_words(side: &Side, places: &[usize]) -> Vec<usize> {
    places.iter().copied().filter(|i| !says_nothing(side, *i)).collect()
}

fn says_nothing(side: &Side, i: usize) -> bool {
    if matches!(side.classes[i], Class::Filler | Class::Soft) {
        return true;
    }
    let next = side.text.word(i + 1);
    match side.text.word(i) {
        // "a few" are some, "few" are hardly any.
        Some(word) if is_article(word) => !matches!(next, Some("few" | "little")),
        // "I'm afraid that we are full"
        Some("that") => {
            i > 0 && matches!(next, Some("i" | "you" | "we" | "he" | "she" | "it" | "they" | "the" | "your" | "our" | "my" | "there"))
        }
        // "open from nine to five"
        Some("from") => is_number_or_time(side, i + 1) && side.text.word(i + 2) == Some("to"),
        // "two hours and thirty minutes"
        Some("and") => i > 0 && is_number(side, i + 1) && side.text.word(i - 1).is_some_and(|w| unit_name(w).is_some()),
        _ => false,
    }
}

fn is_number_or_time(side: &Side, i: usize) -> bool {
    side.text.tokens().get(i).is_some_and(|t| matches!(t.kind, Kind::Number | Kind::Time))
}

fn is_number(side: &Side, i: usize) -> bool {
    side.text.tokens().get(i).is_some_and(|t| t.kind == Kind::Number)
}

/// Takes out words that repeat those just before or just after them.
fn without_repetitions(heard: &Side, added: &[usize]) -> Vec<usize> {
    let mut left = added.to_vec();
    for length in 1..=LONGEST_REPETITION {
        let mut at = 0;
        while at + length <= left.len() {
            let from = left[at];
            let whole = left[at..at + length].iter().copied().eq(from..from + length);
            let before = from.checked_sub(length).is_some_and(|b| repeats(heard, b, from, length));
            let after = repeats(heard, from, from + length, length);
            if whole && (before || after) {
                left.drain(at..at + length);
            } else {
                at += 1;
            }
        }
    }
    left
}

/// The `length` words at `a` are those at `b`. Figures that are said twice are other figures.
fn repeats(side: &Side, a: usize, b: usize, length: usize) -> bool {
    (0..length).all(|n| match (side.text.word(a + n), side.text.word(b + n)) {
        (Some(x), Some(y)) => lemma(x) == lemma(y) && !is_negation(x),
        _ => false,
    })
}

/// Both say the same when their words are written in one: "master card" and "mastercard", "your" and "you are".
fn is_same_when_joined(gap: &Gap, expected: &Side, heard: &Side) -> bool {
    let (Some(a), Some(b)) = (joined(expected, &gap.lost), joined(heard, &gap.added)) else { return false };
    let contracted = |long: &Side, places: &[usize], short: &str| is_contraction(long, places, short);
    let spelled = |side: &Side, places: &[usize]| places.iter().any(|i| side.text.tokens()[*i].kind == Kind::Code);
    let letters = spelled(expected, &gap.lost) || spelled(heard, &gap.added);
    a == b || (!letters && Sound::of(&a).same(&Sound::of(&b))) || contracted(expected, &gap.lost, &b) || contracted(heard, &gap.added, &a)
}

/// The words at these places in one, without fillers; `None` for none, or for more than words.
fn joined(side: &Side, places: &[usize]) -> Option<String> {
    let kept = || places.iter().filter(|i| side.classes[**i] != Class::Filler);
    let words = kept()
        .all(|i| matches!(side.text.tokens()[*i].kind, Kind::Word | Kind::Code) && side.text.word(*i).is_none_or(|w| !is_negation(w)));
    let text: String = kept().map(|i| side.token(*i)).collect();
    (words && !text.is_empty()).then_some(text)
}

/// "office is" sounds like "offices" and "you are" like "your".
fn is_contraction(long: &Side, places: &[usize], short: &str) -> bool {
    #[rustfmt::skip]
    const CONTRACTIONS: &[(&str, &str, &[&str])] = &[
        ("you", "are", &["your"]), ("they", "are", &["their", "there"]), ("we", "are", &["were"]), ("i", "will", &["ill"]),
        ("we", "will", &["well"]), ("he", "will", &["heel", "hill"]), ("who", "is", &["whose"]), ("it", "is", &["its"]),
    ];
    let [first, second] = places else { return false };
    let (Some(first), Some(second)) = (long.text.word(*first), long.text.word(*second)) else { return false };
    let listed = CONTRACTIONS.iter().any(|(a, b, shorts)| *a == first && *b == second && shorts.contains(&short));
    let noun = !is_small(first) && matches!(second, "is" | "has") && short.strip_suffix('s') == Some(first);
    listed || noun
}
