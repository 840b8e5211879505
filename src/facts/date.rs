//! Dates: "March 14th", "the 14th of March", "14 March 2026", "3/14/2026", "2026-03-14".

use super::found::Found;
use super::lexeme::{Lexeme, digits, glued_figures, is_mark, is_word, span, word};
use super::number::group;
use super::ordinal::{has_suffix, ordinal};
use super::token::{Kind, Token};
use super::words::weekday;
use super::{clock, ratio};

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// A date found: canonical text, and what comes after it.
type Date = (String, usize);

pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    let (text, next) = in_figures(lex, i).or_else(|| day_first(lex, i)).or_else(|| month_first(lex, i))?;
    let mut token = Token::new(Kind::Date, text, span(lex, i, next));
    // "5/8" may be a fraction.
    if next == i + 3 && is_mark(lex, i + 1, '/') {
        token.alts.extend(group(lex, i).filter(|g| g.next == next).map(|g| (Kind::Number, g.digits)));
        token.parts = ratio::slashed(lex, i).map(Vec::from).unwrap_or_default();
    }
    Some((vec![token], next))
}

/// Month and day of "3/4" at `i`, which was read as a fraction.
pub(super) fn slashed(lex: &[Lexeme], i: usize) -> Option<String> {
    let [a, b] = ratio::slashed(lex, i)?;
    month_day(None, a.parse().ok()?, b.parse().ok()?)
}

/// The date in the month of `date` (canonical) on `day`.
pub(super) fn same_month(date: &str, day: &str) -> Option<String> {
    let (month, _) = date.rsplit_once('-')?;
    let day: u64 = day.parse().ok().filter(|d| (1..=31).contains(d))?;
    Some(format!("{month}-{day:02}"))
}

/// "January" at `index` 0 to 11.
pub(super) fn month_name(index: usize) -> Option<&'static str> {
    MONTHS.get(index).copied()
}

/// Month 1 to 12 for a name or an abbreviation, and what comes after it.
fn month(lex: &[Lexeme], i: usize) -> Option<(u64, usize)> {
    let name = word(lex, i)?;
    let full = (1_u64..).zip(MONTHS).find(|(_, m)| *m == name).map(|(n, _)| n);
    if let Some(month) = full {
        return Some((month, i + 1));
    }
    let short = match name {
        "sept" => "sep",
        short if short.len() == 3 => short,
        _ => return None,
    };
    let month = (1_u64..).zip(MONTHS).find(|(_, m)| m.starts_with(short)).map(|(n, _)| n)?;
    let stop = is_mark(lex, i + 1, '.') && lex[i + 1].glued;
    Some((month, if stop { i + 2 } else { i + 1 }))
}

fn canonical(year: Option<u64>, month: u64, day: u64) -> Option<String> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some(match year {
        Some(year) => format!("{year:04}-{month:02}-{day:02}"),
        None => format!("{month:02}-{day:02}"),
    })
}

/// A cardinal from 1 to 31 that is not the beginning of a time.
fn plain_day(lex: &[Lexeme], i: usize) -> Option<(u64, usize)> {
    let number = group(lex, i)?;
    let day = number.value().filter(|d| (1..=31).contains(d) && number.digits.len() <= 2)?;
    let percent = is_mark(lex, number.next, '%');
    let clock_figures = glued_figures(lex, number.next, ':').is_some();
    if percent || clock_figures || clock::clock(lex, i).is_some() {
        return None;
    }
    Some((day, number.next))
}

fn ordinal_day(lex: &[Lexeme], i: usize) -> Option<(u64, usize)> {
    let (digits, next) = ordinal(lex, i)?;
    digits.parse().ok().filter(|d| (1..=31).contains(d)).map(|d| (d, next))
}

/// "March 14", "Mar. 14th, 2026", "March 2026", "in March".
fn month_first(lex: &[Lexeme], i: usize) -> Option<Date> {
    let (month, after) = month(lex, i)?;
    if let Some((year, next)) = year(lex, after) {
        return Some((format!("{year:04}-{month:02}"), next));
    }
    let at = if is_word(lex, after, &["the"]) { after + 1 } else { after };
    let day = ordinal_day(lex, at).or_else(|| plain_day(lex, after));
    let Some((day, next)) = day else {
        return month_alone(lex, i, month, after);
    };
    let (year, next) = with_year(lex, next);
    canonical(year, month, day).map(|text| (text, next))
}

/// "may" and "march" are verbs as well, and abbreviations are words: these need a preposition before.
fn month_alone(lex: &[Lexeme], i: usize, month: u64, after: usize) -> Option<Date> {
    const BEFORE: &[&str] = &["in", "of", "this", "next", "last", "until", "since", "by", "during", "every", "for"];
    let name = word(lex, i)?;
    let full = name.len() > 4 || matches!(name, "june" | "july");
    let prepared = i > 0 && is_word(lex, i - 1, BEFORE);
    let sure = (full && name != "march") || (prepared && (full || name == "may" || name != "mar"));
    sure.then(|| (format!("{month:02}"), after))
}

/// "14 March", "the 14th of March", "14th March 2026".
fn day_first(lex: &[Lexeme], i: usize) -> Option<Date> {
    let start = if is_word(lex, i, &["the"]) { i + 1 } else { i };
    let numbered = ordinal_day(lex, start);
    let (day, after) = numbered.or_else(|| plain_day(lex, start).filter(|_| start == i))?;
    let of = is_word(lex, after, &["of"]);
    let at = after + usize::from(of);
    let (month, next) = month(lex, at)?;
    let verb = is_word(lex, at, &["may", "march"]) && !of && numbered.is_none();
    // "Wed 14 May"; with a capital it is the month wherever it stands.
    let named = i > 0 && (word(lex, i - 1).and_then(weekday).is_some() || lex[at].capital);
    let prepared = named || i > 0 && is_word(lex, i - 1, &["on", "for", "until", "by", "from", "to", "since", "before", "after"]);
    if verb && is_word(lex, at, &["may"]) && !prepared {
        return None;
    }
    let (year, next) = with_year(lex, next);
    canonical(year, month, day).map(|text| (text, next))
}

fn with_year(lex: &[Lexeme], at: usize) -> (Option<u64>, usize) {
    let comma = usize::from(is_mark(lex, at, ','));
    year(lex, at + comma).map_or((None, at), |(year, next)| (Some(year), next))
}

/// 1900 to 2099: figures, "two thousand twenty six", "twenty twenty six", "nineteen oh five".
fn year(lex: &[Lexeme], at: usize) -> Option<(u64, usize)> {
    let first = group(lex, at)?;
    let value = first.value()?;
    if clock::clock(lex, at).is_some() || glued_figures(lex, first.next, ':').is_some() {
        return None;
    }
    if first.digits.len() == 4 {
        return (1900..2100).contains(&value).then_some((value, first.next));
    }
    if !matches!(value, 19 | 20) || clock::clock(lex, first.next).is_some() {
        return None;
    }
    let oh = is_word(lex, first.next, &["oh", "o"]);
    let second = group(lex, first.next + usize::from(oh))?;
    let rest = second.value().filter(|v| if oh { *v < 10 } else { (10..100).contains(v) })?;
    Some((value * 100 + rest, second.next))
}

/// "2026-03-14", "3/14/2026", "3/14".
fn in_figures(lex: &[Lexeme], i: usize) -> Option<Date> {
    let first = digits(lex, i).filter(|_| !has_suffix(lex, i))?;
    let mark = ['/', '-'].into_iter().find(|m| glued_figures(lex, i + 1, *m).is_some())?;
    let second = glued_figures(lex, i + 1, mark)?;
    let third = glued_figures(lex, i + 3, mark);
    let number = |text: &str| text.parse::<u64>().ok();
    let (a, b) = (number(first)?, number(second)?);
    match third {
        Some(day) if first.len() == 4 && second.len() <= 2 && day.len() <= 2 => Some((canonical(Some(a), b, number(day)?)?, i + 5)),
        Some(year) if matches!(year.len(), 2 | 4) && first.len() <= 2 && second.len() <= 2 => {
            let year = number(year)?;
            let year = if year < 100 { year + 2000 } else { year };
            Some((month_day(Some(year), a, b)?, i + 5))
        }
        None if mark == '/' && first.len() <= 2 && second.len() <= 2 && !common_fraction(a, b) => Some((month_day(None, a, b)?, i + 3)),
        _ => None,
    }
}

/// Month before day, as Americans write; the other way round when only that makes a date.
fn month_day(year: Option<u64>, a: u64, b: u64) -> Option<String> {
    if a > 12 { canonical(year, b, a) } else { canonical(year, a, b) }
}

/// "1/2", "3/4" and "24/7", which are not dates.
fn common_fraction(a: u64, b: u64) -> bool {
    matches!((a, b), (1, 2..=4) | (2 | 3, 3 | 4) | (24, 7))
}
