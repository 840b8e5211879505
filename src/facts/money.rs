//! Amounts of money and percentages.

use super::cardinal::Group;
use super::found::Found;
use super::lexeme::{Lexeme, is_mark, is_word, span, word};
use super::number::{group, times};
use super::run::run;
use super::token::{Kind, Token};
use super::units::{currency_code, currency_symbol, currency_word, hundredth, percent_sign};

/// "$1,254.37", "twenty five dollars", "$1.5 million", "five pounds twenty", "fifty cents", "Rs. 500".
pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    let (text, next) = symbol(lex, i).or_else(|| spoken(lex, i)).or_else(|| part_only(lex, i))?;
    Some((vec![Token::new(Kind::Money, text, span(lex, i, next))], next))
}

/// "15%", "fifteen percent", "half a percent".
pub(super) fn percent_rule(lex: &[Lexeme], i: usize) -> Found {
    let (digits, after) = amount(lex, i)?;
    let article = usize::from(digits == "0.5" && is_word(lex, after, &["a"]));
    let next = percent_sign(lex, after + article)?;
    let short = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    Some((vec![Token::new(Kind::Percent, short, span(lex, i, next))], next))
}

/// "5€", "20$".
fn trailing_symbol(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    currency_symbol(lex, i).filter(|_| lex[i].glued)
}

fn symbol(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let (currency, at) = currency_symbol(lex, i).map(|c| (c, i + 1)).or_else(|| currency_code(lex, i))?;
    // "$-20" is "-$20".
    let minus = is_mark(lex, at, '-') && lex[at].glued;
    let number = short_scale(lex, group(lex, at + usize::from(minus))?);
    let (part, next) = match part(lex, number.next, currency).or_else(|| bare_part(lex, number.next)) {
        Some(found) if number.is_whole() => found,
        _ => (0, number.next),
    };
    // "₹500/-"
    let next = if is_mark(lex, next, '/') && is_mark(lex, next + 1, '-') { next + 2 } else { next };
    let text = canonical(&number.digits, part, currency)?;
    Some((if minus { format!("-{text}") } else { text }, next))
}

/// "$5k", "$1.5M", "$3bn".
fn short_scale(lex: &[Lexeme], number: Group) -> Group {
    let glued = lex.get(number.next).is_some_and(|l| l.glued);
    let factor = match word(lex, number.next).filter(|_| glued) {
        Some("k") => 1_000,
        Some("m" | "mn" | "mm") => 1_000_000,
        Some("b" | "bn") => 1_000_000_000,
        _ => return number,
    };
    match times(&number.digits, factor) {
        Some(digits) => Group { digits, next: number.next + 1, ..number },
        None => number,
    }
}

fn spoken(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let (digits, after) = amount(lex, i).or_else(|| one(lex, i)).or_else(|| shortened(lex, i))?;
    // "a 25-dollar fee"
    let hyphen = usize::from(is_mark(lex, after, '-') && lex[after].glued);
    if is_word(lex, after, &["grand"]) {
        return Some((canonical(&times(&digits, 1_000)?, 0, "")?, after + 1));
    }
    let currency = currency_word(lex, after + hyphen).or_else(|| trailing_symbol(lex, after))?;
    let unit_end = after + hyphen + 1;
    let whole = !digits.contains(['.', '/']);
    let (part, next) = match part(lex, unit_end, currency).or_else(|| bare_part(lex, unit_end)) {
        Some(found) if whole => found,
        _ => (0, unit_end),
    };
    Some((canonical(&digits, part, currency)?, next))
}

/// "20k" before "dollars".
fn shortened(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let plain = group(lex, i)?;
    let next = plain.next;
    let scaled = short_scale(lex, plain);
    (scaled.next > next).then_some((scaled.digits, scaled.next))
}

/// "a dollar".
fn one(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let single = is_word(lex, i + 1, &["grand", "dollar", "buck", "pound", "euro", "rupee"]);
    (single && is_word(lex, i, &["a"])).then(|| ("1".to_owned(), i + 1))
}

fn part_only(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let number = group(lex, i)?;
    let value = number.value().filter(|v| *v < 100)?;
    let currency = hundredth(lex, number.next)?.unwrap_or("");
    Some((canonical("0", value, currency)?, number.next + 1))
}

/// "and fifty cents", "37 cents", of an amount in `currency`.
fn part(lex: &[Lexeme], at: usize, currency: &str) -> Option<(u64, usize)> {
    let comma = usize::from(is_mark(lex, at, ','));
    let and = usize::from(is_word(lex, at + comma, &["and"]));
    let number = group(lex, at + comma + and)?;
    let value = number.value().filter(|v| *v < 100)?;
    let of = hundredth(lex, number.next)?;
    of.is_none_or(|of| of == currency).then_some((value, number.next + 1))
}

/// "five pounds twenty": two figures right after the unit, and nothing that they would count.
fn bare_part(lex: &[Lexeme], at: usize) -> Option<(u64, usize)> {
    const AFTER: &[&str] = &["a", "per", "and", "or", "for", "in", "to", "on", "at", "by", "is", "was", "will", "each", "today", "please"];
    let number = group(lex, at).filter(|g| g.digits.len() == 2)?;
    let value = number.value()?;
    let alone = lex.get(number.next).is_none() || word(lex, number.next).is_none_or(|w| AFTER.contains(&w));
    (alone && currency_word(lex, number.next).is_none() && percent_sign(lex, number.next).is_none()).then_some((value, number.next))
}

/// One number, or figures read one after another.
fn amount(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let run = run(lex, i)?;
    run.number().map(|digits| (digits, run.next))
}

/// Two decimals: more than that are kept, fewer are filled up.
fn canonical(digits: &str, part: u64, currency: &str) -> Option<String> {
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    let decimals = if decimals.is_empty() { format!("{part:02}") } else { format!("{decimals:0<2}") };
    let figures = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (figures(whole) && figures(&decimals)).then(|| format!("{whole}.{decimals}{currency}"))
}
