//! Tokens back to text a person (and a regular expression) expects.

use super::date::month_name;
use super::token::{Kind, Normalised, Token};
use super::units::unit_name;

/// How facts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// "3 PM", "$25", "March 14".
    Short,
    /// "3:00 PM", "$25.00", "March 14th".
    Long,
    /// "15:00", "25 dollars", "14 March".
    Plain,
}

impl Normalised {
    /// The source with every fact written in `style`; the rest, capitals and punctuation, as it was.
    pub fn rewritten(&self, style: Style) -> String {
        let mut out = String::with_capacity(self.source().len());
        let mut copied = 0;
        for token in self.tokens() {
            // Tokens that share one span ("U A two three one seven") are written once, together.
            if token.span.start < copied {
                continue;
            }
            let Some(text) = self.together(token, style) else {
                continue;
            };
            out.push_str(self.source().get(copied..token.span.start).unwrap_or_default());
            out.push_str(&text);
            copied = token.span.end;
        }
        out.push_str(self.source().get(copied..).unwrap_or_default());
        out
    }

    fn together(&self, token: &Token, style: Style) -> Option<String> {
        let group: Vec<&Token> = self.tokens().iter().filter(|t| t.span == token.span).collect();
        if group.iter().all(|t| t.kind == Kind::Word) {
            return None;
        }
        // Letters of a code are written in capitals, the unit of "half an hour" is not.
        let word = |t: &Token| if unit_name(&t.text).is_some() { t.text.clone() } else { t.text.to_uppercase() };
        let texts = group.iter().map(|t| fact(t, style).unwrap_or_else(|| word(t)));
        Some(texts.collect::<Vec<_>>().join(" "))
    }

    /// All tokens in lower case, facts in the short style, one space between.
    pub fn flattened(&self) -> String {
        let word = |t: &Token| fact(t, Style::Short).map_or_else(|| t.text.clone(), |f| f.to_lowercase());
        self.tokens().iter().map(word).collect::<Vec<_>>().join(" ")
    }
}

impl Token {
    /// "march", for a date in March.
    pub fn month_name(&self) -> Option<&'static str> {
        if self.kind != Kind::Date {
            return None;
        }
        let month = match self.text.split_once('-') {
            Some((year, rest)) if year.len() == 4 => rest.split('-').next()?,
            Some((month, _)) => month,
            None => &self.text,
        };
        month_name(month.parse::<usize>().ok()?.checked_sub(1)?)
    }
}

fn fact(token: &Token, style: Style) -> Option<String> {
    let text = token.text.as_str();
    Some(match token.kind {
        Kind::Word => return None,
        Kind::Number | Kind::Address => text.to_owned(),
        Kind::Ordinal => ordinal(text),
        Kind::Percent => format!("{text}%"),
        Kind::Code => text.to_uppercase(),
        Kind::Money => money(text, style),
        Kind::Time => time(text, style).unwrap_or_else(|| text.to_owned()),
        Kind::Date => date(token, style).unwrap_or_else(|| text.to_owned()),
    })
}

fn ordinal(digits: &str) -> String {
    let teen = matches!(digits.len().checked_sub(2).and_then(|at| digits.get(at..)), Some("11" | "12" | "13"));
    let suffix = match digits.chars().last() {
        Some('1') if !teen => "st",
        Some('2') if !teen => "nd",
        Some('3') if !teen => "rd",
        _ => "th",
    };
    format!("{digits}{suffix}")
}

fn money(text: &str, style: Style) -> String {
    if let Some(amount) = text.strip_prefix('-') {
        return format!("-{}", money(amount, style));
    }
    let amount = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (symbol, word) = match &text[amount.len()..] {
        "gbp" => ("£", "pounds"),
        "eur" => ("€", "euros"),
        "inr" => ("₹", "rupees"),
        "jpy" => ("¥", "yen"),
        _ => ("$", "dollars"),
    };
    let short = amount.strip_suffix(".00").unwrap_or(amount);
    match style {
        Style::Short => format!("{symbol}{short}"),
        Style::Long => format!("{symbol}{amount}"),
        Style::Plain => format!("{short} {word}"),
    }
}

fn time(text: &str, style: Style) -> Option<String> {
    let known = !text.ends_with('?');
    let (hour, minute) = text.trim_end_matches('?').split_once(':')?;
    let hour: u32 = hour.parse().ok()?;
    if style == Style::Plain && known {
        return Some(text.to_owned());
    }
    let half = match (known, hour) {
        (false, _) => "",
        (true, 0..=11) => " AM",
        _ => " PM",
    };
    let twelve = if known { (hour + 11) % 12 + 1 } else { hour };
    let whole = minute == "00" && style == Style::Short && known;
    Some(if whole { format!("{twelve}{half}") } else { format!("{twelve}:{minute}{half}") })
}

fn date(token: &Token, style: Style) -> Option<String> {
    let (text, name) = (token.text.as_str(), token.month_name()?);
    let parts: Vec<&str> = text.split('-').collect();
    let (year, day) = match parts[..] {
        [year, _, day] => (Some(year), Some(day)),
        [year, _] if year.len() == 4 => (Some(year), None),
        [_, day] => (None, Some(day)),
        [_] => (None, None),
        _ => return None,
    };
    let name = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    let day = day.map(|d| d.trim_start_matches('0'));
    let body = match (day, style) {
        (None, _) => name,
        (Some(day), Style::Short) => format!("{name} {day}"),
        (Some(day), Style::Long) => format!("{name} {}", ordinal(day)),
        (Some(day), Style::Plain) => format!("{day} {name}"),
    };
    Some(match (year, day) {
        (Some(year), Some(_)) if style != Style::Plain => format!("{body}, {year}"),
        (Some(year), _) => format!("{body} {year}"),
        (None, _) => body,
    })
}
