//! Characters to lexemes: words, figures and single marks, with their place in the source.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Letters, lower case, accents folded; an apostrophe may stand inside.
    Word,
    /// ASCII digits, thousands separators removed.
    Digits,
    /// Any other character that is not white space.
    Mark(char),
}

#[derive(Clone, Debug)]
pub(super) struct Lexeme {
    pub shape: Shape,
    pub text: String,
    pub span: Range<usize>,
    /// Nothing stood between this and the lexeme before.
    pub glued: bool,
    /// The first letter was a capital.
    pub capital: bool,
    /// As it was written.
    pub raw: String,
    /// Another word that this may stand for: "'s" is "is" or "has".
    pub alt: Option<&'static str>,
}

/// Cuts `text` into lexemes.
pub(super) fn scan(text: &str) -> Vec<Lexeme> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut out: Vec<Lexeme> = Vec::new();
    let mut at = 0;
    while let Some(&(start, first)) = chars.get(at) {
        if first.is_whitespace() {
            at += 1;
            continue;
        }
        let (shape, lexeme, next) = take(&chars, at);
        let end = chars.get(next).map_or(text.len(), |c| c.0);
        out.push(Lexeme {
            shape,
            text: lexeme,
            span: start..end,
            glued: out.last().is_some_and(|l| l.span.end == start),
            capital: first.is_uppercase(),
            raw: text.get(start..end).unwrap_or_default().to_owned(),
            alt: None,
        });
        at = next;
    }
    out
}

fn take(chars: &[(usize, char)], at: usize) -> (Shape, String, usize) {
    let first = chars[at].1;
    if first.is_ascii_digit() {
        let (text, next) = figures(chars, at);
        (Shape::Digits, text, next)
    } else if is_letter(first) {
        let (text, next) = letters(chars, at);
        (Shape::Word, text, next)
    } else {
        (Shape::Mark(first), first.to_string(), at + 1)
    }
}

fn digits_at(chars: &[(usize, char)], at: usize) -> usize {
    chars[at.min(chars.len())..].iter().take_while(|c| c.1.is_ascii_digit()).count()
}

fn figures(chars: &[(usize, char)], at: usize) -> (String, usize) {
    let lead = digits_at(chars, at);
    let mut text: String = chars[at..at + lead].iter().map(|c| c.1).collect();
    let mut next = at + lead;
    let groups = if lead <= 3 { grouped(chars, next) } else { Vec::new() };
    for group in groups {
        text.extend(chars[next + 1..next + 1 + group].iter().map(|c| c.1));
        next += 1 + group;
    }
    (text, next)
}

/// Lengths of the groups after a thousands separator: "1,254,000", or as in India "1,50,000".
fn grouped(chars: &[(usize, char)], from: usize) -> Vec<usize> {
    let mut groups = Vec::new();
    let mut at = from;
    while chars.get(at).is_some_and(|c| c.1 == ',') && matches!(digits_at(chars, at + 1), 2 | 3) {
        groups.push(digits_at(chars, at + 1));
        at += 1 + groups[groups.len() - 1];
    }
    while groups.last().is_some_and(|g| *g != 3) {
        groups.pop();
    }
    // Groups of two stand before the last one only: "12,34,567".
    let indian = groups.iter().rev().skip(1).all(|g| *g == 2);
    if indian || groups.iter().all(|g| *g == 3) { groups } else { Vec::new() }
}

fn letters(chars: &[(usize, char)], at: usize) -> (String, usize) {
    let mut text = String::new();
    let mut next = at;
    while let Some(&(_, c)) = chars.get(next) {
        if is_letter(c) || is_combining_mark(c) {
            c.to_lowercase().for_each(|c| push_folded(&mut text, c));
        } else if is_apostrophe(c) && chars.get(next + 1).is_some_and(|c| is_letter(c.1)) {
            text.push('\'');
        } else {
            break;
        }
        next += 1;
        // Scripts without spaces: every character is compared on its own.
        let marked = chars.get(next).is_some_and(|c| is_combining_mark(c.1));
        let apart = is_unspaced(c) || chars.get(next).is_some_and(|c| is_unspaced(c.1));
        if apart && !marked {
            break;
        }
    }
    (text, next)
}

/// Chinese, Japanese, Thai, Lao, Burmese, Khmer: written without spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic()
}

/// `text` composed (NFC), so that an accent is the same however it was typed.
pub(super) fn composed(text: &str) -> String {
    // Full-width letters and figures of East Asian keyboards are those of ASCII.
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        _ => c,
    };
    text.nfc().map(narrow).collect()
}

/// Latin letters without their accents; in other scripts a mark changes the word.
fn push_folded(text: &mut String, c: char) {
    let first = |c: char| {
        let mut base = None;
        decompose_canonical(c, |part| base = base.or(Some(part)));
        base.unwrap_or(c)
    };
    match c {
        'ø' => text.push('o'),
        'ß' => text.push_str("ss"),
        'æ' => text.push_str("ae"),
        'œ' => text.push_str("oe"),
        '\u{300}'..='\u{36f}' if text.chars().next_back().is_some_and(|l| l.is_ascii_alphabetic()) => {}
        _ => text.push(if first(c).is_ascii() { first(c) } else { c }),
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '\u{2bc}' | '`')
}

/// The word at `i`.
pub(super) fn word(lex: &[Lexeme], i: usize) -> Option<&str> {
    lex.get(i).filter(|l| l.shape == Shape::Word).map(|l| l.text.as_str())
}

/// The word at `i` is one of `words`.
pub(super) fn is_word(lex: &[Lexeme], i: usize, words: &[&str]) -> bool {
    word(lex, i).is_some_and(|w| words.contains(&w))
}

/// The figures at `i`.
pub(super) fn digits(lex: &[Lexeme], i: usize) -> Option<&str> {
    lex.get(i).filter(|l| l.shape == Shape::Digits).map(|l| l.text.as_str())
}

/// The mark `c` stands at `i`.
pub(super) fn is_mark(lex: &[Lexeme], i: usize, c: char) -> bool {
    lex.get(i).is_some_and(|l| l.shape == Shape::Mark(c))
}

/// A figure lexeme at `i + 1` follows the glued mark `c` at `i`.
pub(super) fn glued_figures(lex: &[Lexeme], i: usize, c: char) -> Option<&str> {
    let tight = is_mark(lex, i, c) && lex[i].glued && lex.get(i + 1).is_some_and(|l| l.glued);
    if tight { digits(lex, i + 1) } else { None }
}

/// Bytes from lexeme `from` up to, not including, lexeme `to`.
pub(super) fn span(lex: &[Lexeme], from: usize, to: usize) -> Range<usize> {
    match (lex.get(from), to.checked_sub(1).and_then(|last| lex.get(last))) {
        (Some(a), Some(b)) => a.span.start..b.span.end.max(a.span.end),
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        scan(text).into_iter().map(|l| l.text).collect()
    }

    #[test]
    fn cuts_words_figures_and_marks() {
        assert_eq!(texts("I'm at 3p.m."), ["i'm", "at", "3", "p", ".", "m", "."]);
        assert_eq!(texts("B7K-4"), ["b", "7", "k", "-", "4"]);
        assert_eq!(texts("Café O’Brien"), ["cafe", "o'brien"]);
    }

    #[test]
    fn removes_thousands_separators_only() {
        assert_eq!(texts("1,254 12,3 1,234,567"), ["1254", "12", ",", "3", "1234567"]);
        assert_eq!(texts("415,555,0132"), ["415555", ",", "0132"]);
    }
}
