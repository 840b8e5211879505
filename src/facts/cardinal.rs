//! Cardinals in figures or words: "one thousand two hundred fifty four", "2 lakh 50 thousand".

use super::lexeme::{Lexeme, digits, is_mark, is_word, word};

/// One number as digits, perhaps with decimals after a full stop, or as a fraction that has no short decimals: `1254`, `2.5`, `2/3`.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub digits: String,
    pub next: usize,
    /// Written in words.
    pub spoken: bool,
}

impl Group {
    pub fn is_whole(&self) -> bool {
        !self.digits.contains(['.', '/'])
    }

    /// The value, when it is whole and has at most nine digits.
    pub fn value(&self) -> Option<u64> {
        if self.digits.len() > 9 { None } else { self.digits.parse().ok() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Zero,
    Unit(u64),
    Teen(u64),
    Tens(u64),
    Hundred,
    Scale(u64),
    /// In figures, inside a number of words: "2 lakh 50 thousand".
    Figures(u64),
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

fn item(word: &str) -> Option<Item> {
    if let Some(n) = (0_u64..).zip(SMALL).find(|(_, w)| *w == word).map(|(n, _)| n) {
        return Some(match n {
            0 => Item::Zero,
            1..=9 => Item::Unit(n),
            _ => Item::Teen(n),
        });
    }
    if let Some(n) = (2_u64..).zip(TENS).find(|(_, w)| *w == word).map(|(n, _)| n) {
        return Some(Item::Tens(n * 10));
    }
    match word {
        "hundred" => Some(Item::Hundred),
        "thousand" => Some(Item::Scale(1_000)),
        "million" => Some(Item::Scale(1_000_000)),
        "lakh" | "lakhs" | "lac" | "lacs" => Some(Item::Scale(100_000)),
        "crore" | "crores" => Some(Item::Scale(10_000_000)),
        "billion" => Some(Item::Scale(1_000_000_000)),
        "trillion" => Some(Item::Scale(1_000_000_000_000)),
        _ => None,
    }
}

/// 100, 1,000 and so on, for "hundred", "thousand".
pub(super) fn scale(word: &str) -> Option<u64> {
    match item(word)? {
        Item::Hundred => Some(100),
        Item::Scale(scale) => Some(scale),
        _ => None,
    }
}

/// 0 to 9, for "zero" to "nine".
pub(super) fn unit(word: &str) -> Option<u64> {
    match item(word)? {
        Item::Zero => Some(0),
        Item::Unit(n) => Some(n),
        _ => None,
    }
}

/// 20, 30 ... 90.
pub(super) fn tens(word: &str) -> Option<u64> {
    match item(word)? {
        Item::Tens(n) => Some(n),
        _ => None,
    }
}

/// A cardinal being read word by word.
struct Cardinal {
    /// Finished thousands, millions.
    total: u64,
    /// The part below the scale being read.
    current: Option<u64>,
    last: Item,
    /// A smaller scale than this must come next.
    below: u64,
}

impl Cardinal {
    /// Room for units and tens: nothing yet, or a hundred or a thousand just before.
    fn open(&self) -> bool {
        self.current.is_none() || matches!(self.last, Item::Hundred | Item::Scale(_))
    }

    /// Adds `item`, or leaves everything as it is and says no. `lone`: another single figure follows,
    /// so that figures are being read one by one.
    fn push(&mut self, item: Item, lone: bool) -> bool {
        let so_far = self.current.unwrap_or(0);
        let grown = match item {
            Item::Zero if self.current.is_none() => Some(0),
            Item::Unit(n) if self.current.is_none() => Some(n),
            Item::Unit(n) if matches!(self.last, Item::Tens(_)) => Some(so_far + n),
            Item::Unit(n) if self.open() && !lone => Some(so_far + n),
            Item::Teen(n) | Item::Tens(n) if self.open() => Some(so_far + n),
            Item::Figures(n) if matches!(self.last, Item::Scale(_)) => Some(n),
            Item::Hundred if (1..100).contains(&so_far) => Some(so_far * 100),
            Item::Scale(s) if so_far > 0 && so_far < 1_000_000 && s < self.below => {
                self.total += so_far * s;
                self.below = s;
                Some(0)
            }
            _ => None,
        };
        if grown.is_some() {
            self.current = grown;
            self.last = item;
        }
        grown.is_some()
    }
}

pub(super) fn figures(lex: &[Lexeme], i: usize) -> Option<Group> {
    digits(lex, i).map(|d| Group { digits: d.to_owned(), next: i + 1, spoken: false })
}

/// 1 to 19, in words or figures, and what comes after it.
pub(super) fn small_cardinal(lex: &[Lexeme], i: usize) -> Option<(u64, usize)> {
    let spoken = || match item(word(lex, i)?)? {
        Item::Unit(n) | Item::Teen(n) => Some(n),
        _ => None,
    };
    let written = || digits(lex, i)?.parse().ok().filter(|n| (1..20).contains(n));
    spoken().or_else(written).map(|n| (n, i + 1))
}

pub(super) fn cardinal(lex: &[Lexeme], i: usize) -> Option<Group> {
    let mut number = Cardinal { total: 0, current: None, last: Item::Zero, below: u64::MAX };
    let mut next = i;
    if let Some((start, after)) = start_before_scale(lex, i) {
        number.current = Some(start);
        next = after;
    }
    loop {
        let at = if next == i { i } else { skip_inside(lex, next, &number) };
        let Some(found) = item_at(lex, at, &number) else {
            break;
        };
        let after = if is_mark(lex, at + 1, '-') { at + 2 } else { at + 1 };
        let lone = word(lex, after).is_some_and(|w| w == "oh" || unit(w).is_some());
        if !number.push(found, lone) {
            break;
        }
        next = at + 1;
        if found == Item::Zero {
            break;
        }
    }
    let value = number.total + number.current?;
    (next > i).then(|| Group { digits: value.to_string(), next, spoken: true })
}

fn item_at(lex: &[Lexeme], at: usize, number: &Cardinal) -> Option<Item> {
    if let Some(word) = word(lex, at) {
        return item(word);
    }
    // After a scale only, and before a smaller one: "2 lakh 50 thousand".
    let scale = |i| word(lex, i).and_then(item).is_some_and(|item| matches!(item, Item::Scale(_)));
    let inside = matches!(number.last, Item::Scale(_)) && scale(at + 1);
    digits(lex, at).filter(|d| inside && d.len() <= 3).and_then(|d| d.parse().ok()).map(Item::Figures)
}

/// "a hundred", "3 thousand": what stands before the scale word. A hundred or a lakh alone is one of them.
fn start_before_scale(lex: &[Lexeme], i: usize) -> Option<(u64, usize)> {
    let scale = |i| matches!(word(lex, i).and_then(item), Some(Item::Hundred | Item::Scale(_)));
    if is_word(lex, i, &["a"]) && scale(i + 1) {
        return Some((1, i + 1));
    }
    if scale(i) {
        const COUNTED: &[&str] = &["few", "several", "many", "of", "couple", "per", "half", "some", "the"];
        let counted = i > 0 && (is_word(lex, i - 1, COUNTED) || digits(lex, i - 1).is_some());
        return (!counted).then_some((1, i));
    }
    let figures = digits(lex, i).filter(|d| d.len() <= 3 && !d.starts_with('0') && scale(i + 1))?;
    figures.parse().ok().map(|n| (n, i + 1))
}

/// Past a hyphen ("twenty-five"), "and" after a hundred, a comma after a thousand or after its hundreds.
fn skip_inside(lex: &[Lexeme], at: usize, number: &Cardinal) -> usize {
    let last = number.last;
    let scaled = matches!(last, Item::Hundred | Item::Scale(_));
    let small = |i| matches!(word(lex, i).and_then(item), Some(Item::Unit(_) | Item::Teen(_) | Item::Tens(_)));
    if matches!(last, Item::Tens(_)) && is_mark(lex, at, '-') && lex[at].glued && small(at + 1) {
        return at + 1;
    }
    let grouped = matches!(last, Item::Scale(_)) || (last == Item::Hundred && number.total > 0);
    let comma = grouped && is_mark(lex, at, ',');
    if scaled && (is_word(lex, at, &["and"]) || comma) && small(at + 1) {
        return at + 1;
    }
    at
}
