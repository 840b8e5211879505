//! YAML as a tree in which every node has its place, for diagnostics.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::problem::Problem;
use super::source::Location;

/// Nodes a file may expand to: aliases of aliases must not fill the memory.
const MOST_NODES: usize = 20_000;
/// Deepest nesting; a scenario needs six.
const MOST_DEPTH: usize = 64;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub location: Location,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// What the value is, for "expected a list, found ...".
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Parses one document; an empty file is `Null`.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let mut tree = Tree { parser: Parser::new_from_str(text), offsets: offsets(text), anchors: HashMap::new(), nodes: 0 };
    tree.document()
}

/// Byte offset of every character, and the length as the last entry.
fn offsets(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

struct Tree<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    offsets: Vec<usize>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'a> Tree<'a> {
    fn document(&mut self) -> Result<Node, Problem> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                _ if root.is_some() => {
                    let problem = Problem::new(self.location(span), "a second YAML document");
                    return Err(problem.help("keep one document per file: remove the `---` and what follows it"));
                }
                event => root = Some(self.node(event, span, 0)?),
            }
        }
        Ok(root.unwrap_or(Node { location: Location { line: 1, column: 1, offset: 0, length: 0 }, value: Value::Null }))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Problem> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let at = *error.marker();
                let problem = Problem::new(self.location(Span::new(at, at)), format!("not valid YAML: {}", error.info()));
                Err(match remedy(error.info()) {
                    Some(help) => problem.help(help),
                    None => problem,
                })
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Problem> {
        let location = self.location(span);
        self.count(1, location)?;
        if depth > MOST_DEPTH {
            return Err(Problem::new(location, "nested too deeply").help("use fewer levels of nesting"));
        }
        let before = self.nodes;
        let (value, anchor) = match event {
            Event::Alias(id) => return self.alias(id, location),
            Event::Scalar(text, style, anchor, _) => (scalar(text.into_owned(), style), anchor),
            Event::SequenceStart(anchor, _) => (Value::List(self.list(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Value::Map(self.map(depth)?), anchor),
            _ => (Value::Null, 0),
        };
        let location = match &value {
            Value::Map(pairs) => pairs.first().map_or(location, |(key, _)| key.location),
            _ => location,
        };
        let node = Node { location, value };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, location: Location) -> Result<Node, Problem> {
        let Some((node, size)) = self.anchors.get(&id).cloned() else {
            return Err(Problem::new(location, "an alias to an anchor that is not complete here"));
        };
        self.count(size, location)?;
        Ok(Node { location, ..node })
    }

    fn count(&mut self, nodes: usize, location: Location) -> Result<(), Problem> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES {
            return Err(Problem::new(location, format!("the file expands to more than {MOST_NODES} values"))
                .help("write the values out instead of repeating aliases"));
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(Node, Node)>, Problem> {
        let mut pairs = Vec::new();
        loop {
            match self.next()? {
                (Event::MappingEnd | Event::StreamEnd, _) => return merged(pairs),
                (event, span) => {
                    let key = self.node(event, span, depth + 1)?;
                    let (event, span) = self.next()?;
                    pairs.push((key, self.node(event, span, depth + 1)?));
                }
            }
        }
    }

    fn location(&self, span: Span) -> Location {
        let byte = |mark: &Marker| self.offsets.get(mark.index()).or(self.offsets.last()).copied().unwrap_or(0);
        let (start, end) = (byte(&span.start), byte(&span.end));
        Location { line: span.start.line(), column: span.start.col() + 1, offset: start, length: end.saturating_sub(start) }
    }
}

/// Merge keys (`<<: *base`, YAML 1.1): the entries of another mapping, below those that are written here.
fn merged(pairs: Vec<(Node, Node)>) -> Result<Vec<(Node, Node)>, Problem> {
    let is_merge = |key: &Node| matches!(&key.value, Value::Scalar(text) if text == "<<");
    let (merges, mut own): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| is_merge(key));
    for (key, value) in merges {
        let bases = match value.value {
            Value::Map(_) => vec![value],
            Value::List(list) if list.iter().all(|item| matches!(item.value, Value::Map(_))) => list,
            _ => {
                let problem = Problem::new(key.location, format!("`<<` merges a mapping, found {}", value.kind()));
                return Err(problem.help("define the mapping with an anchor, `&base`, and write `<<: *base`"));
            }
        };
        for base in bases {
            let Value::Map(entries) = base.value else { continue };
            let stands = |own: &[(Node, Node)], key: &Node| own.iter().any(|(other, _)| same_text(other, key));
            let new: Vec<_> = entries.into_iter().filter(|(key, _)| !stands(&own, key)).collect();
            own.extend(new);
        }
    }
    Ok(own)
}

fn same_text(a: &Node, b: &Node) -> bool {
    matches!((&a.value, &b.value), (Value::Scalar(a), Value::Scalar(b)) if a == b)
}

/// What to do about common mistakes in YAML.
fn remedy(info: &str) -> Option<&'static str> {
    const REMEDIES: &[(&str, &str)] = &[
        ("escape", "write a pattern in single quotes, '\\d+': in double quotes a backslash begins an escape"),
        ("tab", "indent with spaces"),
        ("mapping values are not allowed", "put quotes around a text with a colon in it: \"Your code: 4711\""),
        ("quoted scalar", "close the quote on the line where it opens"),
        ("flow mapping", "close the `{` with a `}`, and put quotes around texts with commas or colons"),
        ("flow sequence", "close the `[` with a `]`, and put quotes around texts with commas or colons"),
        ("illegal placement", "look at the lines before: a `[`, `{` or quote may lack its closing one"),
        ("block mapping", "indent all keys of a mapping by the same amount"),
        ("block scalar", "put quotes around a value that begins with `>`: \">= 3.8\""),
        ("unknown anchor", "put quotes around a text that begins with `*`, or define the anchor with `&` before"),
    ];
    REMEDIES.iter().find(|(part, _)| info.contains(part)).map(|(_, help)| *help)
}

fn scalar(text: String, style: ScalarStyle) -> Value {
    if style == ScalarStyle::Plain && matches!(text.as_str(), "" | "~" | "null") { Value::Null } else { Value::Scalar(text) }
}
