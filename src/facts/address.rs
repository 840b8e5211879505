//! E-mail and web addresses, written or spelled: "john dot smith at example dot com".

use super::found::Found;
use super::lexeme::{Lexeme, Shape, is_mark, is_word, span};
use super::token::{Kind, Token};

/// Endings that make a word with a full stop in it an address. Without this list "me.Thanks" is one.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "com", "org", "net", "io", "co", "uk", "edu", "gov", "dev", "ai", "de", "fr", "in", "info", "biz", "app", "us", "me", "tv", "ca", "au", "nl",
    "es", "it", "eu", "ch", "xyz", "shop", "store", "health", "ly", "gg", "be", "ie", "nz", "za",
];

/// No address has more parts than this; it bounds the search.
const MAX_PARTS: usize = 12;

pub(super) fn rule(lex: &[Lexeme], i: usize) -> Found {
    let start = past_scheme(lex, i);
    let (text, next) = email(lex, start).or_else(|| with_path(lex, start))?;
    Some((vec![Token::new(Kind::Address, text, span(lex, i, next))], next))
}

/// The scheme is not spoken.
fn past_scheme(lex: &[Lexeme], i: usize) -> usize {
    let scheme = is_word(lex, i, &["http", "https"]) && is_mark(lex, i + 1, ':') && is_mark(lex, i + 2, '/') && is_mark(lex, i + 3, '/');
    if scheme { i + 4 } else { i }
}

/// "example.com/help", "w w w dot example dot com slash help".
fn with_path(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let spelled = ["w", "w", "w"].iter().enumerate().all(|(n, w)| is_word(lex, i + n, &[w])) && is_word(lex, i + 3, &["dot"]);
    let (mut text, mut next) = if spelled { host(lex, i + 4).map(|(text, next)| (format!("www.{text}"), next)) } else { host(lex, i) }?;
    for _ in 0..MAX_PARTS {
        let written = is_mark(lex, next, '/') && lex[next].glued && lex.get(next + 1).is_some_and(|l| l.glued);
        if !(written || is_word(lex, next, &["slash"])) {
            break;
        }
        let Some((more, after)) = dotted(lex, next + 1, true) else { break };
        text.push('/');
        text.push_str(&more);
        next = after;
    }
    Some((text, next))
}

fn email(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let (local, after) = dotted(lex, i, true)?;
    if !(is_mark(lex, after, '@') || is_word(lex, after, &["at"])) {
        return None;
    }
    let (domain, next) = host(lex, after + 1)?;
    // "reach us at example.com" says where, not whom.
    let written = is_mark(lex, after, '@');
    let prose = ["us", "me", "is", "online", "it", "site", "website"].contains(&local.as_str());
    (written || !prose).then(|| (format!("{local}@{domain}"), next))
}

fn host(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let (text, next) = dotted(lex, i, false)?;
    let (_, ending) = text.rsplit_once('.')?;
    ENDINGS.contains(&ending).then_some((text, next))
}

/// Parts with "." or "dot" (and in the local part "_" or "-", written or spelled) between them.
fn dotted(lex: &[Lexeme], i: usize, local: bool) -> Option<(String, usize)> {
    let (mut text, mut at) = part(lex, i)?;
    for _ in 1..MAX_PARTS {
        let Some((mark, after)) = separator(lex, at, local) else {
            break;
        };
        let Some((next_part, next)) = part(lex, after) else {
            break;
        };
        text.push(mark);
        text.push_str(&next_part);
        at = next;
    }
    Some((text, at))
}

/// Words and figures with nothing between them.
fn part(lex: &[Lexeme], i: usize) -> Option<(String, usize)> {
    let solid = |l: &Lexeme| !matches!(l.shape, Shape::Mark(_));
    let first = lex.get(i).filter(|l| solid(l))?;
    let mut text = first.text.clone();
    let mut at = i + 1;
    while let Some(more) = lex.get(at).filter(|l| l.glued && solid(l)) {
        text.push_str(&more.text);
        at += 1;
    }
    Some((text, at))
}

fn separator(lex: &[Lexeme], at: usize, local: bool) -> Option<(char, usize)> {
    let tight = lex.get(at).is_some_and(|l| l.glued) && lex.get(at + 1).is_some_and(|l| l.glued);
    if (tight && is_mark(lex, at, '.')) || is_word(lex, at, &["dot"]) {
        return Some(('.', at + 1));
    }
    let written = |c| tight && is_mark(lex, at, c);
    if written('_') || (local && is_word(lex, at, &["underscore"])) {
        return Some(('_', at + 1));
    }
    (written('-') || (local && is_word(lex, at, &["dash", "hyphen"]))).then_some(('-', at + 1))
}
