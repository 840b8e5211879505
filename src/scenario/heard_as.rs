//! `heard_as`: what a recogniser makes of names that the bot's voice pronounces in its own way.

use crate::expect::HeardAs;
use crate::facts::normalise;

use super::decode::Decoder;
use super::problem::Problem;
use super::yaml::{Node, Value};

/// Names, each with one wording or a list of them.
pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> HeardAs {
    let mut names = HeardAs::new();
    for (name, at, value) in decoder.entries(node, "names and what they are heard as") {
        if is_empty(name) {
            decoder.problem(Problem::new(at, "not a name").help("write `Xiomara: [Zumar]`"));
            continue;
        }
        let items = if matches!(value.value, Value::Null) { Vec::new() } else { decoder.list(value) };
        if items.is_empty() {
            let problem = Problem::new(at, format!("nothing is listed for `{name}`"));
            decoder.problem(problem.help(format!("write what it is heard as: `{name}: [Zumar, the Amara]`")));
        }
        let wordings: Vec<String> = items.into_iter().filter_map(|item| wording(decoder, name, item)).collect();
        names.insert(name.to_owned(), wordings);
    }
    names
}

fn wording(decoder: &mut Decoder<'_>, name: &str, node: &Node) -> Option<String> {
    let text = decoder.text(node)?;
    if is_empty(&text) {
        decoder.problem(Problem::new(node.location, "no words").help(format!("write what `{name}` is heard as")));
        return None;
    }
    if text.trim().to_lowercase() == name.trim().to_lowercase() {
        decoder.problem(Problem::new(node.location, "the name itself").help("remove it: a name is always heard as itself"));
        return None;
    }
    Some(text)
}

fn is_empty(words: &str) -> bool {
    normalise(words).tokens().is_empty()
}

/// All of these names; one that stands in both has the wordings of `own`.
pub(super) fn merged(own: HeardAs, below: &HeardAs) -> HeardAs {
    let mut names = below.clone();
    names.extend(own);
    names
}
