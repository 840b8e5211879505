//! Fractions and mixed numbers: "1/2", "two thirds", "three quarters", "two and a half", "1 1/2", "2½".

use super::cardinal::{Group, small_cardinal};
use super::lexeme::{Lexeme, Shape, digits, glued_figures, is_mark, is_word, word};

/// A numerator, a denominator, and what comes after them.
type Fraction = (u64, u64, usize);

/// Denominators that "a" may stand before without "of" after: "a quarter mile".
const MEASURES: &[&str] = &["cup", "mile", "inch", "pound", "acre", "teaspoon", "tablespoon", "tablet", "pill", "percent", "hour"];

/// A fraction at `i` that stands for itself.
pub(super) fn alone(lex: &[Lexeme], i: usize) -> Option<Group> {
    let spoken = digits(lex, i).is_none();
    let (numerator, denominator, next) = fraction(lex, i)?;
    // "half past three" is a time.
    (!is_word(lex, next, &["past"])).then(|| Group { digits: canonical(0, numerator, denominator), next, spoken })
}

/// `whole` with the fraction after it: "two and a half", "1 1/2", "2½".
pub(super) fn mixed(lex: &[Lexeme], whole: Group) -> Group {
    let Some(value) = whole.value() else { return whole };
    let at = whole.next;
    let and = is_word(lex, at, &["and"]);
    let hyphen = !whole.spoken && is_mark(lex, at, '-') && lex[at].glued;
    let after = at + usize::from(and || hyphen);
    let found = if and { and_fraction(lex, after) } else { written(lex, after).or_else(|| sign(lex, after)) };
    match found.filter(|_| and || !whole.spoken) {
        Some((numerator, denominator, next)) => Group { digits: canonical(value, numerator, denominator), next, ..whole },
        None => whole,
    }
}

fn fraction(lex: &[Lexeme], i: usize) -> Option<Fraction> {
    written(lex, i).or_else(|| sign(lex, i)).or_else(|| half(lex, i)).or_else(|| in_words(lex, i)).or_else(|| with_article(lex, i))
}

/// After "and": "a half", "three quarters", "1/2".
fn and_fraction(lex: &[Lexeme], i: usize) -> Option<Fraction> {
    let article = || {
        let (denominator, _) = is_word(lex, i, &["a"]).then(|| word(lex, i + 1).and_then(denominator)).flatten()?;
        Some((1, denominator, i + 2))
    };
    half(lex, i).or_else(|| in_words(lex, i)).or_else(article).or_else(|| written(lex, i))
}

/// "3/4" with nothing between: less than one, of parts that are in use, and not the beginning of a date.
fn written(lex: &[Lexeme], i: usize) -> Option<Fraction> {
    let numerator = digits(lex, i).filter(|d| d.len() <= 2 && !d.starts_with('0'))?;
    let denominator = glued_figures(lex, i + 1, '/').filter(|d| d.len() <= 2 && !d.starts_with('0'))?;
    let (a, b): (u64, u64) = (numerator.parse().ok()?, denominator.parse().ok()?);
    let longer = glued_figures(lex, i + 3, '/').is_some() || (i > 0 && is_mark(lex, i - 1, '/') && lex[i - 1].glued);
    let in_use = matches!(b, 2..=6 | 8 | 10 | 12 | 16);
    (a < b && in_use && !longer).then_some((a, b, i + 3))
}

/// "½".
fn sign(lex: &[Lexeme], i: usize) -> Option<Fraction> {
    let Shape::Mark(mark) = lex.get(i)?.shape else { return None };
    let (a, b) = match mark {
        '½' => (1, 2),
        '⅓' => (1, 3),
        '⅔' => (2, 3),
        '¼' => (1, 4),
        '¾' => (3, 4),
        '⅛' => (1, 8),
        '⅜' => (3, 8),
        '⅝' => (5, 8),
        '⅞' => (7, 8),
        _ => return None,
    };
    Some((a, b, i + 1))
}

/// "half", "a half", "one half".
fn half(lex: &[Lexeme], i: usize) -> Option<Fraction> {
    if is_word(lex, i, &["half"]) {
        return Some((1, 2, i + 1));
    }
    let one = is_word(lex, i, &["a", "one"]) || digits(lex, i) == Some("1");
    let at = past_hyphen(lex, i + 1);
    (one && is_word(lex, at, &["half"])).then_some((1, 2, at + 1))
}

/// "two thirds", "one quarter".
fn in_words(lex: &[Lexeme], i: usize) -> Option<Fraction> {
    let (numerator, after) = small_cardinal(lex, i)?;
    let at = past_hyphen(lex, after);
    let (denominator, plural) = denominator(word(lex, at)?)?;
    ((numerator > 1) == plural && numerator < 20).then_some((numerator, denominator, at + 1))
}

/// "a third of", "a quarter cup"; "a third reminder" is not a fraction.
fn with_article(lex: &[Lexeme], i: usize) -> Option<Fraction> {
    let (denominator, plural) = is_word(lex, i, &["a"]).then(|| word(lex, i + 1).and_then(denominator)).flatten()?;
    let measured = is_word(lex, i + 2, MEASURES) || (is_word(lex, i + 2, &["of"]) && word(lex, i + 3).is_some());
    (!plural && measured).then_some((1, denominator, i + 2))
}

/// The denominator, and whether the word is a plural.
fn denominator(word: &str) -> Option<(u64, bool)> {
    let singular = word.strip_suffix('s');
    let value = match singular.unwrap_or(word) {
        "third" => 3,
        "quarter" | "fourth" => 4,
        "fifth" => 5,
        "sixth" => 6,
        "seventh" => 7,
        "eighth" => 8,
        "ninth" => 9,
        "tenth" => 10,
        _ => return None,
    };
    Some((value, singular.is_some()))
}

fn past_hyphen(lex: &[Lexeme], at: usize) -> usize {
    if is_mark(lex, at, '-') && lex[at].glued { at + 1 } else { at }
}

/// `2.5` where the decimals end, else `7/3`.
fn canonical(whole: u64, numerator: u64, denominator: u64) -> String {
    let decimals = 10_000 * numerator / denominator;
    if decimals * denominator != 10_000 * numerator {
        return format!("{}/{denominator}", whole.saturating_mul(denominator) + numerator);
    }
    format!("{whole}.{decimals:04}").trim_end_matches('0').to_owned()
}
