//! `says`: the whole reply, forgiving what a recogniser gets wrong.
//!
//! 1. Lay the heard tokens along the expected ones ([`align`]).
//! 2. Every fact must be laid on the same fact. A lost, added or different one fails, whatever the rest.
//! 3. Opposites, one on each side, fail.
//! 4. An unlike word in the place of a word with meaning fails; one somewhat alike is let pass in a
//!    long reply.
//! 5. What is left is weighed: 1 minus the weight of lost, added and misheard words over the weight
//!    of both texts. It must be at least [`THRESHOLD`].

use super::align::{Class, NAME_LIKENESS, Pair, Side, WORD_LIKENESS, align};
use super::compat::same_sort;
use super::judgement::Judgement;
use super::leniency::Leniency;
use super::lexicon::{is_negation, lemma, opposed};
use super::likeness::likeness;
use super::normalise::{Kind, normalise, normalise_heard};

/// Least score of a reply that is taken for the expected one.
pub(super) const THRESHOLD: f64 = 0.8;
/// Least likeness of the one odd word that a long reply may have.
const ODD_LIKENESS: f64 = 0.4;
/// A reply with at least so many words of meaning and facts laid on each other is long.
const LONG: usize = 6;
/// In a reply with at most so many words of meaning each must be nearly right.
const SHORT: usize = 2;
const SHORT_LIKENESS: f64 = 0.75;

pub(super) fn judge(expected: &str, heard: &str, _leniency: &Leniency<'_>) -> Judgement {
    let expected = normalise(expected);
    let heard = normalise_heard(heard, &expected);
    if expected.tokens().is_empty() || heard.tokens().is_empty() {
        return Judgement::of_nothing(&expected, &heard);
    }
    let (mut expected, mut heard) = (Side::new(&expected), Side::new(&heard));
    if !expected.has_meaning() {
        expected.promote_fillers(|_| true);
        let known: Vec<&str> = (0..expected.classes.len()).map(|i| lemma(expected.token(i))).collect();
        heard.promote_fillers(|word| known.contains(&word));
    }
    let pairs = align(&expected, &heard);
    let comparison = Comparison::new(expected, heard, pairs);
    comparison.verdict()
}

/// A stretch between two pairs: what was lost there and what was added.
#[derive(Debug)]
struct Gap {
    lost: Vec<usize>,
    added: Vec<usize>,
    /// How alike the two sound when each is read in one go.
    alike: f64,
}

#[derive(Debug)]
struct Comparison<'a> {
    expected: Side<'a>,
    heard: Side<'a>,
    pairs: Vec<Pair>,
    gaps: Vec<Gap>,
}

impl<'a> Comparison<'a> {
    fn new(expected: Side<'a>, heard: Side<'a>, pairs: Vec<Pair>) -> Self {
        let mut comparison = Self { expected, heard, pairs, gaps: Vec::new() };
        comparison.gaps = comparison.find_gaps();
        comparison
    }

    fn find_gaps(&self) -> Vec<Gap> {
        let end = (self.expected.classes.len(), self.heard.classes.len());
        let stops = self.pairs.iter().map(|p| (p.expected, p.heard)).chain([end]);
        let (mut i, mut j) = (0, 0);
        let mut gaps = Vec::new();
        for (to_i, to_j) in stops {
            if i < to_i || j < to_j {
                let (lost, added): (Vec<_>, Vec<_>) = ((i..to_i).collect(), (j..to_j).collect());
                let alike = likeness(&solid(&self.expected, &lost), &solid(&self.heard, &added));
                gaps.push(Gap { lost, added, alike });
            }
            (i, j) = (to_i + 1, to_j + 1);
        }
        gaps
    }

    fn verdict(&self) -> Judgement {
        let score = self.score();
        let fault = self.fact_fault().or_else(|| self.opposite_fault()).or_else(|| self.word_fault());
        if let Some(reason) = fault {
            return Judgement::new(false, score, reason);
        }
        if score >= THRESHOLD {
            return Judgement::new(true, score, format!("similarity {score:.2}"));
        }
        Judgement::new(false, score, self.low_score(score))
    }

    /// Every fact without a partner, with what stands in its place when there is such a thing.
    fn fact_fault(&self) -> Option<String> {
        let unpaired = |side: &Side, taken: &dyn Fn(usize) -> bool| -> Vec<usize> {
            (0..side.classes.len()).filter(|i| side.classes[*i] == Class::Fact && !taken(*i)).collect()
        };
        let lost = unpaired(&self.expected, &|i| self.pairs.iter().any(|p| p.expected == i));
        let added = unpaired(&self.heard, &|j| self.pairs.iter().any(|p| p.heard == j));
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

    fn opposite_fault(&self) -> Option<String> {
        let lost = self.gaps.iter().flat_map(|g| &g.lost);
        let mut added = Vec::new();
        self.gaps.iter().for_each(|g| added.extend(&g.added));
        lost.flat_map(|i| added.iter().map(move |j| (*i, *j)))
            .find(|(i, j)| opposed(self.expected.token(*i), self.heard.token(*j)))
            .map(|(i, j)| self.instead(i, j))
    }

    fn word_fault(&self) -> Option<String> {
        let short = self.expected.classes.iter().filter(|c| c.carries()).count() <= SHORT;
        if short && let Some(pair) = self.pairs.iter().find(|p| self.wrong_in_short(p)) {
            return Some(self.instead(pair.expected, pair.heard));
        }
        if let Some(j) = self.moved() {
            return Some(format!("{} was heard in another place", self.heard.quote(j)));
        }
        let odd: Vec<(f64, usize, usize)> = self.gaps.iter().filter_map(|g| self.replaced(g)).collect();
        let laid = self.pairs.iter().filter(|p| self.expected.classes[p.expected].carries()).count();
        match odd[..] {
            [] => None,
            [(alike, ..)] if alike >= ODD_LIKENESS && laid >= LONG => None,
            [(_, i, j), ..] => Some(self.instead(i, j)),
        }
    }

    /// A word of meaning lost in one place and added in another: "from Denver to Boston".
    fn moved(&self) -> Option<usize> {
        let added: Vec<usize> = self.gaps.iter().flat_map(|g| g.added.iter().copied()).collect();
        let lost = self.gaps.iter().flat_map(|g| g.lost.iter().copied());
        let word = |side: &Side, i: usize| side.classes[i].is_meaning() && side.text.word(i).is_some();
        lost.filter(|i| word(&self.expected, *i))
            .find_map(|i| added.iter().copied().find(|j| lemma(self.expected.token(i)) == lemma(self.heard.token(*j))))
    }

    fn wrong_in_short(&self, pair: &Pair) -> bool {
        let class = self.expected.classes[pair.expected];
        let long_enough = self.expected.token(pair.expected).chars().count() >= 5;
        class == Class::Content && pair.fit < 1.0 && !(pair.fit >= SHORT_LIKENESS && long_enough)
    }

    /// Likeness and place of the first words of meaning of a gap, when others stand in their place.
    fn replaced(&self, gap: &Gap) -> Option<(f64, usize, usize)> {
        let word = |side: &Side, index: &&usize| side.classes[**index].is_meaning() && side.token(**index).chars().count() >= 4;
        let i = *gap.lost.iter().find(|i| word(&self.expected, i))?;
        let j = *gap.added.iter().find(|j| self.heard.classes[**j].is_meaning())?;
        let name = self.expected.classes[i] == Class::Name;
        let least = if name { NAME_LIKENESS } else { WORD_LIKENESS };
        (gap.alike < least).then_some((gap.alike, i, j))
    }

    fn score(&self) -> f64 {
        let both = self.expected.total() + self.heard.total();
        let misheard: f64 = self
            .pairs
            .iter()
            .map(|p| {
                let weights = self.expected.weight(p.expected) + self.heard.weight(p.heard);
                // Names are half forgiven.
                let share = if self.expected.classes[p.expected] == Class::Name { 0.5 } else { 1.0 };
                weights * (1.0 - p.fit) * share
            })
            .sum();
        let missed: f64 = self
            .gaps
            .iter()
            .map(|g| {
                let lost: f64 = g.lost.iter().map(|i| self.expected.weight(*i)).sum();
                let added: f64 = g.added.iter().map(|j| self.heard.weight(*j)).sum();
                let share = if g.alike >= WORD_LIKENESS { 1.0 - g.alike } else { 1.0 };
                (lost + added) * share
            })
            .sum();
        if both > 0.0 { (1.0 - (misheard + missed) / both).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The part of the expected weight that was heard.
    fn recall(&self) -> f64 {
        let heard: f64 = self.pairs.iter().map(|p| self.expected.weight(p.expected) * p.fit).sum();
        heard / self.expected.total().max(f64::MIN_POSITIVE)
    }

    fn low_score(&self, score: f64) -> String {
        let below = format!("similarity {score:.2} is below {THRESHOLD:.2}");
        if self.recall() >= 0.9 {
            return format!("the reply says more than was expected ({below}); use `contains` when it may");
        }
        let lost = self.gaps.iter().flat_map(|g| &g.lost).find(|i| self.expected.classes[**i].is_meaning());
        match lost {
            Some(i) => format!("{} was expected but not heard; {below}", self.expected.quote(*i)),
            None => format!("the wording differs: {below}"),
        }
    }

    fn instead(&self, i: usize, j: usize) -> String {
        format!("heard {} where {} was expected", self.heard.quote(j), self.expected.quote(i))
    }
}

/// The words at these places without fillers, in one string.
fn solid(side: &Side, places: &[usize]) -> String {
    places
        .iter()
        .filter(|i| side.classes[**i] != Class::Filler && side.text.tokens()[**i].kind == Kind::Word)
        .map(|i| side.token(*i))
        .collect()
}
