//! One table of units: as abbreviated, as written out, as spoken.

use super::lexeme::{Lexeme, Shape, is_mark, is_word, word};
use super::number::group;

/// Abbreviations that are exact about capitals come first: `Mb` is not `MB`.
#[rustfmt::skip]
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("Mb", "megabit"), ("Gb", "gigabit"), ("kb", "kilobyte"), ("Kb", "kilobit"), ("MB/s", "megabyte per second"), ("Mb/s", "megabit per second"),
    ("g", "gram"), ("m", "meter"), ("l", "liter"), ("L", "liter"), ("h", "hour"), ("W", "watt"), ("V", "volt"),
    ("mW", "milliwatt"), ("MW", "megawatt"),
];

/// The same with any capitals.
#[rustfmt::skip]
const ABBREVIATIONS_ANY_CASE: &[(&str, &str)] = &[
    ("kg", "kilogram"), ("kgs", "kilogram"), ("gm", "gram"), ("gms", "gram"), ("mg", "milligram"), ("mcg", "microgram"), ("µg", "microgram"),
    ("μg", "microgram"), ("ug", "microgram"), ("oz", "ounce"), ("km", "kilometer"), ("kms", "kilometer"), ("cm", "centimeter"),
    ("mm", "millimeter"), ("mi", "mile"), ("ft", "foot"), ("yd", "yard"), ("yds", "yard"), ("ml", "milliliter"), ("cl", "centiliter"),
    ("dl", "deciliter"), ("gal", "gallon"), ("tsp", "teaspoon"), ("tbsp", "tablespoon"), ("gb", "gigabyte"), ("gbs", "gigabyte"),
    ("mb", "megabyte"), ("mbs", "megabyte"), ("tb", "terabyte"), ("mbps", "megabit per second"), ("mbit/s", "megabit per second"),
    ("gbps", "gigabit per second"), ("kbps", "kilobit per second"), ("hz", "hertz"), ("khz", "kilohertz"), ("mhz", "megahertz"),
    ("ghz", "gigahertz"), ("kw", "kilowatt"), ("kwh", "kilowatt hour"), ("mah", "milliamp hour"), ("mph", "mile per hour"),
    ("kph", "kilometer per hour"), ("kmph", "kilometer per hour"), ("km/h", "kilometer per hour"), ("m/s", "meter per second"),
    ("hr", "hour"), ("hrs", "hour"), ("min", "minute"), ("mins", "minute"), ("sec", "second"), ("secs", "second"), ("ms", "millisecond"),
    ("wk", "week"), ("wks", "week"), ("mo", "month"), ("mos", "month"), ("yr", "year"), ("yrs", "year"), ("sqft", "square foot"),
    ("bpm", "beat per minute"), ("kcal", "kilocalorie"), ("cal", "calorie"), ("db", "decibel"), ("mmhg", "millimeter of mercury"),
    ("pcs", "piece"), ("hp", "horsepower"), ("pkt", "packet"),
];

/// Other names of a unit, in the singular.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("kilo", "kilogram"), ("kilogramme", "kilogram"), ("gramme", "gram"), ("gig", "gigabyte"), ("meg", "megabyte"), ("feet", "foot"),
    ("inches", "inch"), ("centigrade", "celsius"), ("sec", "second"), ("min", "minute"), ("lbs", "pound"), ("persons", "person"), ("mil", "milliliter"),
];

/// Units that are compared without regard to number: "a 25-minute ride", "25 minutes".
#[rustfmt::skip]
const UNITS: &[&str] = &[
    "kilogram", "gram", "milligram", "microgram", "ounce", "pound", "kilometer", "meter", "centimeter", "millimeter", "mile", "foot",
    "yard", "inch", "liter", "milliliter", "centiliter", "deciliter", "gallon", "teaspoon", "tablespoon", "gigabyte", "megabyte", "kilobyte",
    "terabyte", "byte", "megabit", "gigabit", "kilobit", "bit", "kilohertz", "watt", "kilowatt", "megawatt", "volt", "mile", "hour",
    "minute", "second", "millisecond", "week", "month", "year", "day", "night", "beat", "kilocalorie", "calorie", "decibel", "degree",
    "time", "piece", "packet",
];

/// The words for an abbreviated unit, in the singular: "kilometer per hour" for `km/h`.
pub(super) fn abbreviation(raw: &str) -> Option<&'static str> {
    let exact = ABBREVIATIONS.iter().find(|(short, _)| *short == raw);
    let lower = raw.to_lowercase();
    exact.or_else(|| ABBREVIATIONS_ANY_CASE.iter().find(|(short, _)| *short == lower)).map(|(_, words)| *words)
}

/// The singular of a unit under its usual name, and nothing for other words.
pub fn unit_name(word: &str) -> Option<&'static str> {
    let named = |w: &str| NAMES.iter().find(|(from, _)| *from == w).map(|(_, to)| *to);
    let unit = |w: &str| UNITS.iter().find(|u| **u == w).copied();
    let singular = word.strip_suffix('s').filter(|s| s.len() > 2);
    named(word).or_else(|| unit(word)).or_else(|| singular.and_then(|s| named(s).or_else(|| unit(s))))
}

/// Units that "and a half" may follow.
pub(super) fn is_hour_word(word: &str) -> bool {
    matches!(unit_name(word), Some("hour" | "mile" | "year" | "day" | "week" | "month" | "minute" | "kilometer" | "pound" | "foot"))
}

/// Suffix of the canonical text: nothing for dollars.
pub(super) fn currency_symbol(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    match lex.get(i)?.shape {
        Shape::Mark('$') => Some(""),
        Shape::Mark('£') => Some("gbp"),
        Shape::Mark('€') => Some("eur"),
        Shape::Mark('₹') => Some("inr"),
        Shape::Mark('¥') => Some("jpy"),
        _ => None,
    }
}

/// The same for the word at `i`.
pub(super) fn currency_word(lex: &[Lexeme], i: usize) -> Option<&'static str> {
    match word(lex, i)? {
        "dollar" | "dollars" | "buck" | "bucks" | "usd" => Some(""),
        "pound" | "pounds" | "quid" | "gbp" | "sterling" | "lb" | "lbs" => Some("gbp"),
        "euro" | "euros" | "eur" => Some("eur"),
        "rupee" | "rupees" | "inr" => Some("inr"),
        "yen" | "jpy" => Some("jpy"),
        _ => None,
    }
}

/// A code that stands before the amount: "Rs. 500", "USD 25".
pub(super) fn currency_code(lex: &[Lexeme], i: usize) -> Option<(&'static str, usize)> {
    let currency = match word(lex, i)? {
        "rs" | "inr" => "inr",
        "usd" => "",
        "eur" => "eur",
        "gbp" => "gbp",
        "jpy" => "jpy",
        _ => return None,
    };
    let stop = is_mark(lex, i + 1, '.') && lex[i + 1].glued;
    Some((currency, i + 1 + usize::from(stop)))
}

/// The currency whose hundredth part the word at `i` names; `None` inside for a cent, which several have.
pub(super) fn hundredth(lex: &[Lexeme], i: usize) -> Option<Option<&'static str>> {
    match lex.get(i)?.shape {
        Shape::Mark('¢') => return Some(None),
        Shape::Word => {}
        _ => return None,
    }
    match word(lex, i)? {
        "cent" | "cents" => Some(None),
        "penny" | "pennies" => Some(None),
        "pence" => Some(Some("gbp")),
        "p" if lex[i].glued && !(is_mark(lex, i + 1, '.') && is_word(lex, i + 2, &["m"])) => Some(Some("gbp")),
        "paise" | "paisa" => Some(Some("inr")),
        _ => None,
    }
}

/// What comes after a percent sign, or after the words for one.
pub(super) fn percent_sign(lex: &[Lexeme], at: usize) -> Option<usize> {
    if is_mark(lex, at, '%') || is_word(lex, at, &["percent", "pct"]) {
        return Some(at + 1);
    }
    (is_word(lex, at, &["per"]) && is_word(lex, at + 1, &["cent"])).then_some(at + 2)
}

/// One number with a unit of money or a percent sign after it.
pub(super) fn unit_follows(lex: &[Lexeme], i: usize) -> bool {
    group(lex, i).is_some_and(|g| currency_word(lex, g.next).is_some() || percent_sign(lex, g.next).is_some())
}
