//! Who does what, when and to whom: for `similar`, which forgives wording and order but not what belongs to what.

use super::align::{Class, Pair, Side, align};
use super::gap::{Gap, gaps};
use super::lexicon::{is_person, lemma, synonyms};
use crate::facts::Kind;

/// Words that say what a fact or a person is to the rest: one in the place of another changes the meaning.
#[rustfmt::skip]
const RELATIONS: &[&str] = &[
    "from", "to", "before", "after", "until", "by", "at", "over", "under", "between", "within", "since", "ago", "in", "with", "without", "and",
    "or", "through", "this", "next", "last", "every", "each",
];
const PAST: &[&str] = &["was", "were", "did", "had", "has", "have"];
const FUTURE: &[&str] = &["will", "shall"];

/// What changed places or was replaced, as the words heard and the words expected; words without a partner in `pairs` only.
pub(super) fn replaced(expected: &Side, heard: &Side, pairs: &[Pair]) -> Option<(usize, usize)> {
    let in_order = align(expected, heard);
    let lost = |i: &usize| !pairs.iter().any(|p| p.expected == *i);
    let added = |j: &usize| !pairs.iter().any(|p| p.heard == *j);
    let person = |side: &Side, i: &usize| side.text.word(*i).is_some_and(is_person);
    let persons = (0..expected.classes.len()).filter(lost).find(|i| person(expected, i));
    let others = (0..heard.classes.len()).filter(added).find(|j| person(heard, j));
    if let (Some(i), Some(j)) = (persons, others) {
        return Some((i, j));
    }
    gaps(expected, heard, &in_order).iter().map(|gap| gap.essential(expected, heard)).find_map(|gap| {
        let essential =
            Gap { lost: gap.lost.iter().copied().filter(lost).collect(), added: gap.added.iter().copied().filter(added).collect() };
        relation(expected, heard, &essential)
            .or_else(|| tense(expected, heard, &essential))
            .or_else(|| only_word(expected, heard, &essential))
    })
}

fn relation(expected: &Side, heard: &Side, gap: &Gap) -> Option<(usize, usize)> {
    let relates = |word: &str| RELATIONS.contains(&word) || is_person(word);
    let find = |side: &Side, places: &[usize]| places.iter().copied().find(|i| side.text.word(*i).is_some_and(relates));
    Some((find(expected, &gap.lost)?, find(heard, &gap.added)?))
}

/// "was delivered", "will be delivered".
fn tense(expected: &Side, heard: &Side, gap: &Gap) -> Option<(usize, usize)> {
    let find = |side: &Side, places: &[usize], words: &[&str]| {
        places.iter().copied().find(|i| side.text.word(*i).is_some_and(|w| words.contains(&w)))
    };
    let change = |before: &[&str], after: &[&str]| Some((find(expected, &gap.lost, before)?, find(heard, &gap.added, after)?));
    change(PAST, FUTURE).or_else(|| change(FUTURE, PAST))
}

/// One word of meaning for another between words that agree: not another wording but another fact.
fn only_word(expected: &Side, heard: &Side, gap: &Gap) -> Option<(usize, usize)> {
    let (&[i], &[j]) = (gap.lost.as_slice(), gap.added.as_slice()) else { return None };
    let meaning = expected.classes[i].is_meaning() && heard.classes[j].is_meaning();
    (meaning && !synonyms(expected.token(i), heard.token(j))).then_some((i, j))
}

/// A fact or name that plays another part: of two of one sort whose order changed, each must keep the word beside it ("2 new and 3
/// old" is "3 old and 2 new"), and what a clause says of a fact must not be what the other text says of another.
pub(super) fn exchanged(expected: &Side, heard: &Side, pairs: &[Pair]) -> Option<usize> {
    let mut parts: Vec<Pair> = pairs.iter().copied().filter(|p| plays_a_part(expected, p.expected)).collect();
    parts.sort_by_key(|p| p.expected);
    let turned = |a: &Pair, b: &Pair| a.heard > b.heard && same_sort(expected, a.expected, b.expected);
    for (n, a) in parts.iter().enumerate() {
        let alone = |b: &&Pair| turned(a, b) && !(keeps_company(expected, heard, a, pairs) && keeps_company(expected, heard, b, pairs));
        if parts[n + 1..].iter().any(|b| alone(&b)) {
            return Some(a.heard);
        }
    }
    let other = |p: &&Pair| expected.classes[p.expected] == Class::Fact && other_subject(expected, heard, p);
    parts.iter().find(other).or_else(|| pairs.iter().find(|p| other_direction(expected, heard, p))).map(|p| p.heard)
}

/// "from savings", "to savings".
fn other_direction(expected: &Side, heard: &Side, pair: &Pair) -> bool {
    const DIRECTIONS: &[&str] = &["from", "to", "before", "after", "until", "by", "within", "over", "under", "since", "with", "without"];
    let before =
        |side: &Side, i: usize| i.checked_sub(1).and_then(|b| side.text.word(b)).filter(|w| DIRECTIONS.contains(w)).map(str::to_owned);
    let carries = expected.classes[pair.expected].carries();
    match (before(expected, pair.expected), before(heard, pair.heard)) {
        (Some(a), Some(b)) => carries && a != b,
        _ => false,
    }
}

fn plays_a_part(side: &Side, i: usize) -> bool {
    matches!(side.classes[i], Class::Fact | Class::Name) || side.text.word(i).is_some_and(is_person)
}

/// Two numbers, two times, two names or persons: of these the order says which is which.
fn same_sort(side: &Side, a: usize, b: usize) -> bool {
    let sort = |i: usize| match side.text.tokens()[i].kind {
        Kind::Word => (Kind::Word, side.classes[i] == Class::Fact),
        kind => (kind, true),
    };
    sort(a) == sort(b)
}

/// The relation before it is the same, and the word of meaning beside it.
fn keeps_company(expected: &Side, heard: &Side, pair: &Pair, pairs: &[Pair]) -> bool {
    let relation = |side: &Side, i: usize| {
        let before = (i.saturating_sub(2)..i).rev().find_map(|k| side.text.word(k).filter(|w| RELATIONS.contains(w) && *w != "and"));
        before.map(|w| lemma(w).to_owned())
    };
    if relation(expected, pair.expected) != relation(heard, pair.heard) {
        return false;
    }
    if relation(expected, pair.expected).is_some() {
        return true;
    }
    let partner = |i: usize| pairs.iter().find(|p| p.expected == i).map(|p| p.heard);
    let beside =
        |i: usize, j: Option<usize>| i < expected.classes.len() && expected.classes[i].is_meaning() && j.is_some() && partner(i) == j;
    beside(pair.expected + 1, Some(pair.heard + 1)) || (pair.expected > 0 && beside(pair.expected - 1, pair.heard.checked_sub(1)))
}

/// The clause before the fact is about something else, which the other text says of another fact.
fn other_subject(expected: &Side, heard: &Side, pair: &Pair) -> bool {
    let (wanted, said) = (subject(expected, pair.expected), subject(heard, pair.heard));
    let only = |a: &[&str], b: &[&str]| a.iter().filter(|w| !b.contains(w)).map(|w| (*w).to_owned()).collect::<Vec<String>>();
    let (lost, added) = (only(&wanted, &said), only(&said, &wanted));
    let stands = |side: &Side, word: &String| (0..side.classes.len()).any(|i| side.text.word(i).map(lemma) == Some(word));
    !lost.is_empty() && !added.is_empty() && lost.iter().all(|w| stands(heard, w)) && added.iter().all(|w| stands(expected, w))
}

/// The words of meaning before a fact, back to the last fact, comma or "and".
fn subject<'a>(side: &'a Side, fact: usize) -> Vec<&'a str> {
    let text = side.text;
    let mut words = Vec::new();
    for i in (0..fact).rev() {
        let between = text.source().get(text.tokens()[i].span.end..text.tokens()[i + 1].span.start).unwrap_or_default();
        let boundary = between.contains([',', '.', ';', '?', '!']) || matches!(text.word(i), Some("and" | "but" | "or"));
        if boundary || side.classes[i] == Class::Fact {
            break;
        }
        words.extend(text.word(i).filter(|_| side.classes[i].is_meaning()).map(lemma));
    }
    words
}
