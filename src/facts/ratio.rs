//! Two numbers with a mark between them: ranges, scores, ratios, readings, versions.
//!
//! They are taken apart into what is said: "5-7" is 5 to 7, "3:1" is 3 to 1, "120/80" is 120 over 80. So none of them is ever
//! the number that their figures would make together.

use super::cardinal::unit;
use super::found::Found;
use super::fraction;
use super::lexeme::{Lexeme, Shape, digits, glued_figures, is_mark, is_word, span, word};
use super::number::group;
use super::token::{Kind, Token};
use super::units::{currency_symbol, unit_follows};

/// With one of these after it, "555-777" is a range and not a number in two groups.
const COUNTED: &[&str] = &[
    "minutes",
    "hours",
    "days",
    "weeks",
    "months",
    "years",
    "business",
    "working",
    "people",
    "percent",
    "dollars",
    "seconds",
    "nights",
    "miles",
    "kilometers",
    "guests",
    "persons",
    "points",
    "pounds",
    "euros",
    "rupees",
    "degrees",
    "calories",
    "words",
    "pages",
    "items",
];

pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    version(lex, i).or_else(|| spoken_version(lex, i)).or_else(|| pair(lex, i)).or_else(|| through(lex, i))
}

/// Two numbers begin at `i` that do not make one.
pub(super) fn begins(lex: &[Lexeme], i: usize) -> bool {
    separator(lex, i).is_some()
}

/// The two numbers of "8/10".
pub(super) fn slashed(lex: &[Lexeme], i: usize) -> Option<[String; 2]> {
    Some([digits(lex, i)?.to_owned(), glued_figures(lex, i + 1, '/')?.to_owned()])
}

fn pair(lex: &[Lexeme], i: usize) -> Found {
    let said = separator(lex, i)?;
    let token = |kind, text: &str, at| Token::new(kind, text, span(lex, at, at + 1));
    // The second is read on its own: it may have a unit.
    Some((vec![token(Kind::Number, digits(lex, i)?, i), token(Kind::Word, said, i + 1)], i + 2))
}

/// What is said for the mark between two numbers.
fn separator(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    let (low, high) = (digits(lex, i)?, digits(lex, i + 2)?);
    let tight = lex[i + 1].glued && lex[i + 2].glued;
    let short = low.len() <= 3 && high.len() <= 3;
    match lex[i + 1].shape {
        Shape::Mark('/') if tight && short && fraction::alone(lex, i).is_none() => Some("over"),
        Shape::Mark(':') if tight && short && high.len() != 2 => Some("to"),
        // "24-7" is 24/7.
        Shape::Mark('-') if tight && low == "24" && high == "7" => Some("over"),
        Shape::Mark('-' | '\u{2013}') if is_range(lex, i, low, high, tight) => Some("to"),
        _ => None,
    }
}

/// Groups of a telephone number or a code are cut by hyphens as well.
fn is_range(lex: &[Lexeme], i: usize, low: &str, high: &str, tight: bool) -> bool {
    let hyphen = |at: usize| is_mark(lex, at, '-') || is_mark(lex, at, '\u{2013}');
    let chained = (hyphen(i + 3) && digits(lex, i + 4).is_some())
        || (i >= 2 && hyphen(i - 1) && lex[i].glued && (digits(lex, i - 2).is_some() || word(lex, i - 2).is_some()));
    let padded = |text: &str| text.len() > 1 && text.starts_with('0');
    let touched =
        lex.get(i + 3).is_some_and(|l| l.glued && l.shape == Shape::Word) || (lex[i].glued && i > 0 && word(lex, i - 1).is_some());
    if chained || touched || padded(low) || padded(high) {
        return false;
    }
    let (Ok(a), Ok(b)) = (low.parse::<u32>(), high.parse::<u32>()) else { return false };
    let counted = is_word(lex, i + 3, COUNTED) || is_mark(lex, i + 3, '%') || unit_follows(lex, i + 2);
    let year = |n: u32| (1900..2100).contains(&n);
    match (low.len(), high.len()) {
        _ if counted => a < b,
        (1, 1) | (1, 2) | (2, 1) => tight,
        (2, 2) | (2, 3) => tight && a < b,
        (4, 4) => tight && a < b && year(a) && year(b),
        _ => false,
    }
}

/// "2.10.3": at least two full stops, and a part of one figure, which no telephone number written with full stops has.
fn version(lex: &[Lexeme], i: usize) -> Found {
    let mut parts = vec![digits(lex, i)?];
    let mut next = i + 1;
    while let Some(part) = glued_figures(lex, next, '.') {
        parts.push(part);
        next += 2;
    }
    let short = parts.len() >= 3 && parts.iter().any(|p| p.len() == 1);
    short.then(|| (vec![Token::new(Kind::Number, parts.join("."), span(lex, i, next))], next))
}

/// "two point ten point three", "one nine two dot one six eight dot one dot one".
fn spoken_version(lex: &[Lexeme], i: usize) -> Found {
    let (first, mut next) = figures(lex, i)?;
    let mut parts = vec![first];
    while is_word(lex, next, &["point", "dot"]) {
        let Some((part, after)) = figures(lex, next + 1) else { break };
        parts.push(part);
        next = after;
    }
    (parts.len() >= 3).then(|| (vec![Token::new(Kind::Number, parts.join("."), span(lex, i, next))], next))
}

/// Figures read one by one, or one number without decimals.
fn figures(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let (mut text, mut next) = (String::new(), i);
    while let Some(figure) = word(lex, next).and_then(unit) {
        text.push_str(&figure.to_string());
        next += 1;
    }
    if !text.is_empty() {
        return Some((text, next));
    }
    if let Some(written) = digits(lex, i) {
        return Some((written.to_owned(), i + 1));
    }
    group(lex, i).filter(|g| g.is_whole()).map(|g| (g.digits, g.next))
}

/// A dash between two facts is said "to": "9 AM - 5 PM", "May 3-5", "$5-$10".
fn through(lex: &[Lexeme], i: usize) -> Found {
    let dash = is_mark(lex, i, '-') || is_mark(lex, i, '\u{2013}') || is_mark(lex, i, '\u{2014}');
    let before = i.checked_sub(1).is_some_and(|b| {
        digits(lex, b).is_some()
            || is_mark(lex, b, '%')
            || is_word(lex, b, &["am", "pm", "m", "st", "nd", "rd", "th"])
            || ends_meridiem(lex, b)
    });
    let after =
        lex.get(i + 1).is_some_and(|l| l.glued == lex[i].glued) && (digits(lex, i + 1).is_some() || currency_symbol(lex, i + 1).is_some());
    (dash && before && after).then(|| (vec![Token::new(Kind::Word, "to", span(lex, i, i + 1))], i + 1))
}

/// The full stop of "a.m.".
fn ends_meridiem(lex: &[Lexeme], at: usize) -> bool {
    is_mark(lex, at, '.') && at > 0 && is_word(lex, at - 1, &["m"])
}
