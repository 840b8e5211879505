//! Units of money and the percent sign, as written and as spoken.

use super::lexeme::{Lexeme, Shape, is_mark, is_word, word};
use super::number::group;

/// Suffix of the canonical text: nothing for dollars.
pub(super) fn currency_symbol(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    match lex.get(i)?.shape {
        Shape::Mark('$') => Some(""),
        Shape::Mark('£') => Some("gbp"),
        Shape::Mark('€') => Some("eur"),
        Shape::Mark('₹') => Some("inr"),
        _ => None,
    }
}

/// The same for the word at `i`.
pub(super) fn currency_word(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    match word(lex, i)? {
        "dollar" | "dollars" | "bucks" | "usd" => Some(""),
        "pound" | "pounds" | "quid" | "gbp" => Some("gbp"),
        "euro" | "euros" | "eur" => Some("eur"),
        "rupee" | "rupees" | "inr" => Some("inr"),
        _ => None,
    }
}

/// What comes after a percent sign, or after the words for one.
pub(super) fn percent_sign(lex: &[Lexeme], at: usize) -> Option<usize> {
    if is_mark(lex, at, '%') || is_word(lex, at, &["percent"]) {
        return Some(at + 1);
    }
    (is_word(lex, at, &["per"]) && is_word(lex, at + 1, &["cent"])).then_some(at + 2)
}

/// One number with a unit of money or a percent sign after it.
pub(super) fn unit_follows(lex: &[Lexeme], i: usize) -> bool {
    group(lex, i).is_some_and(|g| currency_word(lex, g.next).is_some() || percent_sign(lex, g.next).is_some())
}
