//! Exports over a real socket, as a bot sends them.

use std::io::Write;
use std::net::SocketAddr;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Content;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as Wire};
use proptest::prelude::*;
use prost::Message;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::decode::protobuf;
use super::*;

const JSON: &str = r#"{"resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "bot"}}]},
    "scopeSpans": [{"scope": {"name": "x"}, "spans": [{
        "traceId": "0A0B", "spanId": "01", "parentSpanId": "02", "name": "llm", "kind": 1,
        "startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": 1700000000000000009,
        "attributes": [
            {"key": "metrics.ttfb", "value": {"doubleValue": 0.25}}, {"key": "n", "value": {"intValue": "3"}},
            {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}]}}},
            {"key": "none", "value": {"arrayValue": {}}}, {"key": "raw", "value": {"bytesValue": "AA=="}}, {"key": "odd"}
        ], "status": {}
    }]}]
}]}"#;

fn expected() -> Span {
    let attributes = json!({"metrics.ttfb": 0.25, "n": 3, "list": ["a"], "none": []});
    Span {
        trace_id: "0a0b".to_owned(),
        span_id: "01".to_owned(),
        parent_span_id: Some("02".to_owned()),
        name: "llm".to_owned(),
        start_unix_ns: 1_700_000_000_000_000_001,
        end_unix_ns: 1_700_000_000_000_000_009,
        attributes: serde_json::from_value(attributes).unwrap(),
        service: Some("bot".to_owned()),
    }
}

fn pair(key: &str, content: Content) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(content) }), ..Default::default() }
}

fn wire() -> Vec<u8> {
    let array = |values| Content::ArrayValue(ArrayValue { values });
    let letter = AnyValue { value: Some(Content::StringValue("a".to_owned())) };
    let span = Wire {
        trace_id: vec![10, 11],
        span_id: vec![1],
        parent_span_id: vec![2],
        name: "llm".to_owned(),
        start_time_unix_nano: 1_700_000_000_000_000_001,
        end_time_unix_nano: 1_700_000_000_000_000_009,
        attributes: vec![
            pair("metrics.ttfb", Content::DoubleValue(0.25)),
            pair("n", Content::IntValue(3)),
            pair("list", array(vec![letter])),
            pair("none", array(Vec::new())),
            pair("raw", Content::BytesValue(vec![0])),
        ],
        ..Wire::default()
    };
    let service = pair("service.name", Content::StringValue("bot".to_owned()));
    let resource = Some(Resource { attributes: vec![service], ..Resource::default() });
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Posts and returns the status line's code and the body of the answer.
async fn post(to: SocketAddr, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n{headers}\r\ncontent-length: {length}\r\n\r\n");
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (code, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

async fn receiver() -> Receiver {
    Receiver::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None, 0).await.unwrap()
}

const PROTOBUF: &str = "content-type: application/x-protobuf";

#[tokio::test]
async fn protobuf_and_json_plain_and_packed_come_out_the_same() {
    let receiver = receiver().await;
    let to = receiver.local_addr();
    assert_eq!(post(to, "/v1/traces", PROTOBUF, &wire()).await, (200, String::new()));
    let json = "content-type: application/json; charset=utf-8";
    assert_eq!(post(to, "/v1/traces", json, JSON.as_bytes()).await, (200, "{}".to_owned()));
    let packed = format!("{PROTOBUF}\r\ncontent-encoding: gzip");
    assert_eq!(post(to, "/v1/traces", &packed, &gzip(&wire())).await.0, 200);
    assert_eq!(receiver.find(None, 0, u64::MAX).spans, [expected(), expected(), expected()]);
    assert_eq!(receiver.find(None, 0, 5).spans.len(), 0);
    assert_eq!(receiver.find(None, 1_700_000_000_000_000_009, u64::MAX).spans.len(), 3);
}

#[tokio::test]
async fn other_signals_are_accepted_and_thrown_away() {
    let receiver = receiver().await;
    for path in ["/v1/metrics", "/v1/logs"] {
        assert_eq!(post(receiver.local_addr(), path, PROTOBUF, b"anything").await.0, 200);
    }
    assert!(receiver.find(None, 0, u64::MAX).spans.is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_a_reason() {
    let receiver = receiver().await;
    let to = receiver.local_addr();
    let packed = format!("{PROTOBUF}\r\ncontent-encoding: gzip");
    let json = "content-type: application/json";
    let mut answers = Vec::new();
    for (headers, body) in
        [(PROTOBUF, &b"\xff\xff"[..]), (json, b"[]"), (json, b"{"), (&packed, b"plain"), ("content-type: text/plain", b"")]
    {
        answers.push(post(to, "/v1/traces", headers, body).await);
    }
    let text: Vec<String> = answers.into_iter().map(|(code, message)| format!("{code} {message}")).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    400 no OTLP protobuf: failed to decode Protobuf message: invalid varint
    400 no OTLP JSON: expected an object with `resourceSpans`
    400 no JSON: EOF while parsing an object at line 1 column 1
    400 no gzip: unexpected end of file
    415 content type "text/plain": send application/x-protobuf or application/json
    "#);
    assert!(receiver.find(None, 0, u64::MAX).spans.is_empty());
}

#[tokio::test]
async fn too_much_is_refused_packed_or_not() {
    let receiver = receiver().await;
    let much = vec![0; (8 << 20) + 1];
    let packed = format!("{PROTOBUF}\r\ncontent-encoding: gzip");
    assert_eq!(post(receiver.local_addr(), "/v1/traces", &packed, &gzip(&much)).await.0, 413);
    // One byte too many, so that the server has read all of it by then and closing cannot lose its answer.
    assert_eq!(post(receiver.local_addr(), "/v1/traces", PROTOBUF, &much).await.0, 413);
}

#[tokio::test]
async fn a_few_kilobytes_do_not_become_gigabytes() {
    let receiver = receiver().await;
    let to = receiver.local_addr();
    let packed = format!("{PROTOBUF}\r\ncontent-encoding: gzip");
    // `spans` of two bytes each, in one scope of one resource: 3.6 GB once decoded.
    let nested = |inner: &[u8]| {
        let mut out = vec![0x12];
        prost::encoding::encode_varint(inner.len() as u64, &mut out);
        [&out, inner].concat()
    };
    let spans = [0x12, 0x00].repeat(3 << 20);
    let mut body = nested(&nested(&spans)[..]);
    body[0] = 0x0a;
    let (code, why) = post(to, "/v1/traces", &packed, &gzip(&body)).await;
    assert_eq!((code, why.as_str()), (400, "more than 20000 spans"));
    // A span of more than 1 MiB is left out and counted, and what came with it is taken.
    let one = [0x12, 0x00].repeat(1 << 20);
    let mut body = nested(&nested(&nested(&one))[..]);
    body[0] = 0x0a;
    body.extend(wire());
    assert_eq!(post(to, "/v1/traces", &packed, &gzip(&body)).await.0, 200);
    let found = receiver.find(None, 0, u64::MAX);
    assert_eq!((found.spans.len(), found.dropped), (1, 2));
}

#[tokio::test]
async fn without_the_token_nothing_is_taken() {
    let receiver = Receiver::bind(SocketAddr::from(([127, 0, 0, 1], 0)), Some("right".to_owned()), 0).await.unwrap();
    let to = receiver.local_addr();
    for (path, authorization, code) in [
        ("/v1/traces", "x: y", 401),
        ("/v1/traces", "authorization: Bearer wrong", 401),
        ("/v1/metrics", "authorization: right", 401),
        ("/v1/traces", "authorization: Bearer right", 200),
    ] {
        assert_eq!(post(to, path, &format!("{PROTOBUF}\r\n{authorization}"), &wire()).await.0, code, "{authorization}");
    }
    assert_eq!(receiver.find(None, 0, u64::MAX).spans.len(), 1);
}

#[tokio::test]
async fn idle_connections_keep_nobody_out() {
    let receiver = receiver().await;
    let to = receiver.local_addr();
    let mut idle = Vec::new();
    for _ in 0..500 {
        idle.push(TcpStream::connect(to).await.unwrap());
    }
    assert_eq!(post(to, "/v1/traces", PROTOBUF, &wire()).await.0, 200);
}

proptest! {
    #[test]
    fn nothing_makes_the_decoders_panic(bytes in any::<Vec<u8>>(), at in any::<prop::sample::Index>(), flip: u8) {
        let _ = protobuf(&bytes);
        let _ = super::json::json(&bytes);
        for mut body in [wire(), JSON.as_bytes().to_vec()] {
            let index = at.index(body.len());
            body[index] ^= flip;
            let _ = protobuf(&body);
            let _ = super::json::json(&body);
        }
    }
}
