//! Codes and addresses that are spelled out, read with a target in mind: "bravo seven kilo four" for `b7k4`,
//! "j o n at example dot com" for `jon@example.com`.
//!
//! Alone, such words are words ("Delta", "Hotel 5", "see"); only the other text shows that they spell something. Every letter and
//! figure must be there, in order.

use super::cardinal::unit;
use super::lexeme::{Lexeme, Shape, digits, is_mark, is_word, span, word};
use super::number::group;
use super::rules::lexemes;
use super::token::{Kind, Normalised, Token};

/// The spelling alphabet of ICAO and NATO, and its common variants.
#[rustfmt::skip]
const ALPHABET: &[(&str, char)] = &[
    ("alpha", 'a'), ("alfa", 'a'), ("bravo", 'b'), ("charlie", 'c'), ("delta", 'd'), ("echo", 'e'), ("foxtrot", 'f'), ("golf", 'g'),
    ("hotel", 'h'), ("india", 'i'), ("juliet", 'j'), ("juliett", 'j'), ("kilo", 'k'), ("lima", 'l'), ("mike", 'm'), ("november", 'n'),
    ("oscar", 'o'), ("papa", 'p'), ("quebec", 'q'), ("romeo", 'r'), ("sierra", 's'), ("tango", 't'), ("uniform", 'u'), ("victor", 'v'),
    ("whiskey", 'w'), ("whisky", 'w'), ("xray", 'x'), ("yankee", 'y'), ("zulu", 'z'),
];

/// Names of letters as recognisers write them.
#[rustfmt::skip]
const LETTERS: &[(&str, char)] = &[
    ("ay", 'a'), ("bee", 'b'), ("be", 'b'), ("cee", 'c'), ("see", 'c'), ("sea", 'c'), ("dee", 'd'), ("ee", 'e'), ("ef", 'f'), ("eff", 'f'),
    ("gee", 'g'), ("aitch", 'h'), ("eye", 'i'), ("jay", 'j'), ("kay", 'k'), ("el", 'l'), ("ell", 'l'), ("em", 'm'), ("en", 'n'),
    ("pee", 'p'), ("cue", 'q'), ("queue", 'q'), ("ar", 'r'), ("are", 'r'), ("ess", 's'), ("tee", 't'), ("tea", 't'), ("you", 'u'),
    ("vee", 'v'), ("ex", 'x'), ("why", 'y'), ("zee", 'z'), ("zed", 'z'),
];

/// The search looks at no more ways to read a place than this.
const BUDGET: usize = 4_000;
/// A longer target is not spelled out on the telephone.
const LONGEST: usize = 80;

/// Rewrites in `text` what spells a code or an address of `like`, so that both have the same tokens.
pub(super) fn adopt(text: &mut Normalised, like: &Normalised) {
    let targets: Vec<Target> = targets(like).into_iter().filter(|t| !t.stands_in(text)).collect();
    if targets.is_empty() {
        return;
    }
    let lex = lexemes(text.source());
    for target in targets {
        let mut search = Search { lex: &lex, target: target.text.as_bytes(), address: target.is_address(), budget: BUDGET };
        let window = (0..lex.len()).find_map(|i| {
            let next = search.read(i, 0, false)?;
            text.whole_tokens(&span(&lex, i, next)).map(|tokens| (span(&lex, i, next), tokens))
        });
        if let Some((place, tokens)) = window {
            let adopted = target.tokens.iter().map(|t| Token { span: place.clone(), ..t.clone() });
            text.replace(tokens, adopted.collect());
        }
    }
}

/// What may be spelled out: its tokens, and letters and figures in a row.
struct Target {
    tokens: Vec<Token>,
    text: String,
}

impl Target {
    fn is_address(&self) -> bool {
        self.tokens.iter().any(|t| t.kind == Kind::Address)
    }

    fn stands_in(&self, text: &Normalised) -> bool {
        let same =
            |window: &[Token]| window.iter().zip(&self.tokens).all(|(a, b)| a.same(b) || (a.text == b.text && spells(a) && spells(b)));
        self.text.is_empty() || self.text.len() > LONGEST || text.tokens().windows(self.tokens.len()).any(same)
    }
}

/// Letters in a row are the word they make.
fn spells(token: &Token) -> bool {
    matches!(token.kind, Kind::Word | Kind::Code)
}

fn targets(text: &Normalised) -> Vec<Target> {
    let tokens = text.tokens();
    let shouted = !text.source().chars().any(char::is_lowercase);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let length = tokens[at..].iter().take_while(|t| t.span == tokens[at].span).count().max(1);
        let group = &tokens[at..at + length];
        let fact = group.iter().any(|t| matches!(t.kind, Kind::Code | Kind::Address))
            || (length > 1 && group.iter().any(|t| t.kind == Kind::Number));
        let capitals = length == 1 && group[0].kind == Kind::Word && !shouted && is_capitals(text.original(at));
        if fact || capitals {
            found.push(Target { tokens: group.to_vec(), text: group.iter().map(|t| t.text.as_str()).collect() });
        }
        at += length;
    }
    found
}

/// "UA", "FAQ": two to six letters, all of them capitals.
fn is_capitals(word: &str) -> bool {
    (2..=6).contains(&word.len()) && word.chars().all(|c| c.is_ascii_uppercase())
}

struct Search<'a> {
    lex: &'a [Lexeme],
    target: &'a [u8],
    address: bool,
    budget: usize,
}

impl Search<'_> {
    /// Where the reading ends that begins at lexeme `at`, with `done` bytes of the target read before.
    fn read(&mut self, at: usize, done: usize, after_letter: bool) -> Option<usize> {
        if done == self.target.len() {
            return Some(at);
        }
        self.budget = self.budget.checked_sub(1)?;
        // The full stop of a local part is not always heard: a pause between two words stands for it.
        let silent = self.address && done > 0 && self.target[done] == b'.' && self.target[done..].contains(&b'@');
        if silent && self.lex.get(at).is_some_and(|l| !l.glued && l.shape == Shape::Word && l.text != "dot") {
            let found = self.read(at, done + 1, false);
            if found.is_some() {
                return found;
            }
        }
        for (text, next) in self.ways(at, after_letter) {
            if (text.is_empty() && done == 0) || !self.target[done..].starts_with(text.as_bytes()) {
                continue;
            }
            let letter = text.len() == 1 && text.bytes().all(|b| b.is_ascii_alphabetic());
            if let Some(end) = self.read(next, done + text.len(), letter || (text.is_empty() && after_letter)) {
                return Some(end);
            }
        }
        None
    }

    /// The ways to read the lexeme at `at`, and where each goes on.
    fn ways(&self, at: usize, after_letter: bool) -> Vec<(String, usize)> {
        let Some(lexeme) = self.lex.get(at) else { return Vec::new() };
        match lexeme.shape {
            Shape::Digits => vec![(lexeme.text.clone(), at + 1)],
            Shape::Mark(mark) if self.address => vec![(mark.to_string(), at + 1)],
            Shape::Mark('-' | '\u{2013}' | '.' | ',' | '/' | '(' | ')' | '_') => vec![(String::new(), at + 1)],
            Shape::Mark(_) => Vec::new(),
            Shape::Word => self.word_ways(at, &lexeme.text, after_letter),
        }
    }

    fn word_ways(&self, at: usize, text: &str, after_letter: bool) -> Vec<(String, usize)> {
        let mut ways = vec![(text.to_owned(), at + 1)];
        let letter = |table: &[(&str, char)]| table.iter().find(|(name, _)| *name == text).map(|(_, c)| (c.to_string(), at + 1));
        ways.extend(letter(ALPHABET));
        ways.extend(letter(LETTERS));
        ways.extend(self.symbol(text).map(|symbol| (symbol.to_owned(), at + 1)));
        ways.extend(unit(text).map(|n| (n.to_string(), at + 1)));
        ways.extend(group(self.lex, at).filter(|g| g.is_whole()).map(|g| (g.digits, g.next)));
        ways.extend(self.repeated(at));
        let ray = at + 1 + usize::from(is_mark(self.lex, at + 1, '-'));
        if text == "x" && is_word(self.lex, ray, &["ray"]) {
            ways.push(("x".to_owned(), ray + 1));
        }
        if text == "double" && is_word(self.lex, at + 1, &["u", "you"]) {
            ways.push(("w".to_owned(), at + 2));
        }
        // "B as in boy", "B for Bravo"
        if after_letter && text == "as" && is_word(self.lex, at + 1, &["in"]) {
            ways.push((String::new(), at + 3));
        }
        if after_letter && matches!(text, "for" | "like") {
            ways.push((String::new(), at + 2));
        }
        ways
    }

    fn symbol(&self, text: &str) -> Option<&'static str> {
        let (symbol, silent) = match text {
            "at" => ("@", false),
            "dot" | "period" | "point" => (".", true),
            "dash" | "hyphen" | "minus" => ("-", true),
            "underscore" => ("_", true),
            "slash" => ("/", true),
            "plus" => ("+", false),
            "oh" | "o" => ("0", false),
            "capital" | "uppercase" | "lowercase" | "letter" => ("", true),
            _ => return None,
        };
        match (self.address, silent) {
            (true, _) => Some(symbol),
            (false, true) => Some(""),
            (false, false) => (symbol == "0").then_some(symbol),
        }
    }

    /// "double four", "triple A".
    fn repeated(&self, at: usize) -> Option<(String, usize)> {
        let times = match word(self.lex, at)? {
            "double" => 2,
            "triple" | "treble" => 3,
            _ => return None,
        };
        let next = word(self.lex, at + 1);
        let zero = next.filter(|w| matches!(*w, "oh" | "o")).map(|_| "0".to_owned());
        let figure = next.and_then(unit).map(|n| n.to_string());
        let single = next.filter(|w| w.len() == 1).map(str::to_owned);
        let written = digits(self.lex, at + 1).filter(|d| d.len() == 1).map(str::to_owned);
        zero.or(figure).or(single).or(written).map(|text| (text.repeat(times), at + 2))
    }
}
