//! The answer URL: where a provider asks for the stream of a call.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::state::BotState;
use crate::scenario::SocketProtocol;
use crate::websocket::answer::{Document, Received};
use crate::websocket::providers::provider;

/// `/answer/{protocol}`; the query (`script`, `think`, `bursts`) is passed to the stream.
pub(super) fn routes() -> Router<Arc<BotState>> {
    Router::new().route("/answer/{protocol}", any(answer))
}

async fn answer(
    State(state): State<Arc<BotState>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    (uri, headers): (Uri, HeaderMap),
    body: String,
) -> Response {
    let found = SocketProtocol::from_name(&name).and_then(|protocol| Some((protocol, provider(protocol).answer_url()?)));
    let Some((protocol, answer_url)) = found else {
        return (StatusCode::NOT_FOUND, format!("the protocol `{name}` has no answer URL")).into_response();
    };
    if let Some(forbidden) = forged(&state, protocol, "http", (&uri, &headers), &body) {
        return forbidden;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let query = query.map(|query| format!("?{}", own(&query))).unwrap_or_default();
    let url = format!("ws://{host}/socket/{name}{query}");
    let Document { content_type, text } = answer_url.sample(&url);
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// The response to a request without the signature of the protocol's provider, where the bot checks signatures.
pub(super) fn forged(
    state: &BotState,
    protocol: SocketProtocol,
    scheme: &str,
    (uri, headers): (&Uri, &HeaderMap),
    body: &str,
) -> Option<Response> {
    let token = state.auth_token.as_ref()?.reveal();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let url = format!("{scheme}://{}{uri}", header("Host").unwrap_or_default());
    let forbidden = || (StatusCode::FORBIDDEN, format!("the signature is not {}'s by this bot's token", protocol.name())).into_response();
    let request = Received { url: &url, header: &header, body };
    (!provider(protocol).is_signed(token, &request)).then(forbidden)
}

/// The part of the query that is the bot's, not the provider's.
fn own(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| ["script=", "think=", "bursts="].iter().any(|name| pair.starts_with(name)));
    pairs.collect::<Vec<_>>().join("&")
}
