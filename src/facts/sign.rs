//! Numbers below zero: "-5", "-$20", "minus five", "negative twenty dollars".

use super::found::Found;
use super::lexeme::{Lexeme, Shape, is_word, span};
use super::token::Kind;
use super::{money, quantity, run};

pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    if !(is_written(lex, i) || is_word(lex, i, &["minus", "negative"])) {
        return None;
    }
    let rules = [money::rule, quantity::rule, money::percent_rule, run::rule];
    let (mut tokens, next) = rules.iter().find_map(|rule| rule(lex, i + 1))?;
    let first = tokens.first_mut().filter(|t| matches!(t.kind, Kind::Number | Kind::Money | Kind::Percent))?;
    first.text.insert(0, '-');
    first.parts.clear();
    first.span.start = span(lex, i, i + 1).start;
    Some((tokens, next))
}

/// A minus that touches what comes after it and nothing before it: "AC-5" and "5 - 7" have none.
fn is_written(lex: &[Lexeme], i: usize) -> bool {
    let minus = matches!(lex.get(i).map(|l| l.shape), Some(Shape::Mark('-' | '\u{2212}' | '\u{2013}')));
    let number = |l: &Lexeme| matches!(l.shape, Shape::Digits | Shape::Mark('$' | '£' | '€' | '₹' | '.'));
    minus && (i == 0 || !lex[i].glued) && lex.get(i + 1).is_some_and(|l| l.glued && number(l))
}
