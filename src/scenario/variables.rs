//! `{{name}}` in scenario texts.

use std::collections::BTreeMap;
use std::ops::Range;

/// Every `{{name}}` in `text`: the byte range with its braces, and the trimmed name.
pub fn references(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find("{{").map(|at| at + from) {
        let Some(close) = text[open..].find("}}").map(|at| at + open) else { break };
        found.push((open..close + 2, text[open + 2..close].trim()));
        from = close + 2;
    }
    found
}

/// Replaces every known `{{name}}`; an unknown one stays as it is.
pub fn fill(text: &str, variables: &BTreeMap<String, String>) -> String {
    fill_with(text, |name| variables.get(name).cloned())
}

/// Like [`fill`], with values escaped for a regular expression.
pub fn fill_escaped(text: &str, variables: &BTreeMap<String, String>) -> String {
    fill_with(text, |name| variables.get(name).map(|value| regex::escape(value)))
}

fn fill_with(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (range, name) in references(text) {
        out.push_str(&text[from..range.start]);
        match value(name) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&text[range.clone()]),
        }
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_known_names_and_leaves_unknown_ones() {
        let variables = BTreeMap::from([("day".to_owned(), "Tuesday".to_owned())]);
        assert_eq!(fill("On {{ day }} at {{hour}}, {{", &variables), "On Tuesday at {{hour}}, {{");
    }

    #[test]
    fn values_are_literal_inside_patterns() {
        let variables = BTreeMap::from([("price".to_owned(), "$2.50".to_owned())]);
        assert_eq!(fill_escaped("costs {{price}}", &variables), r"costs \$2\.50");
    }
}
