//! What the bot answers a provider that asks where the stream of a call goes: TwiML, TeXML, Plivo XML, an NCCO, a flow.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};

use super::server::House;
use crate::scenario::SocketProtocol;
use crate::websocket::answer::is_signed;

/// `/answer/{protocol}`; the query (`script`, `think`, `bursts`) goes on to the stream.
pub(super) fn routes() -> Router<Arc<House>> {
    Router::new().route("/answer/{protocol}", any(answer))
}

async fn answer(
    State(house): State<Arc<House>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    (uri, headers): (Uri, HeaderMap),
    body: String,
) -> Response {
    let Some(protocol) = SocketProtocol::from_name(&name).filter(|protocol| protocol.asks_first()) else {
        return (StatusCode::NOT_FOUND, format!("nobody asks first in a protocol `{name}`")).into_response();
    };
    if let Some(refusal) = forged(&house, protocol, "http", (&uri, &headers), &body) {
        return refusal;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let query = query.map(|query| format!("?{}", own(&query))).unwrap_or_default();
    let url = format!("ws://{host}/socket/{name}{query}");
    match protocol {
        SocketProtocol::Plivo => xml(&format!("<Stream bidirectional=\"true\">{}</Stream>", escaped(&url))),
        SocketProtocol::Vonage => {
            let endpoint = json!({"type": "websocket", "uri": url, "content-type": "audio/l16;rate=16000", "headers": {}});
            json_text(&json!([{"action": "connect", "endpoint": [endpoint]}]))
        }
        SocketProtocol::Teler => {
            json_text(&json!({"action": "stream", "ws_url": url, "chunk_size": 400, "sample_rate": "8k", "record": false}))
        }
        SocketProtocol::Exotel => json_text(&json!({"url": url})),
        _ => xml(&format!("<Connect><Stream url=\"{}\"/></Connect>", escaped(&url))),
    }
}

/// What a request gets that has not the signature of the protocol's provider, where the bot looks at signatures.
pub(super) fn forged(
    house: &House,
    protocol: SocketProtocol,
    scheme: &str,
    (uri, headers): (&Uri, &HeaderMap),
    body: &str,
) -> Option<Response> {
    let token = house.auth_token.as_ref()?.reveal();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let url = format!("{scheme}://{}{uri}", header("Host").unwrap_or_default());
    let refusal = || (StatusCode::FORBIDDEN, format!("the signature is not {}'s by this bot's token", protocol.name())).into_response();
    (!is_signed(protocol, token, &url, header, body)).then(refusal)
}

/// The part of the query that is the bot's, not the provider's.
fn own(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| ["script=", "think=", "bursts="].iter().any(|name| pair.starts_with(name)));
    pairs.collect::<Vec<_>>().join("&")
}

fn escaped(url: &str) -> String {
    url.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn xml(inner: &str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{inner}</Response>");
    ([(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

fn json_text(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
