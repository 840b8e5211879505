//! From YAML nodes to values, collecting every mistake instead of stopping at the first.

use std::time::Duration;

use super::problem::{Problem, suggestion};
use super::secrets::Secrets;
use super::source::Location;
use super::yaml::{Node, Value};

/// Collects problems while a file is decoded.
pub(super) struct Decoder<'a> {
    pub problems: Vec<Problem>,
    /// What may not be meant, but is not a mistake.
    pub warnings: Vec<Problem>,
    pub secrets: &'a Secrets,
    /// The whole file.
    text: &'a str,
}

impl<'a> Decoder<'a> {
    pub fn new(secrets: &'a Secrets, text: &'a str) -> Self {
        Self { problems: Vec::new(), warnings: Vec::new(), secrets, text }
    }

    /// The place of some words inside a value, if they are written there literally.
    pub fn inside(&self, value: Location, words: &str) -> Location {
        let written = self.text.get(value.offset..value.offset + value.length).unwrap_or_default();
        let Some(at) = written.find(words) else { return value };
        let before = &written[..at];
        let line_start = before.rfind('\n').map(|end| end + 1);
        let column = match line_start {
            Some(start) => before[start..].chars().count() + 1,
            None => value.column + before.chars().count(),
        };
        Location { line: value.line + before.matches('\n').count(), column, offset: value.offset + at, length: words.len() }
    }

    /// Warns of a `#` after a text without quotes, which cuts the rest of the line off, where the text seems to go on.
    pub fn warn_of_comment(&mut self, node: &Node) {
        let at = node.location;
        let written = self.text.get(at.offset..at.offset + at.length).unwrap_or_default();
        let line = self.text.get(at.offset + at.length..).unwrap_or_default().lines().next().unwrap_or_default();
        let Some(comment) = line.trim_start().strip_prefix('#').filter(|_| !written.starts_with(['"', '\'', '|', '>'])) else { return };
        // "Press # to continue", "order #5"; "Hello # the greeting" is a comment.
        let last = written.split_whitespace().next_back().unwrap_or_default().to_ascii_lowercase();
        let pressed = ["press", "dial", "enter", "hit", "type", "the", "key", "by", "and", "or", "with"].contains(&last.as_str());
        if !(pressed || comment.starts_with(|c: char| c.is_alphanumeric())) {
            return;
        }
        let rest = line.trim();
        let problem = Problem::new(self.inside_line(at, rest), format!("`{rest}` is a comment: a `#` after a space ends the text"));
        self.warnings.push(problem.help("put quotes around the whole text if these words belong to it"));
    }

    /// The place of some words that follow a value on its line.
    fn inside_line(&self, value: Location, words: &str) -> Location {
        let from = value.offset + value.length;
        let gap = self.text.get(from..).and_then(|rest| rest.find(words)).unwrap_or(0);
        let line_start = self.text.get(..from).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
        let column = self.text.get(line_start..from + gap).map_or(1, |before| before.chars().count() + 1);
        let line = self.text.get(..from).map_or(1, |before| before.matches('\n').count() + 1);
        Location { line, column, offset: from + gap, length: words.len() }
    }

    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// "expected ..., found ...".
    pub fn mismatch(&mut self, node: &Node, expected: &str) {
        self.problem(Problem::new(node.location, format!("expected {expected}, found {}", node.kind())));
    }

    /// Like [`Self::mismatch`], with what to write instead.
    pub fn mismatch_with_help(&mut self, node: &Node, expected: &str, help: &str) {
        let message = format!("expected {expected}, found {}", node.kind());
        self.problem(Problem::new(node.location, message).help(help));
    }

    /// A text with `${ENV}` filled in.
    pub fn text(&mut self, node: &Node) -> Option<String> {
        let Value::Scalar(text) = &node.value else {
            self.mismatch(node, "a text");
            return None;
        };
        match self.secrets.expand(text) {
            Ok(text) => Some(text),
            Err(missing) => {
                let place = self.inside(node.location, &format!("${{{missing}}}"));
                let problem = Problem::new(place, format!("the environment variable `{missing}` is not set"));
                self.problem(problem.help(format!("set it before the run: {missing}=... goldencall run")));
                None
            }
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, node: &Node, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let problem = Problem::new(node.location, format!("`{text}` is not allowed here"));
        let help = match suggestion(&text, &names) {
            Some(best) => format!("did you mean `{best}`?"),
            None => format!("write one of: {}", names.join(", ")),
        };
        self.problem(problem.help(help));
        None
    }

    pub fn flag(&mut self, node: &Node) -> Option<bool> {
        self.choice(node, &[("true", true), ("false", false)])
    }

    pub fn duration(&mut self, node: &Node) -> Option<Duration> {
        let text = self.text(node)?;
        match parse_duration(&text) {
            Ok(duration) => Some(duration),
            Err(help) => {
                let problem = Problem::new(node.location, format!("`{text}` is not a duration"));
                self.problem(problem.help(help));
                None
            }
        }
    }

    /// A duration that is not zero.
    pub fn positive(&mut self, node: &Node) -> Option<Duration> {
        let duration = self.duration(node)?;
        if duration.is_zero() {
            self.problem(
                Problem::new(node.location, "this time must be longer than zero").help("write for instance 2s, or leave the key out"),
            );
            return None;
        }
        Some(duration)
    }

    /// A list; one value alone stands for a list of one.
    pub fn list<'n>(&mut self, node: &'n Node) -> Vec<&'n Node> {
        match &node.value {
            Value::List(items) => items.iter().collect(),
            Value::Null => {
                self.mismatch(node, "a list");
                Vec::new()
            }
            _ => vec![node],
        }
    }

    pub fn texts(&mut self, node: &Node) -> Vec<String> {
        self.list(node).into_iter().filter_map(|item| self.text(item)).collect()
    }

    /// The fields of a mapping, with unknown and repeated keys reported.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&'static str]) -> Option<Fields<'n>> {
        let Value::Map(pairs) = &node.value else {
            self.mismatch(node, what);
            return None;
        };
        Some(self.known_fields(node.location, pairs.iter(), what, known))
    }

    fn known_fields<'n>(
        &mut self,
        location: Location,
        pairs: impl Iterator<Item = &'n (Node, Node)>,
        what: &str,
        known: &[&'static str],
    ) -> Fields<'n> {
        let mut fields = Fields { location, has_unknown: false, fields: Vec::new() };
        for (key, value) in pairs {
            let Some(name) = self.key(key) else { continue };
            if !known.contains(&name) {
                fields.has_unknown = true;
                let problem = Problem::new(key.location, format!("unknown key `{name}` in {what}"));
                self.problem(problem.help(did_you_mean(name, known)));
            } else if fields.get(name).is_some() {
                self.repeated(name, key.location);
            } else {
                fields.fields.push((name, key, value));
            }
        }
        fields
    }

    /// Like [`Self::fields`], but the keys of later versions, each with what to do instead, get a problem of their own.
    pub fn fields_of_version<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&'static str],
        later: &[(&str, &str)],
    ) -> Option<Fields<'n>> {
        let Value::Map(pairs) = &node.value else {
            self.mismatch(node, what);
            return None;
        };
        let is_later = |key: &Node| later.iter().find(|(name, _)| matches!(&key.value, Value::Scalar(key) if key == name));
        let mut now = Vec::new();
        for pair in pairs {
            match is_later(&pair.0) {
                Some((name, instead)) => {
                    let problem = Problem::new(pair.0.location, format!("`{name}` is not supported by this version"));
                    self.problem(problem.help(*instead));
                }
                None => now.push(pair),
            }
        }
        let has_later = now.len() < pairs.len();
        let mut fields = self.known_fields(node.location, now.into_iter(), what, known);
        fields.has_unknown |= has_later;
        Some(fields)
    }

    /// Every pair of a mapping whose keys are free names.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n str, Location, &'n Node)> {
        let Value::Map(pairs) = &node.value else {
            self.mismatch(node, what);
            return Vec::new();
        };
        let mut entries: Vec<(&str, Location, &Node)> = Vec::new();
        for (key, value) in pairs {
            let Some(name) = self.key(key) else { continue };
            if entries.iter().any(|(seen, ..)| *seen == name) {
                self.repeated(name, key.location);
            } else {
                entries.push((name, key.location, value));
            }
        }
        entries
    }

    fn key<'n>(&mut self, key: &'n Node) -> Option<&'n str> {
        match &key.value {
            Value::Scalar(name) => Some(name),
            _ => {
                self.mismatch(key, "a key");
                None
            }
        }
    }

    fn repeated(&mut self, name: &str, key: Location) {
        let problem = Problem::new(key, format!("the key `{name}` stands here twice"));
        self.problem(problem.help("remove one of the two"));
    }
}

/// The known fields of one mapping.
pub(super) struct Fields<'n> {
    pub location: Location,
    /// A key was reported: what seems to be missing may be that one.
    pub has_unknown: bool,
    fields: Vec<(&'n str, &'n Node, &'n Node)>,
}

impl<'n> Fields<'n> {
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.fields.iter().find(|(key, ..)| *key == name).map(|(.., value)| *value)
    }

    /// The names that are there, with the places of their keys, out of the given ones.
    pub fn present(&self, names: &[&str]) -> Vec<(&'n str, Location)> {
        self.fields.iter().filter(|(key, ..)| names.contains(key)).map(|(key, node, _)| (*key, node.location)).collect()
    }
}

/// "did you mean `latency`?", or the list of what is known.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    match suggestion(word, known) {
        Some(best) => format!("did you mean `{best}`?"),
        None => format!("allowed here: {}", known.join(", ")),
    }
}

const HOW_TO_WRITE: &str = "write a number and a unit: 1500ms, 2s, 1m30s";
/// A day: longer times are typing mistakes.
const LONGEST_SECONDS: f64 = 86_400.0;

/// `1500ms`, `2s`, `1.5s`, `1m30s`; a number must carry its unit.
///
/// # Errors
/// What to write instead.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return Err(HOW_TO_WRITE.to_owned());
    }
    if rest.starts_with('-') {
        return Err("a duration is never negative".to_owned());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (written, tail) = rest.split_at(digits);
        let number: f64 = written.parse().map_err(|_| HOW_TO_WRITE.to_owned())?;
        let tail = tail.trim_start();
        let unit = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        total += number * seconds_of(&tail[..unit], written, tail)?;
        rest = tail[unit..].trim_start();
    }
    let too_long = || "write a duration of at most a day".to_owned();
    if total > LONGEST_SECONDS {
        return Err(too_long());
    }
    Duration::try_from_secs_f64(total).map_err(|_| too_long())
}

fn seconds_of(unit: &str, number: &str, tail: &str) -> Result<f64, String> {
    match unit {
        "ms" => Ok(1e-3),
        "s" => Ok(1.0),
        "m" | "min" => Ok(60.0),
        "h" => Ok(3600.0),
        "" if tail.is_empty() => Err(format!("add a unit: {number}ms or {number}s")),
        "" => Err(HOW_TO_WRITE.to_owned()),
        other => Err(format!("`{other}` is not a unit here; known: ms, s, m, h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_units() {
        assert_eq!(parse_duration("1500ms"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration(" 1.5 s "), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("1500"), Err("add a unit: 1500ms or 1500s".to_owned()));
        assert!(parse_duration("fast").is_err());
        assert!(parse_duration("1..5s").is_err());
        assert!(parse_duration("999999h").is_err());
        assert!(parse_duration("-1s").is_err());
    }
}
