//! Decades: "1990s", "the '90s", "the nineties", "nineteen nineties".

use super::found::Found;
use super::lexeme::{Lexeme, digits, is_mark, is_word, span, word};
use super::token::{Kind, Token};

const DECADES: [&str; 8] = ["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"];

pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    let (text, next) = written(lex, i).or_else(|| spoken(lex, i))?;
    Some((vec![Token::new(Kind::Number, text, span(lex, i, next))], next))
}

fn written(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let figures = digits(lex, i).filter(|d| matches!(d.len(), 2 | 4) && d.ends_with('0'))?;
    let at = i + 1 + usize::from(is_mark(lex, i + 1, '\'') || is_mark(lex, i + 1, '\u{2019}'));
    (is_word(lex, at, &["s"]) && lex[at].glued).then(|| (format!("{figures}s"), at + 1))
}

fn spoken(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let century = match word(lex, i)? {
        "eighteen" => "18",
        "nineteen" => "19",
        "twenty" => "20",
        _ => "",
    };
    let at = i + usize::from(!century.is_empty());
    let decade = (2..).zip(DECADES).find(|(_, name)| is_word(lex, at, &[name])).map(|(n, _): (u32, _)| n * 10)?;
    Some((format!("{century}{decade}s"), at + 1))
}
