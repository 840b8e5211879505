//! Words of two texts laid together without regard to order.

use super::align::{Class, Pair, Side, fit};
use super::lexicon::opposed;

/// How well two forms of one word fit: "leaves" and "leaving".
const SAME_STEM: f64 = 0.9;

/// For every expected token the best heard one that is still free; facts first, and the nearest of equal ones.
pub(super) fn pair_up(expected: &Side, heard: &Side) -> Vec<Pair> {
    let mut candidates: Vec<Pair> = Vec::new();
    for i in 0..expected.classes.len() {
        for j in 0..heard.classes.len() {
            let fit = fit(expected, i, heard, j).or_else(|| same_stem(expected, i, heard, j));
            candidates.extend(fit.map(|fit| Pair { expected: i, heard: j, fit }));
        }
    }
    let fact = |p: &Pair| expected.classes[p.expected] == Class::Fact;
    let company = |p: &Pair| company(expected, p.expected, heard, p.heard);
    // Stable: equal candidates keep the order of the texts.
    candidates.sort_by(|a, b| fact(b).cmp(&fact(a)).then(b.fit.total_cmp(&a.fit)).then(company(b).cmp(&company(a))));
    let mut taken = (vec![false; expected.classes.len()], vec![false; heard.classes.len()]);
    candidates.retain(|p| {
        let free = !taken.0[p.expected] && !taken.1[p.heard];
        if free {
            taken.0[p.expected] = true;
            taken.1[p.heard] = true;
        }
        free
    });
    candidates
}

/// How many of the neighbours are the same: of two equal words the one in like company is meant.
fn company(expected: &Side, i: usize, heard: &Side, j: usize) -> usize {
    let same = |a: Option<usize>, b: Option<usize>| match (a, b) {
        (Some(a), Some(b)) if a < expected.classes.len() && b < heard.classes.len() => fit(expected, a, heard, b).is_some(),
        _ => false,
    };
    usize::from(same(i.checked_sub(1), j.checked_sub(1))) + usize::from(same(Some(i + 1), Some(j + 1)))
}

fn same_stem(expected: &Side, i: usize, heard: &Side, j: usize) -> Option<f64> {
    let content = |side: &Side, at: usize| side.classes[at] == Class::Content;
    let (a, b) = (expected.text.word(i)?, heard.text.word(j)?);
    let same = content(expected, i) && content(heard, j) && !opposed(a, b) && stem(a) == stem(b);
    same.then_some(SAME_STEM)
}

/// The word without the endings of grammar.
fn stem(word: &str) -> &str {
    if !word.is_ascii() {
        return word;
    }
    let stem = ["ing", "ed", "es", "s", "d", "e"].iter().find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.len() >= 3));
    let stem = stem.unwrap_or(word);
    // "planned", "planning"
    let doubled = stem.as_bytes().windows(2).last().is_some_and(|pair| pair[0] == pair[1]) && stem.len() > 3 && !stem.ends_with("ll");
    let stem = if doubled && stem.len() < word.len() { &stem[..stem.len() - 1] } else { stem };
    stem.strip_suffix('e').filter(|s| s.len() >= 3).unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn forms_of_one_word_have_one_stem() {
        for (a, b) in [("leaves", "leaving"), ("book", "booked"), ("reschedule", "rescheduled"), ("plan", "planning"), ("ship", "shipped")]
        {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
        assert_ne!(stem("received"), stem("returned"));
    }
}
