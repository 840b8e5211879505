//! The order of the rules, and the loop that applies them.

use super::clean::without_marks;
use super::found::Found;
use super::lexeme::{Lexeme, Shape, composed, is_mark, scan};
use super::number::group;
use super::token::{Kind, Normalised, Token};
use super::{address, clock, date, decade, joined, money, ordinal, pauses, quantity, ratio, run, sign, words};

const RULES: [fn(&[Lexeme], usize) -> Found; 12] = [
    address::rule,
    sign::rule,
    date::rule,
    money::rule,
    clock::rule,
    quantity::rule,
    money::percent_rule,
    decade::rule,
    ordinal::rule,
    ratio::rule,
    run::rule,
    words::rule,
];

/// Turns `text` into canonical tokens. Never fails: what is not understood stays a word.
///
/// "Tuesday at three p.m." becomes `tuesday at time:15:00`.
pub fn normalise(text: &str) -> Normalised {
    let text = composed(text);
    let lex = lexemes(&text);
    let mut tokens = Vec::new();
    let mut at = list_marker(&lex);
    while at < lex.len() {
        match found(&lex, at) {
            Some((found, next)) => {
                tokens.extend(found);
                at = next.max(at + 1);
            }
            None => at += 1,
        }
    }
    Normalised::new(&text, joined::join(tokens))
}

/// The lexemes that the rules work on.
pub(super) fn lexemes(composed: &str) -> Vec<Lexeme> {
    pauses::mend(words::expand(scan(&without_marks(composed))))
}

fn found(lex: &[Lexeme], at: usize) -> Option<(Vec<Token>, usize)> {
    RULES.iter().find_map(|rule| rule(lex, at))
}

/// [`normalise`] for what was heard, held against `expected`.
///
/// Recognisers sometimes put a lone number before a reply ("8. Great, ..."). It is left out, unless the
/// expected text begins with a number as well.
pub(super) fn normalise_heard(heard: &str, expected: &Normalised) -> Normalised {
    let found = normalise(heard);
    let starts_with_number = |text: &Normalised| text.tokens().first().is_some_and(|t| t.kind == Kind::Number);
    if starts_with_number(&found) && !starts_with_number(expected) && has_artefact(heard) {
        return Normalised::new(found.source(), found.tokens()[1..].to_vec());
    }
    found
}

/// "8. Great": one or two figures, a full stop, a word with a capital that is not a number.
fn has_artefact(text: &str) -> bool {
    let lex = scan(text);
    lex.first().is_some_and(|l| l.shape == Shape::Digits && l.text.len() <= 2)
        && is_mark(&lex, 1, '.')
        && lex[1].glued
        && lex.get(2).is_some_and(|l| l.shape == Shape::Word && l.capital && !l.glued && l.text.chars().count() > 1)
        && group(&lex, 2).is_none()
}

/// Recognisers sometimes put "1. " before a reply, which was never said.
fn list_marker(lex: &[Lexeme]) -> usize {
    let marked = lex.first().is_some_and(|l| l.text == "1")
        && is_mark(lex, 1, '.')
        && lex[1].glued
        && lex.get(2).is_some_and(|l| l.shape == Shape::Word && !l.glued);
    if marked { 2 } else { 0 }
}
