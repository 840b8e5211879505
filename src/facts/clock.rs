//! Clock times: "3 PM", "three p.m.", "15:00", "quarter past three", "noon".

use super::cardinal::unit;
use super::found::Found;
use super::lexeme::{Lexeme, digits, glued_figures, is_mark, is_word, span, word};
use super::number::group;
use super::token::{Kind, Token};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

/// A time found: canonical text, and what comes after it.
type Clock = (String, usize);

pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    let (text, next) = clock(lex, i)?;
    Some((vec![Token::new(Kind::Time, text, span(lex, i, next))], next))
}

/// The time that begins at `i`.
pub(super) fn clock(lex: &[Lexeme], i: usize) -> Option<Clock> {
    named(lex, i).or_else(|| relative(lex, i)).or_else(|| figures(lex, i)).or_else(|| hundred_hours(lex, i)).or_else(|| hours(lex, i))
}

/// Words after which a number is a time.
const BEFORE_TIMES: &[&str] = &["at", "by", "until", "till", "before", "after", "from", "to", "around", "about", "since"];

/// "fifteen hundred hours", "0800 hours", "oh eight hundred hours": after a preposition of time only.
fn hundred_hours(lex: &[Lexeme], i: usize) -> Option<Clock> {
    let prepared = i > 0 && is_word(lex, i - 1, BEFORE_TIMES);
    let oh = usize::from(is_word(lex, i, &["oh", "o", "zero"]));
    let number = group(lex, i + oh).filter(|_| prepared)?;
    let value = number.value().filter(|v| *v <= 2400 && number.digits.len() >= 3)?;
    is_word(lex, number.next, &["hours"]).then_some(())?;
    Some((canonical(value / 100 % 24, value % 100, None).map(|text| known(&text, value))?, number.next + 1))
}

/// On a clock of 24 hours the half of the day is known.
fn known(text: &str, value: u64) -> String {
    if text.ends_with('?') { format!("{:02}:{:02}", value / 100 % 24, value % 100) } else { text.to_owned() }
}

/// `03:30?`: a time on a twelve-hour clock of which the half of the day is not known.
pub(super) fn unknown_half(hour: u32, minute: u32) -> String {
    format!("{hour:02}:{minute:02}?")
}

/// Canonical text of a time, if there is such a time.
fn canonical(hour: u64, minute: u64, half: Option<Half>) -> Option<String> {
    if hour > 23 || minute > 59 {
        return None;
    }
    let known = match half {
        Some(Half::Morning) if hour == 12 => 0,
        Some(Half::Afternoon) if (1..12).contains(&hour) => hour + 12,
        None if (1..=12).contains(&hour) => return Some(format!("{hour:02}:{minute:02}?")),
        _ => hour,
    };
    Some(format!("{known:02}:{minute:02}"))
}

/// "noon", "12 noon", "midnight".
fn named(lex: &[Lexeme], i: usize) -> Option<Clock> {
    let twelve = group(lex, i).filter(|g| g.digits == "12").map(|g| g.next);
    let at = twelve.map_or(i, |next| next + usize::from(is_word(lex, next, &["o'clock", "oclock"])));
    match word(lex, at)? {
        "noon" | "midday" => Some(("12:00".to_owned(), at + 1)),
        "midnight" => Some(("00:00".to_owned(), at + 1)),
        _ => None,
    }
}

/// "quarter past three", "ten minutes to four p.m.", "twenty past nine".
fn relative(lex: &[Lexeme], i: usize) -> Option<Clock> {
    let at = if is_word(lex, i, &["a"]) { i + 1 } else { i };
    let (minute, named, after) = match word(lex, at) {
        Some("quarter") => (15, true, at + 1),
        Some("half") => (30, true, at + 1),
        _ => {
            let found = group(lex, i)?;
            let unit = is_word(lex, found.next, &["minute", "minutes"]);
            (found.value()?, unit, found.next + usize::from(unit))
        }
    };
    let past = is_word(lex, after, &["past"]) || (named && minute == 15 && is_word(lex, after, &["after"]));
    // "nine to five" is a range, so "to" needs "quarter" or "minutes" before it, or a time must be due here.
    let due =
        matches!(minute, 5 | 10 | 20 | 25) && i > 0 && is_word(lex, i - 1, &["at", "by", "until", "before", "after", "around", "about"]);
    let to = (named || due) && minute != 30 && is_word(lex, after, &["to", "till", "until"]);
    if !(past || to) || !(1..=59).contains(&minute) {
        return None;
    }
    if past && let Some((midnight, next)) = self::named(lex, after + 1) {
        return Some((format!("{}:{minute:02}", &midnight[..2]), next));
    }
    let hour = group(lex, after + 1)?;
    let value = hour.value().filter(|h| (1..=12).contains(h))?;
    let (half, next) = half_of_day(lex, hour.next).map_or((None, hour.next), |(h, n)| (Some(h), n));
    if past {
        return Some((canonical(value, minute, half)?, next));
    }
    let before = if value == 1 { 12 } else { value - 1 };
    // A quarter to twelve at noon is still the morning.
    let half = match half {
        Some(Half::Afternoon) if value == 12 => Some(Half::Morning),
        Some(Half::Morning) if value == 12 => Some(Half::Afternoon),
        other => other,
    };
    Some((canonical(before, 60 - minute, half)?, next))
}

/// "10:15", "10:15 AM", "9.30 am", "330 pm".
fn figures(lex: &[Lexeme], i: usize) -> Option<Clock> {
    let hour = digits(lex, i).filter(|d| d.len() <= 4)?;
    if let Some(minute) = glued_figures(lex, i + 1, ':').filter(|m| m.len() == 2 && hour.len() <= 2) {
        let seconds = glued_figures(lex, i + 3, ':').is_some();
        return with_half(lex, hour, minute, if seconds { i + 5 } else { i + 3 });
    }
    if let Some(minute) = glued_figures(lex, i + 1, '.').filter(|m| m.len() == 2 && hour.len() <= 2) {
        half_of_day(lex, i + 3)?;
        return with_half(lex, hour, minute, i + 3);
    }
    if hour.len() < 3 {
        return None;
    }
    meridiem(lex, i + 1)?;
    let (hour, minute) = hour.split_at(hour.len() - 2);
    with_half(lex, hour, minute, i + 1)
}

fn with_half(lex: &[Lexeme], hour: &str, minute: &str, after: usize) -> Option<Clock> {
    let (half, next) = half_of_day(lex, after).map_or((None, after), |(h, n)| (Some(h), n));
    Some((canonical(hour.parse().ok()?, minute.parse().ok()?, half)?, next))
}

/// "three p.m.", "six oh five a m", "ten fifteen AM", "three o'clock", "six in the morning".
fn hours(lex: &[Lexeme], i: usize) -> Option<Clock> {
    let hour = group(lex, i)?;
    let value = hour.value().filter(|h| (1..=12).contains(h) && hour.digits.len() <= 2)?;
    let (minute, after) = minutes(lex, hour.next).unwrap_or((0, hour.next));
    let exact = is_word(lex, after, &["o'clock", "oclock"]);
    let after = after + usize::from(exact);
    match half_of_day(lex, after) {
        Some((half, next)) => Some((canonical(value, minute, Some(half))?, next)),
        None if exact => Some((canonical(value, minute, None)?, after)),
        None => None,
    }
}

fn minutes(lex: &[Lexeme], at: usize) -> Option<(u64, usize)> {
    if is_word(lex, at, &["oh", "o", "zero"]) {
        let minute = word(lex, at + 1).and_then(unit).or_else(|| digits(lex, at + 1)?.parse().ok());
        return minute.filter(|m| (1..=9).contains(m)).map(|m| (m, at + 2));
    }
    let found = group(lex, at).filter(|g| g.digits.len() == 2)?;
    found.value().filter(|m| *m <= 59).map(|m| (m, found.next))
}

fn half_of_day(lex: &[Lexeme], at: usize) -> Option<(Half, usize)> {
    meridiem(lex, at).or_else(|| part_of_day(lex, at))
}

/// "am", "a.m.", "a m"; "pm" and so on.
fn meridiem(lex: &[Lexeme], at: usize) -> Option<(Half, usize)> {
    let half = |w: &str| {
        if w.starts_with('a') { Half::Morning } else { Half::Afternoon }
    };
    let first = word(lex, at)?;
    if matches!(first, "am" | "pm") {
        return Some((half(first), past_stop(lex, at + 1)));
    }
    if !matches!(first, "a" | "p") {
        return None;
    }
    let m = past_stop(lex, at + 1);
    is_word(lex, m, &["m"]).then(|| (half(first), past_stop(lex, m + 1)))
}

fn past_stop(lex: &[Lexeme], at: usize) -> usize {
    if is_mark(lex, at, '.') && lex[at].glued { at + 1 } else { at }
}

fn part_of_day(lex: &[Lexeme], at: usize) -> Option<(Half, usize)> {
    if is_word(lex, at, &["in"]) && is_word(lex, at + 1, &["the"]) {
        return match word(lex, at + 2)? {
            "morning" => Some((Half::Morning, at + 3)),
            "afternoon" | "evening" => Some((Half::Afternoon, at + 3)),
            _ => None,
        };
    }
    let night = is_word(lex, at, &["at"]) && is_word(lex, at + 1, &["night"]);
    night.then_some((Half::Afternoon, at + 2))
}
