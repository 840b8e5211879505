//! Word error rate after normalisation.

use crate::facts::{Normalised, normalise};
use serde::{Deserialize, Serialize};

/// What it takes to turn the expected tokens into the heard ones, by the least number of edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordErrors {
    /// Tokens heard in place of others.
    pub substitutions: usize,
    /// Tokens heard that were not expected.
    pub insertions: usize,
    /// Tokens expected that were not heard.
    pub deletions: usize,
    /// Tokens expected.
    pub reference_words: usize,
}

impl WordErrors {
    /// All edits.
    pub fn total(&self) -> usize {
        self.substitutions + self.insertions + self.deletions
    }

    /// Edits for each expected token: 0 is perfect, above 1 is possible. With nothing expected, 0 when
    /// nothing was heard and 1 otherwise.
    pub fn rate(&self) -> f64 {
        match (self.reference_words, self.total()) {
            (0, 0) => 0.0,
            (0, _) => 1.0,
            (words, errors) => errors as f64 / words as f64,
        }
    }
}

/// Sums over a corpus: the rate of the sum is the rate of the corpus.
impl std::ops::AddAssign for WordErrors {
    fn add_assign(&mut self, other: Self) {
        self.substitutions += other.substitutions;
        self.insertions += other.insertions;
        self.deletions += other.deletions;
        self.reference_words += other.reference_words;
    }
}

/// Compares canonical tokens: "3 PM" heard as "three p.m." is not an error.
pub fn word_error_rate(expected: &str, heard: &str) -> WordErrors {
    let (expected, heard) = (normalise(expected), normalise(heard));
    let start = WordErrors { reference_words: expected.tokens().len(), ..WordErrors::default() };
    let mut row: Vec<WordErrors> = (0..=heard.tokens().len()).map(|insertions| WordErrors { insertions, ..start }).collect();
    for i in 0..expected.tokens().len() {
        row = next_row(&expected, i, &heard, &row);
    }
    row.last().copied().unwrap_or(start)
}

fn next_row(expected: &Normalised, i: usize, heard: &Normalised, above: &[WordErrors]) -> Vec<WordErrors> {
    let mut row = vec![WordErrors { deletions: above[0].deletions + 1, ..above[0] }];
    for (j, token) in heard.tokens().iter().enumerate() {
        let mut replaced = above[j];
        replaced.substitutions += usize::from(!expected.tokens()[i].same(token));
        let mut lost = above[j + 1];
        lost.deletions += 1;
        let mut added = row[j];
        added.insertions += 1;
        let best = [replaced, lost, added].into_iter().min_by_key(WordErrors::total).unwrap_or(replaced);
        row.push(best);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_kind_of_error() {
        let errors = word_error_rate("you are booked for Tuesday at 3 PM", "you booked for Thursday at three p.m. please");
        let expected = WordErrors { substitutions: 1, insertions: 1, deletions: 1, reference_words: 7 };
        assert_eq!(errors, expected);
        assert!((errors.rate() - 3.0 / 7.0).abs() < 1e-9);
    }

    #[test]
    fn writing_is_no_error() {
        let errors = word_error_rate("$25 at 10:15 AM", "twenty-five dollars at ten fifteen a.m.");
        assert_eq!((errors.total(), errors.reference_words), (0, 3));
    }

    #[test]
    fn empty_texts_count() {
        assert_eq!(word_error_rate("", "").rate(), 0.0);
        assert_eq!(word_error_rate("", "hello").rate(), 1.0);
        assert_eq!(word_error_rate("hello there", "").deletions, 2);
    }
}
