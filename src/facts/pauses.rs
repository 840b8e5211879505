//! Full stops that a recogniser puts where the speaker only paused, inside one fact.
//!
//! Replies are transcribed in pieces cut at pauses, and each piece gets a full stop. A full stop is
//! taken out, never put in, when what stands on both sides reads as one fact:
//!
//! - figures and letters ("B. Seven. K. Four."), when the piece after the stop has nothing else in it,
//!   or both sides read figures one by one. Two lone numbers must have as many digits each: "415. 555."
//!   is one number, "The total is 20. 5." two, and "The total is 20. 5 items." two as well;
//! - a number that stops after "hundred" or "thousand" and goes on to a unit;
//! - an amount and its cents; an hour and its minutes or half of the day; a month, its day and its year.
//!   What follows must not be a fact of its own: "at ten. Five p.m." is two times.
//!
//! "No. 5" is "number 5" in the middle of a sentence, or as all that is said; "No. 5 people are waiting."
//! stays a negation.

use super::cardinal::unit;
use super::lexeme::{Lexeme, Shape, digits, is_mark, is_word, word};
use super::number::group;
use super::units::unit_follows;
use super::{clock, date, money, ordinal};

/// No fact looks further than this, in lexemes.
const REACH: usize = 48;
const BEFORE_TIMES: &[&str] = &["at", "by", "for", "from", "to", "until", "till", "before", "after", "around"];
const SCALES: &[&str] = &["hundred", "thousand", "lakh", "million", "crore", "billion"];
const NUMBERED: &[&str] =
    &["account", "apartment", "case", "flight", "gate", "invoice", "item", "order", "platform", "reference", "room", "ticket"];

/// Takes out the full stops that stand inside a fact.
pub(super) fn mend(lex: Vec<Lexeme>) -> Vec<Lexeme> {
    let mut out: Vec<Lexeme> = Vec::with_capacity(lex.len());
    let mut joined = 0;
    let mut at = 0;
    while at < lex.len() {
        let after = past_stops(&lex, at);
        if after == at {
            out.push(lex[at].clone());
            at += 1;
            continue;
        }
        let rest = &lex[after..lex.len().min(after + REACH)];
        if is_numero(&out, rest) {
            let last = out.len() - 1;
            "number".clone_into(&mut out[last].text);
        } else if Pause::new(&out, rest, joined).inside_a_fact() {
            joined = out.len();
        } else {
            out.extend_from_slice(&lex[at..after]);
        }
        at = after;
    }
    out
}

/// Past the full stops at `at`, when they end a piece and another follows; else `at`.
fn past_stops(lex: &[Lexeme], at: usize) -> usize {
    let stops = lex[at..].iter().take_while(|l| matches!(l.shape, Shape::Mark('.' | '\u{2026}'))).count();
    let apart = lex.get(at + stops).is_some_and(|l| !l.glued);
    if at > 0 && lex[at].glued && apart { at + stops } else { at }
}

fn is_break(lex: &[Lexeme], at: usize) -> bool {
    let tight = lex.get(at + 1).is_some_and(|l| l.glued);
    matches!(lex[at].shape, Shape::Mark('.' | '?' | '!' | '\u{2026}' | ';')) && !tight
}

/// The piece ends before lexeme `at` of `rest`.
fn ends(rest: &[Lexeme], at: usize) -> bool {
    at >= rest.len() || is_break(rest, at)
}

/// "Order No. 5".
fn is_numero(out: &[Lexeme], rest: &[Lexeme]) -> bool {
    let Some(last) = out.len().checked_sub(1).filter(|l| is_word(out, *l, &["no"])) else {
        return false;
    };
    let other_fact = clock::clock(rest, 0).is_some() || date::rule(rest, 0).is_some() || unit_follows(rest, 0);
    if digits(rest, 0).is_none() || ordinal::has_suffix(rest, 0) || other_fact {
        return false;
    }
    let before = last.checked_sub(1);
    let named = before.is_some_and(|b| is_word(out, b, NUMBERED));
    let inside = before.is_some_and(|b| word(out, b).is_some()) && out[last].capital;
    let all = before.is_none_or(|b| is_break(out, b)) && ends(rest, 1);
    named || inside || all
}

/// A number or a letter, as part of a longer figure or code.
#[derive(Clone, Copy, Debug)]
struct Atom {
    /// None for a letter.
    digits: usize,
    next: usize,
}

/// Atoms with nothing but separators between them.
#[derive(Debug, Default)]
struct Atoms {
    start: usize,
    all: Vec<Atom>,
    next: usize,
}

impl Atoms {
    fn read(lex: &[Lexeme], start: usize) -> Self {
        let mut found = Self { start, all: Vec::new(), next: start };
        let mut at = start;
        while let Some(atom) = atom(lex, at) {
            found.all.push(atom);
            found.next = atom.next;
            at = atom.next;
            while ['-', '\u{2013}', ',', '(', ')', '/'].iter().any(|m| is_mark(lex, at, *m)) {
                at += 1;
            }
        }
        found
    }

    fn letters(&self) -> bool {
        self.all.iter().any(|a| a.digits == 0)
    }

    fn one_by_one(&self) -> bool {
        self.all.len() >= 2 && self.all.iter().all(|a| a.digits == 1)
    }

    fn lone(&self) -> Option<usize> {
        match self.all[..] {
            [Atom { digits, .. }] if digits > 0 => Some(digits),
            _ => None,
        }
    }
}

fn atom(lex: &[Lexeme], i: usize) -> Option<Atom> {
    if ordinal::ordinal(lex, i).is_some() {
        return None;
    }
    if is_word(lex, i, &["double", "triple", "treble"]) {
        let times = if is_word(lex, i, &["double"]) { 2 } else { 3 };
        return atom(lex, i + 1).filter(|a| a.next == i + 2 && a.digits <= 1).map(|a| Atom { digits: a.digits * times, next: a.next });
    }
    if is_word(lex, i, &["oh", "o"]) {
        return Some(Atom { digits: 1, next: i + 1 });
    }
    if let Some(number) = group(lex, i) {
        return number.is_whole().then_some(Atom { digits: number.digits.len(), next: number.next });
    }
    let text = word(lex, i)?;
    let single = text.len() == 1 && (!matches!(text, "a" | "i") || lex[i].capital);
    let beside = (lex[i].glued && i > 0 && digits(lex, i - 1).is_some()) || (digits(lex, i + 1).is_some() && lex[i + 1].glued);
    (single || (beside && text.len() <= 3)).then_some(Atom { digits: 0, next: i + 1 })
}

/// A full stop between two pieces, seen from both sides.
struct Pause<'a> {
    /// The end of what came before.
    before: &'a [Lexeme],
    rest: &'a [Lexeme],
    /// Both, without the stop.
    whole: Vec<Lexeme>,
    /// Where in `before` a full stop was last taken out.
    joined: usize,
}

impl<'a> Pause<'a> {
    fn new(out: &'a [Lexeme], rest: &'a [Lexeme], joined: usize) -> Self {
        let cut = out.len().saturating_sub(REACH);
        let before = &out[cut..];
        Self { before, rest, whole: [before, rest].concat(), joined: joined.saturating_sub(cut) }
    }

    fn inside_a_fact(&self) -> bool {
        self.in_money() || self.in_time() || self.in_date() || self.in_figures()
    }

    /// Places shortly before the stop.
    fn starts(&self) -> impl Iterator<Item = usize> + use<> {
        self.before.len().saturating_sub(6)..self.before.len()
    }

    /// How far behind the stop `rule`, begun before it, comes.
    fn reach(&self, rule: impl Fn(&[Lexeme], usize) -> Option<usize>) -> Option<usize> {
        self.starts().find_map(|j| rule(&self.whole, j)?.checked_sub(self.before.len())).filter(|reach| *reach > 0)
    }

    fn in_money(&self) -> bool {
        let end = |lex: &[Lexeme], i: usize| money::rule(lex, i).map(|f| f.1);
        let amount = self.starts().any(|j| end(self.before, j) == Some(self.before.len()));
        if amount {
            let and = is_word(self.rest, 0, &["and"]);
            return self.reach(end).is_some_and(|reach| and || ends(self.rest, reach));
        }
        self.after_a_scale()
            && self.starts().any(|j| {
                let grown = group(&self.whole, j).filter(|g| g.next > self.before.len());
                grown.is_some() && unit_follows(&self.whole, j)
            })
    }

    fn after_a_scale(&self) -> bool {
        is_word(self.before, self.before.len().wrapping_sub(1), SCALES)
    }

    fn in_time(&self) -> bool {
        if clock::clock(self.rest, 0).is_some() {
            return false;
        }
        let part_of_day = is_word(self.rest, 0, &["in", "at"]);
        self.reach(|lex, i| clock::clock(lex, i).map(|c| c.1)).is_some_and(|reach| !part_of_day || ends(self.rest, reach))
            || self.hour_then_minutes()
    }

    /// "at three. Thirty."
    fn hour_then_minutes(&self) -> bool {
        let Some(hour) = self.before.len().checked_sub(1) else {
            return false;
        };
        let small = |lex: &[Lexeme], i: usize, low, high| {
            word(lex, i).is_some() && group(lex, i).and_then(|g| g.value()).is_some_and(|v| (low..=high).contains(&v))
        };
        let minutes = Atoms::read(self.rest, 0);
        hour > 0
            && is_word(self.before, hour - 1, BEFORE_TIMES)
            && small(self.before, hour, 1, 12)
            && small(self.rest, 0, 10, 59)
            && minutes.all.len() == 1
            && ends(self.rest, minutes.next)
    }

    fn in_date(&self) -> bool {
        date::rule(self.rest, 0).is_none()
            && self
                .reach(|lex, i| date::rule(lex, i).map(|f| f.1))
                .is_some_and(|reach| ends(self.rest, reach) || is_word(self.rest, reach, &["at"]))
    }

    fn in_figures(&self) -> bool {
        let after = Atoms::read(self.rest, 0);
        let Some(before) = self.figures_before().filter(|_| !after.all.is_empty()) else {
            return false;
        };
        if !ends(self.rest, after.next) {
            let chain = self.joined > before.start;
            return (before.one_by_one() && after.one_by_one())
                || (chain && after.lone().is_some_and(|d| d >= 3)) && !unit_follows(self.rest, 0);
        }
        if before.letters() || after.letters() || after.one_by_one() || before.all.len() >= 2 {
            return true;
        }
        let one_number = self.after_a_scale() && group(&self.whole, before.start).is_some_and(|g| g.next == self.before.len() + after.next);
        let interjection = word(self.rest, 0).is_some_and(|w| unit(w).is_none()) && is_word(self.rest, 0, &["oh", "o"]);
        one_number || (before.lone() == after.lone() && after.lone().is_some() && !interjection)
    }

    /// The figures and letters right before the stop.
    fn figures_before(&self) -> Option<Atoms> {
        let lex = self.before;
        let mut at = (0..lex.len()).rfind(|i| is_break(lex, *i) && i + 1 < lex.len()).map_or(0, |i| i + 1);
        while at < lex.len() {
            let found = Atoms::read(lex, at);
            let part_of_other =
                at > 0 && matches!(lex[at - 1].shape, Shape::Mark(m) if !matches!(m, ',' | '(' | '-' | '#' | '"')) && lex[at].glued;
            if found.next == lex.len() && !found.all.is_empty() {
                return (!part_of_other).then_some(found);
            }
            at = found.next.max(at + 1);
        }
        None
    }
}
