//! Regular expressions over what was heard, however the recogniser wrote it.

use super::judgement::Judgement;
use crate::facts::{Normalised, Style, normalise};
use regex::{Captures, Regex};

/// A regular expression in the syntax of the `regex` crate.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// The text is not a regular expression; says why and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl Pattern {
    /// Compiles `source`.
    ///
    /// # Errors
    /// When the `regex` crate refuses it; the message is that crate's.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        Regex::new(source).map(Self).map_err(|e| PatternError(e.to_string()))
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The first match in `text` as it stands.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.0.captures(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

/// Other ways to write what was heard, in the order they are tried: facts as figures ("3 PM",
/// "3:00 PM", "15:00"), then canonical words in lower case.
fn rewritings(heard: &Normalised) -> impl Iterator<Item = String> {
    let styles = [Style::Short, Style::Long, Style::Plain];
    styles.into_iter().map(|style| heard.rewritten(style)).chain(std::iter::once_with(|| heard.flattened()))
}

pub(super) fn judge(pattern: &Pattern, heard: &str) -> Judgement {
    let met = pattern.captures(heard).is_some() || rewritings(&normalise(heard)).any(|text| pattern.captures(&text).is_some());
    let reason = if met { "the pattern matches".to_owned() } else { format!("nothing heard matches /{}/", pattern.as_str()) };
    Judgement::without_score(met, reason)
}

/// What `pattern` takes out of `heard`: its first group, or the whole match when it has none.
///
/// Tried on the text as heard, then with facts written as figures, then on the canonical words. When
/// the match on the text as heard would cut a fact in two ("B" out of "B seven K four"), the match
/// with the fact written as figures ("B7K4") is preferred.
pub fn capture(pattern: &Pattern, heard: &str) -> Option<String> {
    let normalised = normalise(heard);
    let rewritten = || rewritings(&normalised).find_map(|text| first_group(pattern, &text).map(|m| m.0));
    match first_group(pattern, heard) {
        Some((text, start, end)) if !cuts_a_fact(&normalised, start, end) => Some(text),
        Some((text, ..)) => Some(rewritten().unwrap_or(text)),
        None => rewritten(),
    }
}

fn first_group(pattern: &Pattern, text: &str) -> Option<(String, usize, usize)> {
    let captures = pattern.captures(text)?;
    let found = captures.iter().skip(1).flatten().next().or_else(|| captures.get(0))?;
    Some((found.as_str().to_owned(), found.start(), found.end()))
}

fn cuts_a_fact(heard: &Normalised, start: usize, end: usize) -> bool {
    use crate::facts::Kind;
    let cut = |at: usize| heard.tokens().iter().any(|t| t.kind != Kind::Word && t.span.start < at && at < t.span.end);
    cut(start) || cut(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, heard: &str) -> bool {
        judge(&Pattern::new(pattern).unwrap(), heard).met
    }

    fn captured(pattern: &str, heard: &str) -> Option<String> {
        capture(&Pattern::new(pattern).unwrap(), heard)
    }

    #[test]
    fn facts_match_however_they_were_written() {
        for (pattern, heard) in [
            (r"(?i)tuesday.*\b3\b", "Tuesday at 3 p.m."),
            (r"(?i)tuesday.*\b3\b", "You are booked for Tuesday at three p.m."),
            (r"Tuesday at 3 PM", "Tuesday at three p.m."),
            (r"15:00", "Tuesday at three p.m."),
            (r"3:00", "at three p m"),
            (r"\$25\b", "twenty five dollars"),
            (r"\$1254\.37", "one thousand two hundred fifty four dollars and thirty seven cents"),
            (r"\b4829\b", "number four eight two nine"),
            (r"B7K4", "code B seven K four."),
            (r"March 14", "the fourteenth of March"),
            (r"March 14th", "March fourteen"),
            (r"20 dollars", "$20"),
            (r"did not", "I didn't catch that"),
        ] {
            assert!(matches(pattern, heard), "/{pattern}/ {heard}");
        }
    }

    #[test]
    fn other_facts_do_not() {
        for (pattern, heard) in [
            (r"(?i)tuesday.*\b3\b", "Tuesday at 4 p.m."),
            (r"(?i)tuesday.*\b3\b", "Thursday at 3 p.m."),
            (r"\b482\b", "number four eight two nine"),
            (r"3 PM", "three a.m."),
        ] {
            assert!(!matches(pattern, heard), "/{pattern}/ {heard}");
        }
    }

    #[test]
    fn captures_the_first_group_or_all() {
        assert_eq!(captured(r"number is (\d+)", "Your number is 4829."), Some("4829".into()));
        assert_eq!(captured(r"number is (\d+)", "Your number is four eight two nine."), Some("4829".into()));
        assert_eq!(captured(r"code is (\w+)", "Your code is B7K4Q9."), Some("B7K4Q9".into()));
        assert_eq!(captured(r"code is (\w+)", "Your code is B seven K four Q nine."), Some("B7K4Q9".into()));
        assert_eq!(captured(r"(\w+)@example\.com", "it is ann at example dot com"), Some("ann".into()));
        assert_eq!(captured(r"\d+", "order 48291 has shipped"), Some("48291".into()));
        assert_eq!(captured(r"(?:is|was) (red|blue)?", "it is blue"), Some("blue".into()));
        assert_eq!(captured(r"code (\d+)", "no number here"), None);
    }

    #[test]
    fn a_bad_pattern_says_why() {
        let error = Pattern::new("(a").unwrap_err();
        assert!(error.to_string().contains("unclosed group"), "{error}");
    }
}
