//! Ordinals: "3rd", "third", "twenty-first".

use super::cardinal::tens;
use super::found::Found;
use super::lexeme::{Lexeme, digits, is_mark, is_word, span, word};
use super::number::group;
use super::token::{Kind, Token};

const SMALL: [&str; 19] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
const TENS: [&str; 8] = ["twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth"];

pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    let (digits, next) = ordinal(lex, i)?;
    Some((vec![Token::new(Kind::Ordinal, digits, span(lex, i, next))], next))
}

/// Digits of the ordinal at `i`, and what comes after it.
pub(super) fn ordinal(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    if let Some(figures) = digits(lex, i) {
        return has_suffix(lex, i).then(|| (figures.to_owned(), i + 2));
    }
    let first = word(lex, i)?;
    if first == "hundredth" {
        return Some(("100".to_owned(), i + 1));
    }
    if let Some(found) = after_hundreds(lex, i) {
        return Some(found);
    }
    if let Some(ten) = tens(first) {
        let at = if is_mark(lex, i + 1, '-') { i + 2 } else { i + 1 };
        let unit = small(word(lex, at)?).filter(|n| *n < 10)?;
        return Some(((ten + unit).to_string(), at + 1));
    }
    if first == "second" && is_duration(lex, i) {
        return None;
    }
    let tenth = || (2_u64..).zip(TENS).find(|(_, w)| *w == first).map(|(n, _)| n * 10);
    small(first).or_else(tenth).map(|n| (n.to_string(), i + 1))
}

/// "one hundred and twenty first", "two hundredth".
fn after_hundreds(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let hundreds = group(lex, i).filter(|g| g.spoken && g.is_whole())?;
    let value = hundreds.value().filter(|v| *v < 100 || v % 100 == 0 || v % 10 == 0)?;
    if value < 100 {
        return is_word(lex, hundreds.next, &["hundredth"]).then(|| ((value * 100).to_string(), hundreds.next + 1));
    }
    let at = hundreds.next + usize::from(is_word(lex, hundreds.next, &["and"]) || is_mark(lex, hundreds.next, '-'));
    let last = word(lex, at)?;
    let room = if value.is_multiple_of(100) { 100 } else { 10 };
    let tenth = (2_u64..).zip(TENS).find(|(_, w)| *w == last).map(|(n, _)| n * 10);
    // "a one hundred second delay" has seconds.
    let counts = is_word(lex, at + 1, &["in", "floor", "place", "person", "caller", "customer", "visit", "street", "avenue"]);
    let seconds = last == "second" && at == hundreds.next && room == 100 && !counts;
    let add = small(last).or(tenth).filter(|n| *n < room && !seconds)?;
    Some(((value + add).to_string(), at + 1))
}

/// Figures at `i` with "st", "nd", "rd" or "th" glued to them.
pub(super) fn has_suffix(lex: &[Lexeme], i: usize) -> bool {
    is_word(lex, i + 1, &["st", "nd", "rd", "th"]) && lex[i + 1].glued
}

fn small(word: &str) -> Option<u64> {
    (1_u64..).zip(SMALL).find(|(_, w)| *w == word).map(|(n, _)| n)
}

/// "one second", "just a second": the unit of time.
fn is_duration(lex: &[Lexeme], i: usize) -> bool {
    i > 0 && (is_word(lex, i - 1, &["a", "one", "per", "every", "each", "another"]) || digits(lex, i - 1).is_some())
}
