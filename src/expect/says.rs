//! `says`: the whole reply, forgiving what a recogniser gets wrong.
//!
//! 1. Lay the heard tokens along the expected ones ([`align`]): equal facts, equal words, words of equal sound.
//! 2. Take out of the stretches between what says nothing: fillers, articles, words said twice ([`Gap::essential`]).
//! 3. A fact, lost, added or different, fails. So does a word of meaning that is lost or added.
//! 4. A word in the place of another fails, unless the audio can be asked and allows the expected one.

use super::align::{Class, Pair, Side, align};
use super::compat::same_sort;
use super::gap::{Gap, gaps};
use super::heard_as;
use super::judgement::Judgement;
use super::leniency::{Doubt, Ear, Fit, Leniency};
use super::lexicon::{is_negation, lemma};
use crate::facts::{Normalised, normalise_pair};

/// Less than this is another reply, about which the audio is not asked.
const LEAST_ALIKE: f64 = 0.5;
/// The audio is asked about so many places at most.
const MOST_DOUBTS: usize = 6;

pub(super) fn judge(expected: &str, heard: &str, leniency: &Leniency<'_>) -> Judgement {
    let (expected, mut heard) = normalise_pair(expected, heard);
    heard_as::apply(&mut heard, &expected, leniency.heard_as);
    if expected.tokens().is_empty() || heard.tokens().is_empty() {
        return Judgement::of_nothing(&expected, &heard);
    }
    compare(&expected, &heard, leniency.ear)
}

/// Judges two texts that both have words and are read already.
pub(super) fn compare(expected: &Normalised, heard: &Normalised, ear: Ear<'_>) -> Judgement {
    if matches!(ear, Ear::Strict) && expected.same(heard) {
        return Judgement::new(true, 1.0, "similarity 1.00");
    }
    Comparison::new(expected, heard).verdict(ear)
}

#[derive(Debug)]
struct Comparison<'a> {
    expected: Side<'a>,
    heard: Side<'a>,
    pairs: Vec<Pair>,
    gaps: Vec<Stretch>,
}

/// A stretch between words that agree: everything that lies in it, and what of that says something.
#[derive(Debug)]
struct Stretch {
    whole: Gap,
    essential: Gap,
}

/// A stretch that differs, and what in it matters.
struct Difference<'a> {
    whole: &'a Gap,
    matters: &'a Gap,
}

impl<'a> Comparison<'a> {
    fn new(expected: &'a Normalised, heard: &'a Normalised) -> Self {
        let (mut expected, mut heard) = (Side::new(expected), Side::new(heard));
        if expected.classes.iter().all(|class| *class == Class::Filler) {
            expected.promote_fillers(|_| true);
            let known: Vec<&str> = (0..expected.classes.len()).map(|i| lemma(expected.token(i))).collect();
            heard.promote_fillers(|word| known.contains(&word));
        }
        let pairs = align(&expected, &heard);
        let gaps = gaps(&expected, &heard, &pairs).into_iter();
        let gaps = gaps.map(|whole| Stretch { essential: whole.essential(&expected, &heard), whole }).collect();
        Self { expected, heard, pairs, gaps }
    }

    fn verdict(&self, ear: Ear<'_>) -> Judgement {
        let score = self.score();
        let strict = matches!(ear, Ear::Strict);
        let stretches = self.gaps.iter();
        let differences =
            stretches.map(|Stretch { whole, essential }| Difference { whole, matters: if strict { whole } else { essential } });
        let differences: Vec<Difference> = differences.filter(|difference| !difference.matters.is_empty()).collect();
        let fault = self.fact_fault(&differences).or_else(|| self.moved(&differences)).or_else(|| self.only_on_one_side(&differences));
        if let Some(reason) = fault {
            return Judgement::new(false, score, reason);
        }
        if strict && differences.is_empty() {
            // Words of equal sound were laid on each other.
            return Judgement::new(false, score, self.unequal());
        }
        self.words(&differences, ear, score)
    }

    /// Every fact that differs, with what stands in its place when there is such a thing.
    fn fact_fault(&self, differences: &[Difference]) -> Option<String> {
        let fact = |side: &Side, i: &usize| side.classes[*i] == Class::Fact;
        let lost: Vec<usize> = differences.iter().flat_map(|d| &d.matters.lost).copied().filter(|i| fact(&self.expected, i)).collect();
        let added: Vec<usize> = differences.iter().flat_map(|d| &d.matters.added).copied().filter(|j| fact(&self.heard, j)).collect();
        let instead = lost.iter().find_map(|i| {
            let same = |j: &&usize| same_sort(self.expected.text, *i, self.heard.text, **j);
            added.iter().find(same).map(|j| (*i, *j))
        });
        let (wanted, got) = (|i| self.expected.quote(i), |j| self.heard.quote(j));
        match (instead, lost.first(), added.first()) {
            (Some((i, j)), _, _) if wanted(i).to_lowercase() == got(j).to_lowercase() => {
                Some(format!("{} was heard in another place", got(j)))
            }
            (Some((i, j)), _, _) => Some(format!("heard {} where {} was expected", got(j), wanted(i))),
            (None, Some(&i), None) => Some(format!("{} was expected but not heard", wanted(i))),
            (None, Some(&i), Some(&j)) => Some(format!("{} was expected but not heard; {} was heard instead", wanted(i), got(j))),
            (None, None, Some(&j)) => Some(self.extra_fact(j)),
            (None, None, None) => None,
        }
    }

    fn extra_fact(&self, j: usize) -> String {
        let statement = !self.heard.text.word(j).is_some_and(is_negation);
        let advice = if statement && self.recall() >= 0.9 { "; use `contains` when the reply may say more" } else { "" };
        format!("heard {}, which was not expected{advice}", self.heard.quote(j))
    }

    /// A word of meaning lost in one place and added in another: "from Denver to Boston".
    fn moved(&self, differences: &[Difference]) -> Option<String> {
        let added: Vec<usize> = differences.iter().flat_map(|d| d.matters.added.iter().copied()).collect();
        let mut lost = differences.iter().flat_map(|d| d.matters.lost.iter().copied());
        let meaning = |side: &Side, i: usize| side.classes[i].is_meaning();
        lost.find_map(|i| {
            let same = |j: &usize| lemma(self.expected.token(i)) == lemma(self.heard.token(*j)) && meaning(&self.heard, *j);
            meaning(&self.expected, i).then(|| added.iter().copied().find(same)).flatten()
        })
        .map(|j| format!("{} was heard in another place", self.heard.quote(j)))
    }

    /// Words lost with nothing in their place, or added to what was expected. Where only words of grammar are, the audio may tell.
    fn only_on_one_side(&self, differences: &[Difference]) -> Option<String> {
        let carries = |side: &Side, places: &[usize]| places.iter().any(|i| side.classes[*i].carries());
        let one_sided = differences.iter().find(|d| {
            let (lost, added) = (&d.matters.lost, &d.matters.added);
            (added.is_empty() && carries(&self.expected, lost)) || (lost.is_empty() && carries(&self.heard, added))
        })?;
        let (lost, added) = (&one_sided.matters.lost, &one_sided.matters.added);
        if !lost.is_empty() {
            return Some(format!("`{}` was expected but not heard", self.expected.words(lost)));
        }
        let said = format!("heard `{}`, which was not expected", self.heard.words(added));
        let more = self.recall() >= 0.9 && added.last().is_some_and(|j| j + 1 == self.heard.classes.len());
        Some(if more { format!("{said}; use `contains` when the reply may say more") } else { said })
    }

    /// Nothing but words is left, each of which may have been misheard.
    fn words(&self, differences: &[Difference], ear: Ear<'_>, score: f64) -> Judgement {
        if differences.is_empty() {
            return Judgement::new(true, score, format!("similarity {score:.2}"));
        }
        let first = self.instead(&differences[0]);
        let Ear::Audio(answer) = ear else { return Judgement::new(false, score, first) };
        if score < LEAST_ALIKE || differences.len() > MOST_DOUBTS {
            return Judgement::new(false, score, format!("{first}; similarity {score:.2}"));
        }
        let doubts: Vec<Doubt> = differences.iter().map(|difference| self.doubt(difference)).collect();
        let answers: Vec<Option<Fit>> = doubts.iter().map(answer).collect();
        let heard = |doubt: &Doubt| self.heard.text.source().get(doubt.heard.clone()).unwrap_or_default().to_owned();
        for ((difference, doubt), fit) in differences.iter().zip(&doubts).zip(&answers) {
            if let Some(fit) = fit.filter(|fit| !fit.allows()) {
                let why = fit.in_words(&doubt.expected, &heard(doubt));
                return Judgement::new(false, score, format!("{}; {why}", self.instead(difference)));
            }
        }
        let allowed: Vec<String> = doubts.iter().map(|doubt| format!("`{}` for `{}`", heard(doubt), doubt.expected)).collect();
        let open: Vec<Doubt> = doubts.into_iter().zip(&answers).filter(|(_, fit)| fit.is_none()).map(|(doubt, _)| doubt).collect();
        if !open.is_empty() {
            return Judgement { doubts: open, ..Judgement::new(false, score, first) };
        }
        Judgement::new(true, score, format!("similarity {score:.2}; the audio allows {}", allowed.join(", ")))
    }

    /// What to ask about a difference. Where one side has nothing the word beside it is taken along on both.
    fn doubt(&self, difference: &Difference) -> Doubt {
        let Gap { lost, added } = difference.whole;
        let (mut lost, mut added) = (lost.clone(), added.clone());
        if difference.matters.lost.is_empty() || difference.matters.added.is_empty() {
            let beyond = |p: &&Pair| lost.last().is_some_and(|i| p.expected > *i) || added.last().is_some_and(|j| p.heard > *j);
            let beside = self.pairs.iter().find(beyond).or_else(|| self.pairs.last());
            if let Some(pair) = beside {
                lost.push(pair.expected);
                added.push(pair.heard);
            }
        }
        Doubt { heard: self.heard.bytes(&added), expected: self.expected.words(&lost).to_owned() }
    }

    /// One minus the weight of what differs over the weight of both texts.
    fn score(&self) -> f64 {
        let both = self.expected.total() + self.heard.total();
        let misheard: f64 =
            self.pairs.iter().map(|p| (1.0 - p.fit) * (self.expected.weight(p.expected) + self.heard.weight(p.heard))).sum();
        let missed: f64 = self
            .gaps
            .iter()
            .map(|Stretch { essential: gap, .. }| {
                let lost: f64 = gap.lost.iter().map(|i| self.expected.weight(*i)).sum();
                lost + gap.added.iter().map(|j| self.heard.weight(*j)).sum::<f64>()
            })
            .sum();
        if both > 0.0 { (1.0 - (misheard + missed) / both).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The part of the expected weight that was heard.
    fn recall(&self) -> f64 {
        let heard: f64 = self.pairs.iter().map(|p| self.expected.weight(p.expected) * p.fit).sum();
        heard / self.expected.total().max(f64::MIN_POSITIVE)
    }

    fn instead(&self, difference: &Difference) -> String {
        let Gap { lost, added } = difference.matters;
        match (lost.is_empty(), added.is_empty()) {
            (false, false) => format!("heard `{}` where `{}` was expected", self.heard.words(added), self.expected.words(lost)),
            (false, true) => format!("`{}` was expected but not heard", self.expected.words(lost)),
            _ => format!("heard `{}`, which was not expected", self.heard.words(added)),
        }
    }

    /// For `strict`: the first words that are not equal.
    fn unequal(&self) -> String {
        let pair = self.pairs.iter().find(|p| !self.expected.text.tokens()[p.expected].same(&self.heard.text.tokens()[p.heard]));
        pair.map_or_else(
            || "the wording differs".to_owned(),
            |p| format!("heard {} where {} was expected", self.heard.quote(p.heard), self.expected.quote(p.expected)),
        )
    }
}
