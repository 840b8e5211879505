//! What is expected to be heard, from YAML.

use crate::expect::Pattern;
use crate::facts;

use super::context::{Context, LATER, check_variables};
use super::decode::Decoder;
use super::expectation::{Capture, Expectation};
use super::problem::Problem;
use super::source::Location;
use super::yaml::{Node, Value};

pub(super) const MATCHER_KEYS: &[&str] = &["says", "contains", "matches", "exact", "similar", "all", "any"];

pub(super) fn captures(decoder: &mut Decoder<'_>, node: &Node, context: &mut Context<'_>) -> Vec<Capture> {
    let mut captures = Vec::new();
    for (name, _, value) in decoder.entries(node, "`capture`: names and patterns") {
        let Some(text) = decoder.text(value) else { continue };
        match Pattern::new(&text) {
            Ok(pattern) => captures.push(Capture { name: name.to_owned(), pattern, location: value.location }),
            Err(error) => decoder.problem(Problem::new(value.location, "not a regular expression").help(error.to_string())),
        }
        context.captured.insert(name.to_owned());
    }
    captures
}

/// A text, or a mapping of matchers that must all hold.
pub(super) fn expectation(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<Expectation> {
    if matches!(node.value, Value::Scalar(_)) {
        return matcher(decoder, "says", node.location, node, context);
    }
    if !matches!(node.value, Value::Map(_)) {
        let help = "write the words, or a mapping such as `{ contains: [...] }`";
        decoder.mismatch_with_help(node, "words or a mapping", help);
        return None;
    }
    let fields = decoder.fields_of_version(node, "an expectation", MATCHER_KEYS, LATER)?;
    let mut matchers = Vec::new();
    for (kind, location) in fields.present(MATCHER_KEYS) {
        let Some(value) = fields.get(kind) else { continue };
        matchers.extend(matcher(decoder, kind, location, value, context));
    }
    match matchers.len() {
        0 if fields.has_unknown || !fields.present(MATCHER_KEYS).is_empty() => None,
        0 => {
            let problem = Problem::new(node.location, "an expectation without a matcher");
            decoder.problem(problem.help("write the words, or contains, matches, exact, similar, all, any"));
            None
        }
        1 => matchers.pop(),
        _ => Some(Expectation::All(matchers)),
    }
}

fn matcher(decoder: &mut Decoder<'_>, kind: &str, key: Location, node: &Node, context: &Context<'_>) -> Option<Expectation> {
    if matches!(kind, "says" | "similar") {
        context.language.check_matcher(decoder, kind, node);
    }
    match kind {
        "says" => phrase(decoder, node, context).map(Expectation::Says),
        "exact" => phrase(decoder, node, context).map(Expectation::Exact),
        "similar" => phrase(decoder, node, context).map(Expectation::Similar),
        "matches" => pattern(decoder, node, context),
        _ => {
            let items = if matches!(node.value, Value::Null) { Vec::new() } else { decoder.list(node) };
            if items.is_empty() {
                decoder.problem(Problem::new(key, format!("`{kind}` is empty")).help("list at least one"));
                return None;
            }
            if kind == "contains" {
                return Some(Expectation::Contains(items.into_iter().filter_map(|item| phrase(decoder, item, context)).collect()));
            }
            let list = items.into_iter().filter_map(|item| expectation(decoder, item, context)).collect();
            Some(if kind == "all" { Expectation::All(list) } else { Expectation::Any(list) })
        }
    }
}

fn phrase(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<String> {
    let text = decoder.text(node)?;
    decoder.warn_of_comment(node);
    check_variables(decoder, &text, node.location, &context.known());
    if facts::normalise(&text).tokens().is_empty() {
        decoder.problem(Problem::new(node.location, "no words to expect").help("write what the bot must say"));
        return None;
    }
    Some(text)
}

fn pattern(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<Expectation> {
    let text = decoder.text(node)?;
    check_variables(decoder, &text, node.location, &context.known());
    if text.is_empty() {
        decoder.problem(Problem::new(node.location, "an empty pattern").help("write a regular expression"));
        return None;
    }
    let stand_ins = context.known().into_iter().map(|name| (name.to_owned(), "x".to_owned())).collect();
    let expectation = Expectation::Matches(text);
    match expectation.resolve(&stand_ins) {
        Ok(_) => Some(expectation),
        Err(error) => {
            decoder.problem(Problem::new(node.location, "not a regular expression").help(error.to_string()));
            None
        }
    }
}
