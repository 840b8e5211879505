//! One number: a cardinal or a fraction, with its decimals and its scale.

use super::cardinal::{Group, cardinal, figures, scale, unit};
use super::fraction;
use super::lexeme::{Lexeme, Shape, digits, glued_figures, is_mark, is_word, word};

/// The number at `i`.
pub(super) fn group(lex: &[Lexeme], i: usize) -> Option<Group> {
    let dozen = is_word(lex, i, &["a"]) && is_word(lex, i + 1, &["dozen"]);
    let found = match fraction::alone(lex, i) {
        Some(fraction) => fraction,
        None if dozen => Group { digits: "12".to_owned(), next: i + 2, spoken: true },
        None => {
            let whole = cardinal(lex, i).or_else(|| figures(lex, i)).map(|g| with_decimals(lex, g)).or_else(|| point(lex, i))?;
            fraction::mixed(lex, whole)
        }
    };
    Some(scaled(lex, found))
}

/// "1.2 million", "half a million", "two dozen": a scale after what is more than a number of words.
fn scaled(lex: &[Lexeme], found: Group) -> Group {
    let article = usize::from(found.digits == "0.5" && is_word(lex, found.next, &["a"]));
    let at = found.next + article;
    // A whole number of words has taken its scales already.
    let finished = found.spoken && found.is_whole();
    let factor = match word(lex, at) {
        Some("dozen") => Some(12),
        Some(w) if !finished => scale(w),
        _ => None,
    };
    let Some(factor) = factor else { return found };
    match times(&found.digits, factor) {
        Some(digits) => Group { digits, next: at + 1, ..found },
        None => found,
    }
}

/// `digits` times `factor`, exactly; `None` for a fraction or a number that is too large.
pub(super) fn times(digits: &str, factor: u64) -> Option<String> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if part.len() > 6 || digits.contains('/') {
        return None;
    }
    let unit = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let product = format!("{whole}{part}").parse::<u128>().ok()?.checked_mul(u128::from(factor))?;
    let rest = product % unit;
    let decimals = if rest == 0 { String::new() } else { format!(".{rest:0>width$}", width = part.len()).trim_end_matches('0').to_owned() };
    Some(format!("{}{decimals}", product / unit))
}

/// "point five", ".5": decimals without a whole part.
fn point(lex: &[Lexeme], i: usize) -> Option<Group> {
    const NOUN_AFTER: &[&str] = &["this", "that", "the", "a", "one", "some", "what", "which", "each", "check", "starting", "any", "next"];
    let written = is_mark(lex, i, '.') && lex.get(i + 1).is_some_and(|l| l.glued) && (i == 0 || !lex[i].glued || is_sign(lex, i - 1));
    let noun = i > 0 && is_word(lex, i - 1, NOUN_AFTER);
    if !(written || (is_word(lex, i, &["point"]) && !noun)) {
        return None;
    }
    let (decimals, next) = decimals(lex, i + 1, written);
    (!decimals.is_empty()).then(|| Group { digits: format!("0.{decimals}"), next, spoken: !written })
}

/// A currency sign or a minus, after which ".99" is a number.
fn is_sign(lex: &[Lexeme], i: usize) -> bool {
    matches!(lex[i].shape, Shape::Mark('$' | '£' | '€' | '₹' | '-' | '−'))
}

fn with_decimals(lex: &[Lexeme], whole: Group) -> Group {
    let next = whole.next;
    if let Some(part) = glued_figures(lex, next, '.').filter(|_| !whole.spoken) {
        // More than one full stop: not a decimal but groups, as in 415.555.0132.
        let more_before = next >= 3 && glued_figures(lex, next - 2, '.').is_some() && digits(lex, next - 3).is_some();
        if more_before || glued_figures(lex, next + 2, '.').is_some() {
            return whole;
        }
        return Group { digits: format!("{}.{part}", whole.digits), next: next + 2, spoken: false };
    }
    if !is_word(lex, next, &["point"]) {
        return whole;
    }
    let (decimals, at) = decimals(lex, next + 1, false);
    if decimals.is_empty() {
        return whole;
    }
    Group { digits: format!("{}.{decimals}", whole.digits), next: at, ..whole }
}

/// Decimals read one by one ("oh five") or as one number ("ten"), and what comes after them.
fn decimals(lex: &[Lexeme], from: usize, written: bool) -> (String, usize) {
    if written {
        return digits(lex, from).map_or((String::new(), from), |d| (d.to_owned(), from + 1));
    }
    let (mut decimals, mut at) = (String::new(), from);
    while let Some(figure) = decimal_figure(lex, at) {
        decimals.push_str(&figure);
        at += 1;
    }
    if decimals.is_empty()
        && let Some(number) = cardinal(lex, from).filter(|n| n.digits.len() == 2)
    {
        return (number.digits, number.next);
    }
    (decimals, at)
}

fn decimal_figure(lex: &[Lexeme], at: usize) -> Option<String> {
    match word(lex, at) {
        Some("oh") => Some("0".to_owned()),
        Some(w) => unit(w).map(|n| n.to_string()),
        None => digits(lex, at).map(str::to_owned),
    }
}
