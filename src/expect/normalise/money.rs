//! Amounts of money and percentages.

use super::found::Found;
use super::lexeme::{Lexeme, is_mark, is_word, span};
use super::number::group;
use super::run::run;
use super::token::{Kind, Token};
use super::units::{currency_symbol, currency_word, percent_sign};

/// "$1,254.37", "twenty five dollars", "42 dollars and 50 cents", "fifty cents".
pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    let (text, next) = symbol(lex, i).or_else(|| spoken(lex, i)).or_else(|| cents_only(lex, i))?;
    Some((vec![Token::new(Kind::Money, text, span(lex, i, next))], next))
}

/// "15%", "fifteen percent".
pub(super) fn percent_rule(lex: &[Lexeme], i: usize) -> Found {
    let (digits, after) = amount(lex, i)?;
    let next = percent_sign(lex, after)?;
    Some((vec![Token::new(Kind::Percent, digits, span(lex, i, next))], next))
}

/// "5€", "20$".
fn trailing_symbol(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    currency_symbol(lex, i).filter(|_| lex[i].glued)
}

fn symbol(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let currency = currency_symbol(lex, i)?;
    let number = group(lex, i + 1)?;
    let (part, next) = match cents(lex, number.next) {
        Some(found) if !number.is_decimal() => found,
        _ => (0, number.next),
    };
    Some((canonical(&number.digits, part, currency)?, next))
}

fn spoken(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let (digits, after) = amount(lex, i)?;
    let currency = currency_word(lex, after).or_else(|| trailing_symbol(lex, after))?;
    let (part, next) = match cents(lex, after + 1) {
        Some(found) if !digits.contains('.') => found,
        _ => (0, after + 1),
    };
    Some((canonical(&digits, part, currency)?, next))
}

fn cents_only(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let (part, next) = cents(lex, i).filter(|_| group(lex, i).is_some())?;
    let pence = is_word(lex, next - 1, &["pence"]);
    Some((canonical("0", part, if pence { "gbp" } else { "" })?, next))
}

/// "and fifty cents", "37 cents".
fn cents(lex: &[Lexeme], at: usize) -> Option<(u64, usize)> {
    let comma = usize::from(is_mark(lex, at, ','));
    let and = usize::from(is_word(lex, at + comma, &["and"]));
    let number = group(lex, at + comma + and)?;
    let value = number.value().filter(|v| *v < 100)?;
    is_word(lex, number.next, &["cent", "cents", "pence"]).then_some((value, number.next + 1))
}

/// One decimal number, or figures read one after another.
fn amount(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let run = run(lex, i)?;
    run.number().map(|digits| (digits, run.next))
}

/// Two decimals: more than that are kept, fewer are filled up.
fn canonical(digits: &str, cents: u64, currency: &str) -> Option<String> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    let part = if part.is_empty() { format!("{cents:02}") } else { format!("{part:0<2}") };
    part.bytes().all(|b| b.is_ascii_digit()).then(|| format!("{whole}.{part}{currency}"))
}
