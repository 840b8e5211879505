//! From YAML nodes to values, collecting every mistake instead of stopping at the first.

use std::time::Duration;

use super::problem::{Problem, suggestion};
use super::secrets::Secrets;
use super::source::Location;
use super::yaml::{Node, Value};

/// Collects problems while a file is decoded.
pub(super) struct Decoder<'a> {
    pub problems: Vec<Problem>,
    pub secrets: &'a Secrets,
}

impl<'a> Decoder<'a> {
    pub fn new(secrets: &'a Secrets) -> Self {
        Self { problems: Vec::new(), secrets }
    }

    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// "expected ..., found ...".
    pub fn mismatch(&mut self, node: &Node, expected: &str) {
        self.problem(Problem::new(node.location, format!("expected {expected}, found {}", node.kind())));
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
                let problem = Problem::new(node.location, format!("the environment variable `{missing}` is not set"));
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
        let problem = Problem::new(node.location, format!("`{text}` is none of the choices here"));
        self.problem(problem.help(did_you_mean(&text, &names)));
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
        let mut fields: Vec<(&str, &Node, &Node)> = Vec::new();
        for (key, value) in pairs {
            let Value::Scalar(name) = &key.value else {
                self.mismatch(key, "a key");
                continue;
            };
            if !known.contains(&name.as_str()) {
                let problem = Problem::new(key.location, format!("unknown key `{name}` in {what}"));
                self.problem(problem.help(did_you_mean(name, known)));
            } else if fields.iter().any(|(seen, ..)| seen == name) {
                let problem = Problem::new(key.location, format!("the key `{name}` stands here twice"));
                self.problem(problem.help("remove one of the two"));
            } else {
                fields.push((name, key, value));
            }
        }
        Some(Fields { location: node.location, fields })
    }

    /// Every pair of a mapping whose keys are free names.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n str, Location, &'n Node)> {
        let Value::Map(pairs) = &node.value else {
            self.mismatch(node, what);
            return Vec::new();
        };
        pairs
            .iter()
            .filter_map(|(key, value)| match &key.value {
                Value::Scalar(name) => Some((name.as_str(), key.location, value)),
                _ => None,
            })
            .collect()
    }
}

/// The known fields of one mapping.
pub(super) struct Fields<'n> {
    pub location: Location,
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
        None => format!("known here: {}", known.join(", ")),
    }
}

/// `1500ms`, `2s`, `1.5s`, `1m30s`; a number must carry its unit.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return Err("write a number and a unit: 1500ms, 2s, 1m30s".to_owned());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| "write a number and a unit: 1500ms, 2s, 1m30s".to_owned())?;
        rest = rest[digits..].trim_start();
        let unit = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "ms" => 1e-3,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "" => return Err(format!("add a unit: {}ms or {}s", trim_number(number), trim_number(number))),
            other => return Err(format!("`{other}` is no unit here; known: ms, s, m, h")),
        };
        total += number * seconds;
        rest = rest[unit..].trim_start();
    }
    if total > 86_400.0 {
        return Err("write a duration of at most a day".to_owned());
    }
    Duration::try_from_secs_f64(total).map_err(|_| "write a duration of at most a day".to_owned())
}

fn trim_number(number: f64) -> String {
    format!("{number}")
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
