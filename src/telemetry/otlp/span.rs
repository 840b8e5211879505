//! A finished span.

use std::collections::BTreeMap;

use serde_json::Value;

/// A finished span, as much of it as telemetry needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// Lower-case hexadecimal.
    pub trace_id: String,
    /// Lower-case hexadecimal.
    pub span_id: String,
    /// Lower-case hexadecimal; none for the root of a trace.
    pub parent_span_id: Option<String>,
    /// Its name: `llm_node`.
    pub name: String,
    /// Nanoseconds since the Unix epoch, by the bot's clock.
    pub start_unix_ns: u64,
    /// Nanoseconds since the Unix epoch, by the bot's clock.
    pub end_unix_ns: u64,
    /// What the bot wrote onto it; bytes are left out.
    pub attributes: BTreeMap<String, Value>,
    /// `service.name` of the bot's resource.
    pub service: Option<String>,
}

impl Span {
    /// About how many bytes of memory it takes.
    pub(super) fn weight(&self) -> usize {
        let attributes = self.attributes.iter().map(|(key, value)| key.len() + weight(value));
        256 + self.name.len() + attributes.sum::<usize>()
    }
}

fn weight(value: &Value) -> usize {
    let content = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(keys) => keys.iter().map(|(key, value)| 64 + key.len() + weight(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    64 + content
}
