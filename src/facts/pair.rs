//! Two texts read with regard to one another.

use super::rules::{normalise, normalise_heard};
use super::spelled::adopt;
use super::token::{Kind, Normalised, Token};

/// Reads what was expected and what was heard. What one of them spells out and the other writes gets the same tokens in both,
/// and so does a pair of numbers that one reads with "to" and the other without: "3-2" and "three two".
pub fn normalise_pair(expected: &str, heard: &str) -> (Normalised, Normalised) {
    let mut expected = normalise(expected);
    let mut heard = normalise_heard(heard, &expected);
    adopt(&mut heard, &expected);
    adopt(&mut expected, &heard);
    let (before, after) = (expected.clone(), heard.clone());
    take_apart(&mut heard, &before);
    take_apart(&mut expected, &after);
    (expected, heard)
}

/// Takes numbers of two parts in `text` apart where `like` has the two.
fn take_apart(text: &mut Normalised, like: &Normalised) {
    let mut at = 0;
    while at < text.tokens().len() {
        let token = &text.tokens()[at];
        let apart = match token.parts.as_slice() {
            [low, high] if !like.tokens().iter().any(|other| other.same(token)) => with_two(like, low, high, token),
            _ => None,
        };
        let apart = apart.or_else(|| amount(like, token)).or_else(|| same_parts(like, token));
        let length = apart.as_ref().map_or(1, Vec::len);
        if let Some(tokens) = apart {
            text.replace(at..at + 1, tokens);
        }
        at += length;
    }
}

/// The two numbers and the word between them, as they stand in `like`.
fn with_two(like: &Normalised, low: &str, high: &str, token: &Token) -> Option<Vec<Token>> {
    let number = |t: &Token, text: &str| t.kind == Kind::Number && t.text == text;
    let window = like
        .tokens()
        .windows(3)
        .find(|w| number(&w[0], low) && number(&w[2], high) && w[1].kind == Kind::Word && matches!(w[1].text.as_str(), "to" | "over"))?;
    Some(window.iter().map(|t| Token { span: token.span.clone(), ..t.clone() }).collect())
}

/// "nine eleven" is 9/11 where the other text has that.
fn same_parts(like: &Normalised, token: &Token) -> Option<Vec<Token>> {
    let parts: Vec<&str> = match token.kind {
        Kind::Number => token.parts.iter().map(String::as_str).collect(),
        Kind::Time => token.text.strip_suffix('?')?.trim_start_matches('0').split(':').collect(),
        _ => return None,
    };
    let slashed = |t: &&Token| t.kind != token.kind && parts.len() == 2 && t.parts == parts && !t.same(token);
    let found = like.tokens().iter().find(slashed)?;
    Some(vec![Token { span: token.span.clone(), ..found.clone() }])
}

/// "twelve fifty" is $12.50 where the other text has that amount.
fn amount(like: &Normalised, token: &Token) -> Option<Vec<Token>> {
    let text = match (token.kind, token.parts.as_slice()) {
        (Kind::Number, [whole, part]) if part.len() == 2 => format!("{whole}.{part}"),
        (Kind::Time, _) => token.text.strip_suffix('?')?.trim_start_matches('0').replace(':', "."),
        _ => return None,
    };
    let same = |t: &&Token| t.kind == Kind::Money && t.text.trim_end_matches(|c: char| c.is_ascii_alphabetic()) == text;
    let found = like.tokens().iter().find(same)?;
    let there_already = like.tokens().iter().any(|t| t.same(token));
    (!there_already).then(|| vec![Token { span: token.span.clone(), ..found.clone() }])
}
