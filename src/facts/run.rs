//! Runs of figures and letters: digits read one by one or in groups, phone numbers, codes.
//!
//! People and recognisers cut the same number differently: "four eight two nine", "forty eight twenty nine", "48 29" and
//! "4829" are all 4829. So everything that may belong to one number or code is collected first, and only the text of the
//! whole run decides whether it is a number, a code or a time.

use super::cardinal::unit;
use super::found::Found;
use super::lexeme::{Lexeme, Shape, digits, is_mark, is_word, span, word};
use super::number::{group, times};
use super::token::{Kind, Token};
use super::units::unit_follows;
use super::{clock, date, ordinal, ratio, words};

/// Figures or letters that belong together.
#[derive(Clone, Debug)]
struct Part {
    text: String,
    /// Written in words. Only these can be a clock time: one in figures has a colon, and "3 30" is a number.
    spoken: bool,
    letters: bool,
    /// A zero read as "oh": "six oh five" is a time, "six zero five" the number 605.
    oh: bool,
}

/// A maximal run of parts.
#[derive(Clone, Debug)]
pub(super) struct Run {
    parts: Vec<Part>,
    pub next: usize,
}

pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    // A lone letter is a word; only company makes it part of a code.
    let run = run(lex, i).filter(|r| r.parts.len() > 1 || !r.parts[0].letters)?;
    let place = span(lex, i, run.next);
    if let Some(time) = run.as_clock() {
        return Some((vec![Token::new(Kind::Time, time, place)], run.next));
    }
    let mut tokens: Vec<Token> = run.tokens().into_iter().map(|(kind, text)| Token::new(kind, text, place.clone())).collect();
    if let [token] = tokens.as_mut_slice() {
        token.parts = ratio::slashed(lex, i).map(Vec::from).unwrap_or_else(|| run.parts.iter().map(|p| p.text.clone()).collect());
        token.alts.extend(run.alternatives(lex, i));
    }
    Some((tokens, run.next))
}

/// The run that begins at `i`.
pub(super) fn run(lex: &[Lexeme], i: usize) -> Option<Run> {
    let (first, mut next) = part(lex, i, &[])?;
    // Phone numbers and codes are not read with a decimal in them: "2.5 3" is two numbers.
    let alone = first.text.contains(['.', '/']) || ratio::begins(lex, i);
    let mut parts = vec![first];
    while let Some((found, after)) = part_after(lex, next, &parts).filter(|_| !alone) {
        parts.push(found);
        next = after;
    }
    Some(Run { parts, next })
}

fn part_after(lex: &[Lexeme], next: usize, parts: &[Part]) -> Option<(Part, usize)> {
    // "dash" separates the parts of a code only: between numbers it may be a word of the sentence.
    let at = skip_separators(lex, next, parts.last().is_some_and(|p| p.letters));
    let (found, after) = part(lex, at, parts)?;
    let ends = found.text.contains(['.', '/']) || begins_other_fact(lex, at, parts, at > next) || ratio::begins(lex, at);
    (!ends).then_some((found, after))
}

impl Run {
    /// The digits, when no letter is among them.
    pub fn number(&self) -> Option<String> {
        self.parts.iter().all(|p| !p.letters).then(|| self.text())
    }

    fn text(&self) -> String {
        self.parts.iter().map(|p| p.text.as_str()).collect()
    }

    /// "three thirty" or "six oh five", and nothing else: a clock time without its half of the day.
    ///
    /// A longer reading is a number, whatever it begins with. Minutes below ten need the "oh": "three five" is 35.
    fn as_clock(&self) -> Option<String> {
        let values: Vec<u32> = match self.parts.as_slice() {
            parts if parts.iter().all(|p| p.spoken && !p.letters) => parts.iter().map(|p| p.text.parse().unwrap_or(u32::MAX)).collect(),
            _ => return None,
        };
        match values[..] {
            [hour @ 1..=12, minute @ 10..=59] => Some(clock::unknown_half(hour, minute)),
            [hour @ 1..=12, 0, minute @ 1..=9] if self.parts[1].oh => Some(clock::unknown_half(hour, minute)),
            _ => None,
        }
    }

    /// What else the run may stand for: "7.30" is a time after "at", and "5k" five thousand.
    fn alternatives(&self, lex: &[Lexeme], i: usize) -> Vec<(Kind, String)> {
        const BEFORE_TIMES: &[&str] = &["at", "by", "until", "till", "before", "after", "from", "around", "about"];
        let [part, rest @ ..] = self.parts.as_slice() else { return Vec::new() };
        if digits(lex, i).is_some() && is_mark(lex, i + 1, '/') {
            return date::slashed(lex, i).map(|text| (Kind::Date, text)).into_iter().collect();
        }
        if let Some((hour, minute)) = part.text.split_once('.')
            && i > 0
            && is_word(lex, i - 1, BEFORE_TIMES)
            && minute.len() == 2
            && let (Ok(hour @ 1..=12), Ok(minute @ 0..=59)) = (hour.parse(), minute.parse())
        {
            return vec![(Kind::Time, clock::unknown_half(hour, minute))];
        }
        match rest {
            [k] if k.text == "k" && !part.letters => times(&part.text, 1_000).map(|n| (Kind::Number, n)).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Two or more letters at an end are a word of their own; what is left is a number or a code.
    ///
    /// Recognisers write "UA 2317" or "UA2317", "5 km" or "5km", and both must give the same tokens. A single letter belongs
    /// to the code: "B7K4", "gate 12B".
    fn tokens(&self) -> Vec<(Kind, String)> {
        let text = self.text();
        if text.chars().all(char::is_alphabetic) {
            // "O K" is how some recognisers spell "okay".
            let kind = if text == "ok" { Kind::Word } else { Kind::Code };
            return vec![(kind, text)];
        }
        let head = text.chars().take_while(|c| c.is_alphabetic()).count();
        let tail = text.chars().rev().take_while(|c| c.is_alphabetic()).count();
        let head = if head >= 2 { head } else { 0 };
        let tail = if tail >= 2 { tail } else { 0 };
        let chars: Vec<char> = text.chars().collect();
        let cut = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
        let middle = cut(head, chars.len() - tail);
        let plain = middle.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '/'));
        let kind = if plain { Kind::Number } else { Kind::Code };
        let all = [(Kind::Word, cut(0, head)), (kind, middle), (Kind::Word, cut(chars.len() - tail, chars.len()))];
        all.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }
}

impl Part {
    fn new(text: impl Into<String>, spoken: bool, letters: bool) -> Self {
        Self { text: text.into(), spoken, letters, oh: false }
    }
}

/// The order matters: "double" and "oh" would otherwise end the run as words, and letters that touch figures would be
/// judged by the rules for a lone letter.
fn part(lex: &[Lexeme], at: usize, before: &[Part]) -> Option<(Part, usize)> {
    repeated(lex, at)
        .or_else(|| zero(lex, at, before))
        .or_else(|| figures(lex, at))
        .or_else(|| glued_letters(lex, at))
        .or_else(|| letter(lex, at, before))
}

/// "double five", "triple A".
fn repeated(lex: &[Lexeme], at: usize) -> Option<(Part, usize)> {
    let times = match word(lex, at)? {
        "double" => 2,
        "triple" | "treble" => 3,
        _ => return None,
    };
    if let Some(figure) = digits(lex, at + 1).filter(|d| d.len() == 1) {
        return Some((Part::new(figure.repeat(times), false, false), at + 2));
    }
    let next = word(lex, at + 1)?;
    if let Some(n) = unit(next).or_else(|| matches!(next, "oh" | "o").then_some(0)) {
        return Some((Part::new(n.to_string().repeat(times), true, false), at + 2));
    }
    (next.len() == 1).then(|| (Part::new(next.repeat(times), true, true), at + 2))
}

/// "oh" and "o" after a figure, or before two more figures.
///
/// "oh" is an interjection as well. Inside a run it is a zero. At its beginning two figures must follow directly, of which one may
/// be another "oh": "oh five five" is a number being read, "oh, five people" is not. After a letter one must follow, so that "plan B, oh yes" ends
/// at B.
fn zero(lex: &[Lexeme], at: usize, before: &[Part]) -> Option<(Part, usize)> {
    if !is_word(lex, at, &["oh", "o"]) {
        return None;
    }
    let figure = |i| digits(lex, i).is_some() || word(lex, i).is_some_and(|w| unit(w).is_some());
    let inside = before.last().is_some_and(|p| !p.letters || figure(skip_separators(lex, at + 1, true)));
    let oh = |i| is_word(lex, i, &["oh", "o"]);
    let read = |i| figure(i) || oh(i);
    let second = read(at + 2) || is_word(lex, at + 2, &["hundred"]);
    let leading = before.is_empty() && read(at + 1) && second && (figure(at + 1) || figure(at + 2));
    let part = Part { oh: true, ..Part::new("0", true, false) };
    (inside || leading).then_some((part, at + 1))
}

fn figures(lex: &[Lexeme], at: usize) -> Option<(Part, usize)> {
    // Else the run would take the 3 of "3rd" and leave the suffix behind as a word.
    if ordinal::has_suffix(lex, at) && digits(lex, at).is_some() {
        return None;
    }
    let found = group(lex, at)?;
    let next = found.next;
    Some((Part::new(found.digits, found.spoken, false), next))
}

/// Letters that touch figures: "12B", "UA2317", "5km".
fn glued_letters(lex: &[Lexeme], at: usize) -> Option<(Part, usize)> {
    let text = word(lex, at)?;
    let after = lex[at].glued && at > 0 && digits(lex, at - 1).is_some();
    let before = digits(lex, at + 1).is_some() && lex[at + 1].glued;
    (after || before).then(|| (Part::new(text, false, true), at + 1))
}

/// One letter. "a" and "I" are words unless they touch other parts, or stand between two, or (for
/// "A") are written as a capital.
///
/// A capital proves nothing for "I", which always has one, nor for an "A" that begins a sentence.
fn letter(lex: &[Lexeme], at: usize, before: &[Part]) -> Option<(Part, usize)> {
    // A character of a script without spaces is a word.
    let text = word(lex, at).filter(|w| w.len() == 1)?;
    // "42 N 5th Street"
    if words::is_direction(lex, at) {
        return None;
    }
    // "a" and "i" do not count here, or two of these words in a row would be a code.
    let code_like =
        |i: usize| digits(lex, i).is_some() || word(lex, i).is_some_and(|w| unit(w).is_some() || (w.len() == 1 && !matches!(w, "a" | "i")));
    let after = skip_separators(lex, at + 1, true);
    let allowed = match text {
        "a" | "i" => {
            let tight = |i: usize| lex.get(i).is_some_and(|l| l.glued) && code_like(skip_separators(lex, i, true));
            let between = !before.is_empty() && code_like(after);
            let capital = text == "a" && lex[at].capital && !begins_sentence(lex, at);
            tight(at + 1) || (!before.is_empty() && lex[at].glued) || between || (capital && (code_like(after) || !before.is_empty()))
        }
        _ => true,
    };
    allowed.then(|| (Part::new(text, true, true), at + 1))
}

fn begins_sentence(lex: &[Lexeme], at: usize) -> bool {
    at == 0 || matches!(lex[at - 1].shape, Shape::Mark('.' | '?' | '!' | ':'))
}

/// Past what may stand inside a run. A full stop only when nothing but the run touches it: elsewhere it ends a sentence.
///
/// Three marks at most: that is enough for ") - (", and a longer row of marks is not a separator.
fn skip_separators(lex: &[Lexeme], mut at: usize, letters: bool) -> usize {
    for _ in 0..3 {
        let Some(Lexeme { shape: Shape::Mark(mark), glued, .. }) = lex.get(at) else {
            break;
        };
        let tight = *glued && lex.get(at + 1).is_some_and(|l| l.glued);
        match mark {
            '-' | '\u{2013}' | ',' | '(' | ')' | '/' | '_' => at += 1,
            '.' if tight => at += 1,
            _ => break,
        }
    }
    let spelled = letters && is_word(lex, at, &["dash", "hyphen"]);
    if spelled { at + 1 } else { at }
}

/// A time begins here, or, after a comma or a letter, an amount.
///
/// "Room 5, 20 dollars" is a room and an amount, but "one twenty dollars" is one amount, read in groups: without a mark
/// between them the figures before belong to it.
fn begins_other_fact(lex: &[Lexeme], at: usize, before: &[Part], separated: bool) -> bool {
    let letters = before.last().is_some_and(|p| p.letters);
    clock::clock(lex, at).is_some() || ((separated || letters) && unit_follows(lex, at))
}
