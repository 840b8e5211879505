//! Canonical tokens and the text they came from.

use std::fmt;
use std::ops::Range;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A plain word, lower case, contractions expanded.
    Word,
    /// Digits without grouping, leading zeros kept; decimals after a full stop: `12`, `0132`, `3.5`, `-5`. A fraction without short
    /// decimals is `2/3`, a version `1.2.3`, a decade `1990s`.
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
    /// What else it may stand for: "3/4" is a fraction or a date, "'s" is "is" or "has".
    pub alts: Vec<(Kind, String)>,
    /// The pieces in which a number was read or written: `48`, `29` for "forty eight twenty nine".
    pub parts: Vec<String>,
}

impl Token {
    pub fn new(kind: Kind, text: impl Into<String>, span: Range<usize>) -> Self {
        Self { kind, text: text.into(), span, alts: Vec::new(), parts: Vec::new() }
    }

    /// Same kind and same canonical text, wherever they stood; what one may stand for counts.
    pub fn same(&self, other: &Token) -> bool {
        self.readings().any(|(kind, text)| other.readings().any(|other| other == (kind, text)))
    }

    fn readings(&self) -> impl Iterator<Item = (Kind, &str)> {
        std::iter::once((self.kind, self.text.as_str())).chain(self.alts.iter().map(|(kind, text)| (*kind, text.as_str())))
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

    /// Places of the tokens that lie in `bytes`; `None` when one lies there only in part, or none at all.
    pub(super) fn whole_tokens(&self, bytes: &Range<usize>) -> Option<Range<usize>> {
        let touches = |t: &Token| t.span.start < bytes.end && t.span.end > bytes.start;
        let from = self.tokens.iter().position(touches)?;
        let to = self.tokens.iter().rposition(touches)? + 1;
        let inside = |t: &Token| t.span.start >= bytes.start && t.span.end <= bytes.end;
        self.tokens[from..to].iter().all(inside).then_some(from..to)
    }

    /// Some of the tokens of the same text.
    pub fn part(&self, places: Range<usize>) -> Self {
        Self { source: self.source.clone(), tokens: self.tokens.get(places).unwrap_or_default().to_vec() }
    }

    /// Puts other tokens in the place of some.
    pub fn replace(&mut self, places: Range<usize>, tokens: Vec<Token>) {
        self.tokens.splice(places, tokens);
    }

    /// The text as it was given, its accents composed (NFC).
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
    pub fn word(&self, index: usize) -> Option<&str> {
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
