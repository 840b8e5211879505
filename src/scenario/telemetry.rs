//! What a scenario expects of the bot's telemetry: limits on its stages, and the functions that it calls.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::bound::Bound;
use super::context::{Context, check_variables};
use super::decode::{Decoder, Fields};
use super::problem::Problem;
use super::secrets::Secret;
use super::source::Location;
use super::targets::secret;
use super::variables::fill;
use super::yaml::{Node, Value};
use crate::telemetry::Stage;

/// OpenTelemetry's batch exporters send every five seconds by default.
const EXPORT_WAIT: Duration = Duration::from_secs(6);

/// A function that the bot must call in a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedCall {
    /// Name of the function.
    pub name: String,
    /// Arguments that must be among those of the call; texts may refer to variables.
    pub arguments: Option<Json>,
    /// The name in the file.
    pub location: Location,
}

impl ExpectedCall {
    /// The arguments with `{{name}}` filled in.
    pub fn arguments(&self, variables: &std::collections::BTreeMap<String, String>) -> Option<Json> {
        let fill_in = |text: &str| fill(text, variables);
        self.arguments.as_ref().map(|arguments| map_texts(arguments, &fill_in))
    }
}

fn map_texts(value: &Json, change: &dyn Fn(&str) -> String) -> Json {
    match value {
        Json::String(text) => Json::String(change(text)),
        Json::Array(items) => items.iter().map(|item| map_texts(item, change)).collect(),
        Json::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), map_texts(value, change))).collect::<Map<_, _>>().into(),
        other => other.clone(),
    }
}

/// The address that bots export their OpenTelemetry spans to (OTLP over HTTP).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanCollector {
    /// Where goldencall listens.
    pub otlp: SocketAddr,
    /// How long after a call its last spans may come.
    pub wait: Duration,
    /// What exporters must send as a bearer token.
    pub token: Option<Secret>,
}

/// `telemetry: { otlp: 127.0.0.1:4318 }`.
pub(super) fn collector(decoder: &mut Decoder<'_>, node: &Node) -> Option<SpanCollector> {
    let fields = decoder.fields(node, "`telemetry`", &["otlp", "token", "wait"])?;
    let Some(otlp) = fields.get("otlp") else {
        if !fields.has_unknown {
            decoder.problem(Problem::new(fields.location, "`telemetry` needs an address").help("add `otlp: 127.0.0.1:4318`"));
        }
        return None;
    };
    let text = decoder.text(otlp)?;
    let Ok(address) = text.parse() else {
        let problem = Problem::new(otlp.location, format!("`{text}` is not an address to listen on"));
        decoder.problem(problem.help("write an IP address and a port, for instance 127.0.0.1:4318, or 0.0.0.0:4318 for bots elsewhere"));
        return None;
    };
    let wait = fields.get("wait").and_then(|node| decoder.duration(node)).unwrap_or(EXPORT_WAIT);
    let token = secret(decoder, &fields, "token");
    Some(SpanCollector { otlp: address, wait, token })
}

/// Limits on stages, in the order of a turn.
pub(super) fn stages(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Vec<(Stage, Bound)> {
    let mut bound = |stage: Stage| {
        let node = fields.get(stage.key())?;
        let limit = decoder.positive(node)?;
        Some((stage, Bound { limit, location: node.location, explicit: true }))
    };
    Stage::ALL.into_iter().filter_map(&mut bound).collect()
}

/// A name, a mapping of names and arguments, or a list of both.
pub(super) fn calls(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Vec<ExpectedCall> {
    let mut calls = Vec::new();
    for item in decoder.list(node) {
        match &item.value {
            Value::Scalar(_) => {
                let name = decoder.text(item);
                calls.extend(name.map(|name| ExpectedCall { name, arguments: None, location: item.location }));
            }
            Value::Map(_) => {
                for (name, location, value) in decoder.entries(item, "`calls`") {
                    let arguments = arguments(decoder, value, context);
                    calls.push(ExpectedCall { name: name.to_owned(), arguments, location });
                }
            }
            Value::Null | Value::List(_) => {
                decoder.mismatch_with_help(
                    item,
                    "the name of a function",
                    "write `calls: book_appointment`, or `{ name: { argument: value } }`",
                );
            }
        }
    }
    if let Some(empty) = calls.iter().find(|call| call.name.trim().is_empty()) {
        decoder.problem(Problem::new(empty.location, "a function has no name").help("write the name that the bot's code has for it"));
    } else if calls.is_empty() && matches!(&node.value, Value::List(_) | Value::Map(_)) {
        decoder.problem(Problem::new(node.location, "no function is expected").help("list at least one, or leave `calls` out"));
    }
    calls
}

fn arguments(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Option<Json> {
    match &node.value {
        Value::Null => None,
        Value::Map(_) => Some(json(decoder, node, context)),
        _ => {
            decoder.mismatch_with_help(node, "arguments by name", "write for instance `book_appointment: { day: Tuesday }`");
            None
        }
    }
}

/// YAML as JSON. Scalars stay texts: arguments are compared by meaning, so that 3 and "3" are the same.
fn json(decoder: &mut Decoder<'_>, node: &Node, context: &Context<'_>) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Scalar(_) => {
            let text = decoder.text(node).unwrap_or_default();
            check_variables(decoder, &text, node.location, &context.known());
            Json::String(text)
        }
        Value::List(items) => items.iter().map(|item| json(decoder, item, context)).collect(),
        Value::Map(_) => {
            let entries = decoder.entries(node, "arguments");
            entries.into_iter().map(|(name, _, value)| (name.to_owned(), json(decoder, value, context))).collect::<Map<_, _>>().into()
        }
    }
}
