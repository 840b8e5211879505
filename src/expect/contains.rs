//! `contains`: each phrase, whole words, one after another.

use super::align::{Pair, Side, align, fit};
use super::compat::{covers, is_fact};
use super::gap::gaps;
use super::heard_as;
use super::judgement::Judgement;
use super::leniency::{Doubt, Ear, Fit, Leniency};
use super::lexicon::opposed;
use super::likeness::likeness;
use crate::facts::{Normalised, normalise_pair};

/// A lone word is sought in a word at least so like it, when the audio can be asked.
const LEAST_LIKENESS: f64 = 0.35;

pub(super) fn judge(phrases: &[String], heard: &str, leniency: &Leniency<'_>) -> Judgement {
    let sought: Vec<(&str, Sought)> = phrases.iter().map(|phrase| (phrase.trim(), seek(phrase, heard, leniency))).collect();
    let missing: Vec<String> = sought.iter().filter_map(|(phrase, sought)| sought.fault(phrase)).collect();
    let open: Vec<Doubt> = sought.iter().filter_map(|(_, sought)| sought.open()).collect();
    let found = phrases.len() - missing.len() - open.len();
    let score = if phrases.is_empty() { 1.0 } else { found as f64 / phrases.len() as f64 };
    let reason = match (&missing[..], open.first()) {
        ([], None) => "every phrase was heard".to_owned(),
        ([], Some(doubt)) => format!("`{}` was not heard", doubt.expected),
        ([one], _) => format!("{one} was not heard"),
        (more, _) => format!("{} were not heard", more.join(" and ")),
    };
    let doubts = if missing.is_empty() { open } else { Vec::new() };
    let allowed: Vec<String> = sought.iter().filter_map(|(phrase, sought)| sought.allowed(phrase)).collect();
    let reason = if allowed.is_empty() { reason } else { format!("{reason}; the audio allows {}", allowed.join(", ")) };
    let met = missing.is_empty() && doubts.is_empty();
    Judgement { doubts, ..Judgement::new(met, score, reason) }
}

/// How a phrase came out.
enum Sought {
    Found,
    Missing,
    /// Something in its place that may be the phrase misheard, as it was heard; and the audio's answer if there is one.
    InDoubt(Doubt, String, Option<Fit>),
}

impl Sought {
    fn fault(&self, phrase: &str) -> Option<String> {
        match self {
            Self::Missing => Some(format!("`{phrase}`")),
            Self::InDoubt(_, heard, Some(fit)) if !fit.allows() => Some(format!("`{phrase}` ({})", fit.in_words(phrase, heard))),
            _ => None,
        }
    }

    fn open(&self) -> Option<Doubt> {
        match self {
            Self::InDoubt(doubt, _, None) => Some(doubt.clone()),
            _ => None,
        }
    }

    fn allowed(&self, phrase: &str) -> Option<String> {
        match self {
            Self::InDoubt(_, heard, Some(fit)) if fit.allows() => Some(format!("`{heard}` for `{phrase}`")),
            _ => None,
        }
    }
}

fn seek(phrase: &str, heard: &str, leniency: &Leniency<'_>) -> Sought {
    let (phrase, mut heard) = normalise_pair(phrase, heard);
    heard_as::apply(&mut heard, &phrase, leniency.heard_as);
    let (wanted, said) = (Side::new(&phrase), Side::new(&heard));
    let strict = matches!(leniency.ear, Ear::Strict);
    // A phrase without words never occurs.
    let (length, total) = (phrase.tokens().len(), heard.tokens().len());
    if length == 0 || total == 0 {
        return Sought::Missing;
    }
    let whole = |from: usize| (0..length).all(|i| fits(&wanted, i, &said, from + i, strict));
    if length <= total && (0..=total - length).any(whole) {
        return Sought::Found;
    }
    if !strict && (0..total).any(|from| runs_on(&wanted, &heard, from)) {
        return Sought::Found;
    }
    let Ear::Audio(answer) = leniency.ear else { return Sought::Missing };
    match doubt(&phrase, &wanted, &heard, &said) {
        Some(doubt) => {
            let answer = answer(&doubt);
            let words = heard.source().get(doubt.heard.clone()).unwrap_or_default().to_owned();
            Sought::InDoubt(doubt, words, answer)
        }
        None => Sought::Missing,
    }
}

fn fits(phrase: &Side, i: usize, heard: &Side, j: usize, strict: bool) -> bool {
    if covers(phrase.text, i, heard.text, j) {
        return true;
    }
    let opposite = phrase.text.word(i).zip(heard.text.word(j)).is_some_and(|(a, b)| opposed(a, b));
    !strict && !opposite && fit(phrase, i, heard, j).is_some()
}

/// The phrase between `from` and a little later, with nothing but fillers, articles and repetitions between its words, or its words
/// cut in another way.
fn runs_on(wanted: &Side, heard: &Normalised, from: usize) -> bool {
    let phrase = wanted.text.tokens();
    let length = phrase.len();
    // Only where the phrase may begin: with its first word, or the first letters of it.
    let first = (&phrase[0], &heard.tokens()[from]);
    let letters = |text: &str| text.chars().take(1).collect::<String>();
    if !(first.0.same(first.1) || letters(&first.0.text) == letters(&first.1.text)) {
        return false;
    }
    let most = (from + 2 * length + 2).min(heard.tokens().len());
    (from + 1..=most).any(|to| {
        let part = heard.part(from..to);
        let said = Side::new(&part);
        let pairs = align(wanted, &said);
        let apart = gaps(wanted, &said, &pairs);
        let ends = |pair: Option<&Pair>, at: usize| pair.is_some_and(|p| p.heard == at);
        let tight = ends(pairs.first(), 0) && ends(pairs.last(), part.tokens().len() - 1);
        let all_lost = apart.iter().any(|gap| gap.lost.len() == length && gap.added.is_empty());
        (tight || pairs.is_empty()) && !all_lost && apart.iter().all(|gap| gap.essential(wanted, &said).is_empty())
    })
}

/// Where the phrase may have been misheard: all its other words are heard around one stretch of words, none of them a fact; or it
/// is one word, and one is like it.
fn doubt(phrase: &Normalised, wanted: &Side, heard: &Normalised, said: &Side) -> Option<Doubt> {
    let length = phrase.tokens().len();
    if (0..length).any(|i| is_fact(phrase, i) && !(0..heard.tokens().len()).any(|j| covers(phrase, i, heard, j))) {
        return None;
    }
    let likely = |from: usize, to: usize| {
        let (first, last) = (heard.tokens()[from].span.start, heard.tokens()[to - 1].span.end);
        (!(from..to).any(|j| is_fact(heard, j))).then(|| heard.source()[first..last].to_owned())
    };
    let text = phrase.source().trim();
    let total = heard.tokens().len();
    let windows = (0..total).flat_map(|from| (from + 1..=(from + length + 1).min(total)).map(move |to| (from, to)));
    let scored = windows.filter_map(|(from, to)| {
        let words = likely(from, to)?;
        let shared = (0..length).filter(|i| (from..to).any(|j| fit(wanted, *i, said, j).is_some())).count();
        let alike = likeness(&text.to_lowercase(), &words.to_lowercase());
        (alike >= LEAST_LIKENESS).then_some((alike + shared as f64 / length as f64, from, to))
    });
    let (_, from, to) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(Doubt { heard: heard.tokens()[from].span.start..heard.tokens()[to - 1].span.end, expected: text.to_owned() })
}
