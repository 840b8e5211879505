//! `contains`: each phrase, whole words, one after another.

use super::compat::{covers, is_fact};
use super::judgement::Judgement;
use super::leniency::Leniency;
use super::lexicon::opposed;
use super::likeness::likeness;
use super::normalise::{Normalised, normalise};

/// A word of at least so many letters may be misheard a little.
const LONG_WORD: usize = 6;
const WORD_LIKENESS: f64 = 0.8;

pub(super) fn judge(phrases: &[String], heard: &str, _leniency: &Leniency<'_>) -> Judgement {
    let heard = normalise(heard);
    let missing: Vec<String> = phrases.iter().filter(|p| !occurs(&normalise(p), &heard)).map(|p| format!("`{}`", p.trim())).collect();
    let found = phrases.len() - missing.len();
    let score = if phrases.is_empty() { 1.0 } else { found as f64 / phrases.len() as f64 };
    let reason = match missing.len() {
        0 => "every phrase was heard".to_owned(),
        1 => format!("{} was not heard", missing[0]),
        _ => format!("{} were not heard", missing.join(" and ")),
    };
    Judgement::new(missing.is_empty(), score, reason)
}

/// A phrase without words never occurs.
fn occurs(phrase: &Normalised, heard: &Normalised) -> bool {
    let (length, total) = (phrase.tokens().len(), heard.tokens().len());
    length > 0 && length <= total && (0..=total - length).any(|from| (0..length).all(|i| fits(phrase, i, heard, from + i)))
}

fn fits(phrase: &Normalised, i: usize, heard: &Normalised, j: usize) -> bool {
    if covers(phrase, i, heard, j) {
        return true;
    }
    let (Some(a), Some(b)) = (phrase.word(i), heard.word(j)) else {
        return false;
    };
    if is_fact(phrase, i) || is_fact(heard, j) || opposed(a, b) {
        return false;
    }
    a.chars().count() >= LONG_WORD && b.chars().count() >= LONG_WORD && likeness(a, b) >= WORD_LIKENESS
}
