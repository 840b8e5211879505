//! Spans out of OTLP's JSON.
//!
//! Read by hand: senders write numbers as texts or as numbers and leave out empty lists, and one odd field must not cost
//! a whole batch.

use serde_json::{Map, Value};

use super::decode::{MOST_SPANS, short, too_many};
use super::span::Span;

/// The spans of one export request, or what is wrong with it. Unknown fields are passed over.
pub fn json(body: &[u8]) -> Result<Vec<Span>, String> {
    let request: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
    if !request.is_object() {
        return Err("no OTLP JSON: expected an object with `resourceSpans`".to_owned());
    }
    let mut spans = Vec::new();
    for resource in list(&request["resourceSpans"]) {
        let attributes = pairs(&resource["resource"]["attributes"]);
        let service = attributes.get("service.name").and_then(Value::as_str).map(|name| short(name.to_owned()));
        for scope in list(&resource["scopeSpans"]) {
            for wire in list(&scope["spans"]) {
                if spans.len() == MOST_SPANS {
                    return Err(too_many());
                }
                spans.extend(span(wire, service.as_deref()));
            }
        }
    }
    Ok(spans)
}

/// Nothing where it has no times.
fn span(wire: &Value, service: Option<&str>) -> Option<Span> {
    let id = |key: &str| short(wire[key].as_str().unwrap_or_default().to_ascii_lowercase());
    Some(Span {
        trace_id: id("traceId"),
        span_id: id("spanId"),
        parent_span_id: Some(id("parentSpanId")).filter(|id| !id.is_empty()),
        name: wire["name"].as_str().unwrap_or_default().to_owned(),
        start_unix_ns: unsigned(&wire["startTimeUnixNano"])?,
        end_unix_ns: unsigned(&wire["endTimeUnixNano"])?,
        attributes: pairs(&wire["attributes"]).into_iter().collect(),
        service: service.map(str::to_owned),
    })
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// 64-bit numbers are texts in protobuf's JSON, for JavaScript's sake; not every sender knows.
fn unsigned(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn pairs(attributes: &Value) -> Map<String, Value> {
    let pair = |pair: &Value| Some((pair["key"].as_str()?.to_owned(), any(&pair["value"])?));
    list(attributes).iter().filter_map(pair).collect()
}

fn any(value: &Value) -> Option<Value> {
    let (kind, content) = value.as_object()?.iter().next()?;
    match kind.as_str() {
        "stringValue" | "boolValue" => Some(content.clone()),
        "doubleValue" => content.as_f64().or_else(|| content.as_str()?.parse().ok()).map(Value::from),
        "intValue" => content.as_i64().or_else(|| content.as_str()?.parse().ok()).map(Value::from),
        "arrayValue" => Some(list(&content["values"]).iter().filter_map(any).collect()),
        "kvlistValue" => Some(Value::Object(pairs(&content["values"]))),
        _ => None,
    }
}
