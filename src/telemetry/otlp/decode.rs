//! Spans out of OTLP's protobuf.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Content;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span as Wire;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost::{DecodeError, Message};
use serde_json::{Map, Value};

use super::span::Span;

/// Spans of one request at most. Exporters send some hundreds.
pub(super) const MOST_SPANS: usize = 20_000;
/// Bytes of one span at most. A few bytes of a message can become a hundred in memory, so messages are read one by one.
const MOST_OF_A_SPAN: usize = 1 << 20;
/// Bytes of a resource's description at most.
const MOST_OF_A_RESOURCE: usize = 64 << 10;

/// The spans of one export request and how many more are too large, or what is wrong with it.
pub fn protobuf(body: &[u8]) -> Result<(Vec<Span>, u64), String> {
    let (mut spans, mut large) = (Vec::new(), 0);
    // `ExportTraceServiceRequest.resource_spans`, `ResourceSpans.scope_spans`, `ScopeSpans.spans`.
    each(body, 1, &mut |resource| {
        let service = service(resource)?;
        each(resource, 2, &mut |scope| {
            each(scope, 2, &mut |bytes| {
                if bytes.len() > MOST_OF_A_SPAN {
                    large += 1;
                    return Ok(());
                }
                if spans.len() == MOST_SPANS {
                    return Err(too_many());
                }
                spans.push(span(Wire::decode(bytes).map_err(unreadable)?, service.as_deref()));
                Ok(())
            })
        })
    })?;
    Ok((spans, large))
}

pub(super) fn too_many() -> String {
    format!("more than {MOST_SPANS} spans")
}

fn unreadable(error: DecodeError) -> String {
    format!("no OTLP protobuf: {error}")
}

/// `ResourceSpans.resource` names the service.
fn service(resource: &[u8]) -> Result<Option<String>, String> {
    let mut service = None;
    each(resource, 1, &mut |bytes| {
        if bytes.len() <= MOST_OF_A_RESOURCE {
            let attributes = Resource::decode(bytes).map_err(unreadable)?.attributes;
            service = attributes.into_iter().find(|pair| pair.key == "service.name").and_then(|pair| text(pair.value)).map(short);
        }
        Ok(())
    })?;
    Ok(service)
}

/// Hands on each message in this field; other fields are passed over.
fn each(mut message: &[u8], field: u32, take: &mut dyn FnMut(&[u8]) -> Result<(), String>) -> Result<(), String> {
    while !message.is_empty() {
        let (number, kind) = decode_key(&mut message).map_err(unreadable)?;
        if number == field && kind == WireType::LengthDelimited {
            let length = usize::try_from(decode_varint(&mut message).map_err(unreadable)?).unwrap_or(usize::MAX);
            let (content, rest) = message.split_at_checked(length).ok_or("no OTLP protobuf: a message is cut short")?;
            take(content)?;
            message = rest;
        } else {
            skip_field(kind, number, &mut message, DecodeContext::default()).map_err(unreadable)?;
        }
    }
    Ok(())
}

fn span(wire: Wire, service: Option<&str>) -> Span {
    Span {
        trace_id: short(hex(&wire.trace_id)),
        span_id: short(hex(&wire.span_id)),
        parent_span_id: Some(short(hex(&wire.parent_span_id))).filter(|id| !id.is_empty()),
        name: wire.name,
        start_unix_ns: wire.start_time_unix_nano,
        end_unix_ns: wire.end_time_unix_nano,
        attributes: wire.attributes.into_iter().filter_map(pair).collect(),
        service: service.map(str::to_owned),
    }
}

/// Every span has its trace and its service: their names are bounded, or a few kilobytes of a request would fill the memory. Ids have 32
/// characters at most.
pub(super) fn short(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(128));
    name
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
