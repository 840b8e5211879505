//! A number with an abbreviated unit: "5 kg", "20mg", "72°F", "100 Mbps", `5'10"`.
//!
//! Units written out are words like any other; what is abbreviated becomes those words.

use super::cardinal::Group;
use super::found::Found;
use super::lexeme::{Lexeme, Shape, is_mark, is_word, span, word};
use super::number::group;
use super::run::run;
use super::token::{Kind, Token};
use super::units::{abbreviation, is_hour_word};
use super::words;

pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    feet_and_inches(lex, i).or_else(|| and_a_half(lex, i)).or_else(|| twice(lex, i)).or_else(|| abbreviated(lex, i))
}

fn abbreviated(lex: &[Lexeme], i: usize) -> Found {
    let whole = run(lex, i).and_then(|run| run.number().map(|digits| Group { digits, next: run.next, spoken: false }));
    let read = |number: Group| unit(lex, number.next).map(|(words, next)| (number, words, next));
    let (number, words, next) = whole.and_then(read).or_else(|| group(lex, i).and_then(read))?;
    let mut tokens = vec![Token::new(Kind::Number, number.digits, span(lex, i, number.next))];
    let place = span(lex, number.next, next);
    tokens.extend(words.split(' ').map(|word| Token::new(Kind::Word, word, place.clone())));
    Some((tokens, next))
}

/// The words for the unit at `at`, and what comes after it.
fn unit(lex: &[Lexeme], at: usize) -> Option<(&'static str, usize)> {
    // "a 10-mg tablet"
    let at = if is_mark(lex, at, '-') && lex[at].glued { at + 1 } else { at };
    let first = lex.get(at)?;
    if first.shape == Shape::Mark('°') || first.shape == Shape::Mark('º') {
        return Some(match word(lex, at + 1).filter(|_| lex[at + 1].glued) {
            Some("f") => ("degree fahrenheit", at + 2),
            Some("c") => ("degree celsius", at + 2),
            _ => ("degree", at + 1),
        });
    }
    let raw = word(lex, at).map(|_| first.raw.as_str())?;
    // "3x a day"
    if raw == "x" && first.glued && is_word(lex, at + 1, &["a", "per", "daily", "weekly", "monthly", "each", "every", "more"]) {
        return Some(("times", at + 1));
    }
    // "1200 W. 5th Avenue"
    if words::is_direction(lex, at) {
        return None;
    }
    // "km/h", "MB/s"
    if is_mark(lex, at + 1, '/') && lex[at + 1].glued {
        let joined = format!("{raw}/{}", word(lex, at + 2)?);
        if let Some(words) = abbreviation(&joined) {
            return Some((words, at + 3));
        }
    }
    if is_word(lex, at, &["sq"]) {
        let stop = usize::from(is_mark(lex, at + 1, '.'));
        let words = match word(lex, at + 1 + stop)? {
            "ft" | "feet" => "square foot",
            "m" => "square meter",
            "mi" | "miles" => "square mile",
            _ => return None,
        };
        return Some((words, at + 2 + stop));
    }
    if lex.get(at + 1).is_some_and(|l| l.glued && matches!(l.shape, Shape::Mark('\u{b2}'))) {
        let words = match raw {
            "m" => "square meter",
            "ft" => "square foot",
            "km" => "square kilometer",
            "mi" => "square mile",
            _ => return None,
        };
        return Some((words, at + 2));
    }
    let words = abbreviation(raw)?;
    // One letter is a unit only when nothing else can follow: "5 m wide", not "5 M 3".
    let code = raw.len() == 1 && lex.get(at + 1).is_some_and(|l| l.shape == Shape::Digits || (l.glued && is_mark(lex, at + 1, '-')));
    let stop = is_mark(lex, at + 1, '.') && lex[at + 1].glued && lex.get(at + 2).is_some_and(|l| l.shape == Shape::Word && !l.capital);
    (!code).then_some((words, at + 1 + usize::from(stop)))
}

/// `5'10"`, `5 ft 10 in`, "five foot ten": the inches are not said.
fn feet_and_inches(lex: &[Lexeme], i: usize) -> Found {
    let feet = group(lex, i).filter(|g| g.is_whole() && g.digits.len() <= 2)?;
    let mark = matches!(lex.get(feet.next)?.shape, Shape::Mark('\'' | '\u{2032}' | '\u{2019}')) && lex[feet.next].glued;
    if !(mark || is_word(lex, feet.next, &["foot", "feet", "ft"])) {
        return None;
    }
    let foot = Token::new(Kind::Word, "foot", span(lex, feet.next, feet.next + 1));
    let mut tokens = vec![Token::new(Kind::Number, feet.digits, span(lex, i, feet.next)), foot];
    let inches = group(lex, feet.next + 1).filter(|g| g.value().is_some_and(|v| v < 12));
    let Some(inches) = inches else {
        return mark.then_some((tokens, feet.next + 1));
    };
    let unit = is_word(lex, inches.next, &["inch", "inches", "in"])
        || matches!(lex.get(inches.next).map(|l| l.shape), Some(Shape::Mark('"' | '\u{2033}' | '\u{201d}')));
    // Two single primes are inches as well.
    let primes = is_mark(lex, inches.next, '\'') && is_mark(lex, inches.next + 1, '\'');
    let next = inches.next + usize::from(unit || primes) + usize::from(primes);
    tokens.push(Token::new(Kind::Number, inches.digits, span(lex, feet.next + 1, next)));
    Some((tokens, next))
}

/// "an hour and a half", "one mile and a half": 1.5 of them.
fn and_a_half(lex: &[Lexeme], i: usize) -> Found {
    let (count, unit) = match group(lex, i) {
        Some(number) => (number.value()?, number.next),
        None if is_word(lex, i, &["a", "an"]) => (1, i + 1),
        None => return None,
    };
    let name = word(lex, unit).filter(|w| is_hour_word(w))?;
    let half = is_word(lex, unit + 1, &["and"]) && is_word(lex, unit + 2, &["a"]) && is_word(lex, unit + 3, &["half"]);
    let tokens = || {
        let number = Token::new(Kind::Number, format!("{count}.5"), span(lex, i, unit + 4));
        vec![number, Token::new(Kind::Word, name, span(lex, unit, unit + 1))]
    };
    half.then(|| (tokens(), unit + 4))
}

/// "twice a day" is two times a day.
fn twice(lex: &[Lexeme], i: usize) -> Found {
    let count = match word(lex, i)? {
        "twice" => "2",
        "thrice" => "3",
        "once" if is_word(lex, i + 1, &["a", "per", "every", "daily", "weekly", "monthly"]) => "1",
        _ => return None,
    };
    let place = span(lex, i, i + 1);
    Some((vec![Token::new(Kind::Number, count, place.clone()), Token::new(Kind::Word, "times", place)], i + 1))
}

#[cfg(test)]
mod tests {
    use super::super::table_tests::check;

    #[test]
    fn units_however_written() {
        check(
            "
            5 kg = five kilogram
            20mg = 20 milligram
            10 km away = ten kilometer away
            72°F = seventy two degree fahrenheit
            68° = 68 degree
            100 Mbps = one hundred megabit per second
            60 km/h = sixty kilometer per hour
            5'10\" = five foot ten
            6 ft 2 in = six feet two inches
            an hour and a half = 1.5 hour
            twice a day = two times a day
            a 10-mg tablet = a ten milligram tablet
            5 mg ! 5 g
            5G network ! 5 gram network
            5 MB ! 5 Mb
            ",
        );
    }
}
