//! Which words were lost and which were added, in the words people wrote and said.

use super::lexicon::lemma;
use crate::facts::{Kind, Normalised, Token, normalise_pair};
use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::ops::Range;

/// A word of the difference, as it stood in its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiffWord {
    /// In both texts; the way the expected text writes it.
    Same(String),
    /// Expected but not heard.
    Missing(String),
    /// Heard but not expected.
    Added(String),
}

/// Compares word by word after normalisation: "3 PM" and "three p.m." are [`DiffWord::Same`].
pub fn word_diff(expected: &str, heard: &str) -> Vec<DiffWord> {
    let (expected, heard) = normalise_pair(expected, heard);
    let (left, right) = (Units::new(&expected), Units::new(&heard));
    let pairs = equal_tokens(&expected, &heard);
    let (same_left, same_right) = whole_units(&left, &right, &pairs);
    let mut out = Vec::new();
    let mut next = 0;
    for (unit, text) in left.texts.iter().enumerate() {
        if !same_left[unit] {
            out.push(DiffWord::Missing(text.clone()));
            continue;
        }
        // The last heard piece that belongs to this one: what was added before it comes first.
        let partner = pairs.iter().filter(|p| left.of_token[p.0] == unit).map(|p| right.of_token[p.1]).max();
        if let Some(partner) = partner {
            push_added(&mut out, &right, &same_right, next..partner);
            next = next.max(partner + 1);
        }
        out.push(DiffWord::Same(text.clone()));
    }
    push_added(&mut out, &right, &same_right, next..right.texts.len());
    out
}

fn push_added(out: &mut Vec<DiffWord>, right: &Units, same: &[bool], units: Range<usize>) {
    let added = units.filter(|unit| !same[*unit]).map(|unit| DiffWord::Added(right.texts[unit].clone()));
    out.extend(added);
}

/// `You are booked for [-Tuesday-] {+Thursday+} at 3 PM.`
pub fn render_diff(words: &[DiffWord]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let like = |w: &&DiffWord| std::mem::discriminant(*w) == std::mem::discriminant(word);
        let run: Vec<&str> = words[at..].iter().take_while(like).map(DiffWord::text).collect();
        at += run.len();
        let run = run.join(" ");
        out.push(match word {
            DiffWord::Same(_) => run,
            DiffWord::Missing(_) => format!("[-{run}-]"),
            DiffWord::Added(_) => format!("{{+{run}+}}"),
        });
    }
    out.join(" ")
}

impl DiffWord {
    /// The word without its verdict.
    pub fn text(&self) -> &str {
        match self {
            DiffWord::Same(text) | DiffWord::Missing(text) | DiffWord::Added(text) => text,
        }
    }
}

/// A text cut at white space into pieces that share no token.
struct Units {
    texts: Vec<String>,
    /// The piece that token `i` stands in.
    of_token: Vec<usize>,
}

impl Units {
    fn new(text: &Normalised) -> Self {
        let source = text.source();
        let mut texts = Vec::new();
        let mut ends = Vec::new();
        let mut start = 0;
        for (at, word) in words(source) {
            let end = at + word.len();
            // A token reaches over the white space here: the piece goes on.
            if text.tokens().iter().any(|t| t.span.start < end && t.span.end > end) {
                continue;
            }
            texts.push(source[start..end].split_whitespace().collect::<Vec<_>>().join(" "));
            ends.push(end);
            start = end;
        }
        let of_token = text.tokens().iter().map(|t| ends.partition_point(|end| *end < t.span.end)).collect();
        Self { texts, of_token }
    }
}

/// Words between white space with their places.
fn words(source: &str) -> impl Iterator<Item = (usize, &str)> {
    source.split_whitespace().map(move |word| (word.as_ptr() as usize - source.as_ptr() as usize, word))
}

fn equal_tokens(expected: &Normalised, heard: &Normalised) -> Vec<(usize, usize)> {
    let text = |t: &Token| if t.kind == Kind::Word { lemma(&t.text).to_owned() } else { t.to_string() };
    let texts = |n: &Normalised| n.tokens().iter().map(text).collect::<Vec<_>>();
    let ops = capture_diff_slices(Algorithm::Myers, &texts(expected), &texts(heard));
    let mut pairs = Vec::new();
    for op in ops {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            pairs.extend((0..len).map(|n| (old_index + n, new_index + n)));
        }
    }
    pairs
}

/// Pieces all of whose tokens are equal to tokens of pieces of which that holds as well. A piece
/// without tokens (a dash) is the same when it is expected, and nothing when it is heard.
fn whole_units(left: &Units, right: &Units, pairs: &[(usize, usize)]) -> (Vec<bool>, Vec<bool>) {
    let mut same = (vec![true; left.texts.len()], vec![true; right.texts.len()]);
    for (i, unit) in left.of_token.iter().enumerate() {
        same.0[*unit] &= pairs.iter().any(|p| p.0 == i);
    }
    for (j, unit) in right.of_token.iter().enumerate() {
        same.1[*unit] &= pairs.iter().any(|p| p.1 == j);
    }
    loop {
        let mut changed = false;
        for (i, j) in pairs {
            let (a, b) = (left.of_token[*i], right.of_token[*j]);
            if same.0[a] != same.1[b] {
                (same.0[a], same.1[b]) = (false, false);
                changed = true;
            }
        }
        if !changed {
            return same;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn render(expected: &str, heard: &str) -> String {
        render_diff(&word_diff(expected, heard))
    }

    #[test]
    fn shows_what_differs() {
        let lines = [
            render("You are booked for Tuesday at 3 PM.", "You are booked for Thursday at three p.m."),
            render("I didn't catch that.", "I did catch that"),
            render("I'm sorry, I did not get it.", "I am sorry I didn't get it"),
            render(
                "Your balance is $1,254.37.",
                "Thank you. Your balance is one thousand two hundred fifty four dollars and thirty seven cents",
            ),
            render("Your code is B7K4.", "Your code is B seven K five."),
            render("Ready for pick up - now.", "ready for pickup now please"),
            render("Which day works best for you?", ""),
            render("", "hello there"),
            render("Goodbye.", "Good-bye."),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        You are booked for [-Tuesday-] {+Thursday+} at 3 PM.
        I [-didn't-] {+did+} catch that.
        I'm sorry, I did not get it.
        {+Thank you.+} Your balance is $1,254.37.
        Your code is [-B7K4.-] {+B seven K five.+}
        Ready for pick up - now. {+please+}
        [-Which day works best for you?-]
        {+hello there+}
        Goodbye.
        ");
    }

    proptest! {
        #[test]
        fn a_text_is_the_same_as_itself(text in any::<String>()) {
            prop_assert!(word_diff(&text, &text).iter().all(|w| matches!(w, DiffWord::Same(_))));
        }

        #[test]
        fn every_expected_word_is_shown(a in "[a-z0-9 .$:']{0,40}", b in "[a-z0-9 .$:']{0,40}") {
            let shown = word_diff(&a, &b).iter().filter(|w| !matches!(w, DiffWord::Added(_))).map(|w| w.text().to_owned()).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(shown, a.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}
