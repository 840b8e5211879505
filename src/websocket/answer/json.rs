//! What the providers' JSON answers share.

use serde_json::Value;

use super::directions::NoStream;
use crate::transport::quote;

/// Reads a text as JSON.
pub(in crate::websocket) fn parse(text: &str) -> Result<Value, NoStream> {
    serde_json::from_str(text).map_err(|error| unusable(&format!("no JSON ({error})"), text))
}

/// The error of an answer that leads to no stream, with the answer quoted.
pub(in crate::websocket) fn unusable(what: &str, text: &str) -> NoStream {
    NoStream::Unusable(format!("{what}: {}", quote(text)))
}

/// The text at a JSON pointer, unless it is empty.
pub(in crate::websocket) fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
