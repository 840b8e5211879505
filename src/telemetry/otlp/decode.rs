//! Spans out of OTLP's protobuf.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Content;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as Wire;
use prost::Message;
use serde_json::{Map, Value};

use super::span::Span;

/// The spans of one export request, or what is wrong with it.
pub fn protobuf(body: &[u8]) -> Result<Vec<Span>, String> {
    let request = ExportTraceServiceRequest::decode(body).map_err(|error| format!("no OTLP protobuf: {error}"))?;
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let service = attributes.into_iter().find(|pair| pair.key == "service.name").and_then(|pair| text(pair.value));
        let wires = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(wires.map(|wire| span(wire, service.as_deref())));
    }
    Ok(spans)
}

fn span(wire: Wire, service: Option<&str>) -> Span {
    Span {
        trace_id: hex(&wire.trace_id),
        span_id: hex(&wire.span_id),
        parent_span_id: Some(hex(&wire.parent_span_id)).filter(|id| !id.is_empty()),
        name: wire.name,
        start_unix_ns: wire.start_time_unix_nano,
        end_unix_ns: wire.end_time_unix_nano,
        attributes: wire.attributes.into_iter().filter_map(pair).collect(),
        service: service.map(str::to_owned),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(value: Option<AnyValue>) -> Option<String> {
    match value?.value? {
        Content::StringValue(text) => Some(text),
        _ => None,
    }
}

fn pair(pair: KeyValue) -> Option<(String, Value)> {
    Some((pair.key, value(pair.value?)?))
}

fn value(from: AnyValue) -> Option<Value> {
    Some(match from.value? {
        Content::StringValue(text) => Value::String(text),
        Content::BoolValue(flag) => Value::Bool(flag),
        Content::IntValue(number) => Value::from(number),
        Content::DoubleValue(number) => Value::from(number),
        Content::ArrayValue(items) => items.values.into_iter().filter_map(value).collect(),
        Content::KvlistValue(pairs) => Value::Object(pairs.values.into_iter().filter_map(pair).collect::<Map<_, _>>()),
        _ => return None,
    })
}
