//! Facts, and when two of them are the same fact.
//!
//! A number said where a time was expected ("at three" for "3 PM") is accepted when it names the full
//! hour and a preposition of time stands before either of them. A time without its half of the day
//! agrees with both halves, and with the number of the same figures ("three thirty", 330).

use super::lexicon::{is_article, is_negation, lemma, moment};
use crate::facts::{Kind, Normalised};

const BEFORE_TIMES: &[&str] =
    &["at", "by", "until", "till", "from", "to", "through", "around", "about", "before", "after", "between", "and", "for"];

/// Token `index` is a fact: nothing else may be heard in its place, and it may not be lost or added.
pub(super) fn is_fact(text: &Normalised, index: usize) -> bool {
    match text.word(index) {
        Some("today") => !is_offer(text, index),
        Some(word) => is_negation(word) || moment(word).is_some(),
        None => !is_pronoun_one(text, index),
    }
}

/// May be lost, though nothing else may stand in its place: "the earliest one", "one moment", and "today" in an offer of help.
pub(super) fn is_soft(text: &Normalised, index: usize) -> bool {
    text.word(index).map_or_else(|| is_pronoun_one(text, index), |w| w == "today" && is_offer(text, index))
}

/// "How can I help you today?"
fn is_offer(text: &Normalised, index: usize) -> bool {
    (index.saturating_sub(5)..index).any(|i| matches!(text.word(i), Some("help" | "assist" | "calling")))
}

fn is_pronoun_one(text: &Normalised, index: usize) -> bool {
    const BEFORE: &[&str] = &[
        "which", "this", "that", "the", "another", "any", "every", "no", "other", "right", "wrong", "good", "new", "next", "last", "each",
        "blue", "red", "green", "same",
    ];
    let token = &text.tokens()[index];
    if token.kind != Kind::Number || token.text != "1" {
        return false;
    }
    let before = index.checked_sub(1).and_then(|i| text.word(i));
    before.is_some_and(|w| BEFORE.contains(&w) || w.ends_with("est")) || matches!(text.word(index + 1), Some("moment" | "second" | "sec"))
}

/// What kind of thing a fact is, for "another of the same kind was heard instead".
pub(super) fn same_sort(a: &Normalised, i: usize, b: &Normalised, j: usize) -> bool {
    let sort = |text: &Normalised, at: usize| match text.word(at) {
        Some(word) if is_negation(word) => 1,
        Some("morning" | "afternoon" | "evening" | "tonight") => 2,
        Some("today" | "tomorrow" | "yesterday") => 3,
        Some(_) => 4,
        None => 5,
    };
    let (kind_a, kind_b) = (a.tokens()[i].kind, b.tokens()[j].kind);
    sort(a, i) == sort(b, j) && kind_a == kind_b
}

/// Token `i` of the expected text and token `j` of the heard one are the same fact.
pub(super) fn same_fact(expected: &Normalised, i: usize, heard: &Normalised, j: usize) -> bool {
    let (a, b) = (&expected.tokens()[i], &heard.tokens()[j]);
    if a.same(b) {
        return true;
    }
    match (a.kind, b.kind) {
        (Kind::Word, Kind::Word) => same_word_fact(&a.text, &b.text),
        (Kind::Number, Kind::Number) => same_decade(&a.text, &b.text) || same_decade(&b.text, &a.text),
        (Kind::Number, Kind::Word) if a.text == "0" => b.text == "no",
        (Kind::Word, Kind::Number) if b.text == "0" => a.text == "no",
        // "an hour" is one hour.
        (Kind::Number, Kind::Word) => a.text == "1" && is_article(&b.text) && b.text != "the",
        (Kind::Word, Kind::Number) => b.text == "1" && is_article(&a.text) && a.text != "the",
        // Letters spelled out agree with the word they make.
        (Kind::Code, Kind::Word) | (Kind::Word, Kind::Code) => a.text == b.text,
        (Kind::Code, Kind::Number) => same_code(&a.text, heard, j),
        (Kind::Number, Kind::Code) => same_code(&b.text, expected, i),
        (Kind::Time, Kind::Time) => same_clock(&a.text, &b.text),
        (Kind::Time, Kind::Number) => time_as_number(&a.text, &b.text, near_time(expected, i) || near_time(heard, j)),
        (Kind::Number, Kind::Time) => time_as_number(&b.text, &a.text, near_time(expected, i) || near_time(heard, j)),
        _ => false,
    }
}

/// For phrases: the heard fact may say more than the expected one ("March" in "March 14th, 2026").
pub(super) fn covers(expected: &Normalised, i: usize, heard: &Normalised, j: usize) -> bool {
    let (a, b) = (&expected.tokens()[i], &heard.tokens()[j]);
    if b.kind == Kind::Date && expected.word(i).is_some() {
        // "march" and "may" alone are words.
        return b.month_name() == expected.word(i);
    }
    if a.kind != Kind::Date || b.kind != Kind::Date {
        return same_fact(expected, i, heard, j);
    }
    let without_year = b.text.split_once('-').filter(|(year, _)| year.len() == 4).map(|(_, rest)| rest);
    [Some(b.text.as_str()), without_year]
        .into_iter()
        .flatten()
        .any(|date| date == a.text || date.strip_prefix(a.text.as_str()).is_some_and(|rest| rest.starts_with('-')))
}

/// "the nineties" are the 1990s.
fn same_decade(short: &str, long: &str) -> bool {
    short.ends_with('s') && short.len() == 3 && long.len() == 5 && long.ends_with(short)
}

/// "gate a 5", in lower case, is gate A5: the letter stands beside the number as a word.
fn same_code(code: &str, text: &Normalised, at: usize) -> bool {
    let number = &text.tokens()[at].text;
    let before = at.checked_sub(1).and_then(|i| text.word(i));
    let after = text.word(at + 1);
    before.is_some_and(|w| code.strip_prefix(w) == Some(number)) || after.is_some_and(|w| code.strip_suffix(w) == Some(number))
}

fn same_word_fact(a: &str, b: &str) -> bool {
    (is_negation(a) || moment(a).is_some()) && lemma(a) == lemma(b)
}

/// Same hour and minute; a known half of the day against an unknown one agrees, against another never.
fn same_clock(a: &str, b: &str) -> bool {
    let twelve = |text: &str| {
        let (hour, minute) = text.trim_end_matches('?').split_once(':')?;
        Some(((hour.parse::<u32>().ok()? + 11) % 12 + 1, minute.to_owned()))
    };
    let unknown = a.ends_with('?') || b.ends_with('?');
    unknown && twelve(a).is_some() && twelve(a) == twelve(b)
}

fn time_as_number(time: &str, number: &str, near: bool) -> bool {
    let Some((hour, minute)) = time.trim_end_matches('?').split_once(':') else {
        return false;
    };
    let Ok(hour) = hour.parse::<u32>() else {
        return false;
    };
    if time.ends_with('?') && number == format!("{hour}{minute}") {
        return true;
    }
    if hour >= 13 && number == format!("{hour}{minute}") {
        return true;
    }
    let spoken = (hour + 11) % 12 + 1;
    near && minute == "00" && number == spoken.to_string()
}

fn near_time(text: &Normalised, index: usize) -> bool {
    index.checked_sub(1).and_then(|i| text.word(i)).is_some_and(|w| BEFORE_TIMES.contains(&w))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::normalise;

    fn last_facts_agree(a: &str, b: &str) -> bool {
        let (a, b) = (normalise(a), normalise(b));
        same_fact(&a, a.tokens().len() - 1, &b, b.tokens().len() - 1)
    }

    #[test]
    fn times_without_a_half_agree_with_both() {
        assert!(last_facts_agree("3:30", "3:30 PM"));
        assert!(last_facts_agree("at three", "at 3 PM"));
        assert!(last_facts_agree("three thirty", "330"));
        assert!(last_facts_agree("gate A5", "gate a 5"));
        assert!(!last_facts_agree("gate B5", "gate a 5"));
        assert!(!last_facts_agree("3 PM", "3 AM"));
        assert!(!last_facts_agree("room three", "3 PM"));
        assert!(!last_facts_agree("at 13", "at 30"));
        assert!(!last_facts_agree("at 15", "at 3 PM"));
    }

    #[test]
    fn addresses_are_exact() {
        assert!(last_facts_agree("john.smith@example.com", "john.smith at example dot com"));
        assert!(!last_facts_agree("john.smith@example.com", "jon.smith@example.com"));
        assert!(!last_facts_agree("john.smith@example.com", "john.smith@example.org"));
        assert!(!last_facts_agree("john1@example.com", "john2@example.com"));
    }

    #[test]
    fn one_is_an_article_and_decades_have_two_names() {
        assert!(last_facts_agree("a", "one") && last_facts_agree("1990s", "nineties"));
        assert!(!last_facts_agree("the", "one") && !last_facts_agree("1980s", "nineties"));
    }
}
