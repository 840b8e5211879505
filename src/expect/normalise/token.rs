//! Canonical tokens and the text they came from.

use std::fmt;
use std::ops::Range;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A plain word, lower case, contractions expanded.
    Word,
    /// Digits without grouping, leading zeros kept; decimals after a full stop: `12`, `0132`, `3.5`.
    Number,
    /// Digits of an ordinal: `3` for "third".
    Ordinal,
    /// Digits of a percentage: `15` for "15 %".
    Percent,
    /// Amount with two decimals, and the currency when it is not dollars: `25.00`, `9.50gbp`.
    Money,
    /// `15:00`, 24-hour; or `03:30?` when the half of the day is not known.
    Time,
    /// `2026-03-14`, `03-14`, `2026-03` or `03`.
    Date,
    /// Letters and figures, lower case, without separators: `b7k4`; or letters spelled out.
    Code,
    /// An e-mail or web address: `john.smith@example.com`.
    Address,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Kind::Word => "",
            Kind::Number => "num:",
            Kind::Ordinal => "ord:",
            Kind::Percent => "pct:",
            Kind::Money => "money:",
            Kind::Time => "time:",
            Kind::Date => "date:",
            Kind::Code => "code:",
            Kind::Address => "addr:",
        }
    }
}

/// One canonical token. Two texts say the same when their tokens have the same kinds and texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// What it stands for.
    pub kind: Kind,
    /// Canonical form; see [`Kind`] for the shape.
    pub text: String,
    /// Bytes of the source it came from. Words of one contraction share a span.
    pub span: Range<usize>,
}

impl Token {
    pub(crate) fn new(kind: Kind, text: impl Into<String>, span: Range<usize>) -> Self {
        Self { kind, text: text.into(), span }
    }

    /// Same kind and same canonical text, wherever they stood.
    pub fn same(&self, other: &Token) -> bool {
        self.kind == other.kind && self.text == other.text
    }
}

/// `time:15:00`, `money:25.00`, `tuesday`.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.prefix(), self.text)
    }
}

/// A text and its canonical tokens, in order.
#[derive(Clone, Debug)]
pub struct Normalised {
    source: String,
    tokens: Vec<Token>,
}

impl Normalised {
    pub(super) fn new(source: &str, tokens: Vec<Token>) -> Self {
        Self { source: source.to_owned(), tokens }
    }

    /// The text as it was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The canonical tokens.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The original words of token `index`; empty when there is no such token.
    pub fn original(&self, index: usize) -> &str {
        self.tokens.get(index).and_then(|t| self.source.get(t.span.clone())).unwrap_or_default()
    }

    /// The canonical text of the word at `index`, if that token is a word.
    pub(crate) fn word(&self, index: usize) -> Option<&str> {
        self.tokens.get(index).filter(|t| t.kind == Kind::Word).map(|t| t.text.as_str())
    }

    /// True when both texts have the same tokens.
    pub fn same(&self, other: &Normalised) -> bool {
        self.tokens.len() == other.tokens.len() && self.tokens.iter().zip(&other.tokens).all(|(a, b)| a.same(b))
    }
}

/// Tokens with a space between: `booked for tuesday at time:15:00`.
impl fmt::Display for Normalised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, token) in self.tokens.iter().enumerate() {
            write!(f, "{}{token}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
