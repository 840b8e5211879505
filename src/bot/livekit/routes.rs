//! The HTTP side: tokens, and the WebSocket that they open.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::super::call_options::CallOptions;
use super::super::state::BotState;
use super::session;
use crate::scenario::Fault;
use crate::webrtc::livekit::token::{Claims, TokenError, verify};

/// The key and the secret of LiveKit's own development mode.
pub(in crate::bot) const KEY: &str = "devkey";
pub(in crate::bot) const SECRET: &str = "secret";

/// The token, which some clients put into the URL and others into a header.
#[derive(Debug, Default, Deserialize)]
struct Token {
    access_token: Option<String>,
}

/// The paths under which clients expect a server.
pub(in crate::bot) fn routes() -> Router<Arc<BotState>> {
    Router::new().route("/rtc", get(join)).route("/rtc/validate", get(validate))
}

async fn join(
    State(state): State<Arc<BotState>>,
    Query(options): Query<CallOptions>,
    Query(token): Query<Token>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    match admit(&state, &headers, token) {
        Ok(claims) => upgrade.on_upgrade(move |socket| session::serve(state, options, claims, socket)),
        Err(refusal) => refusal.into_response(),
    }
}

/// Clients ask this when the WebSocket does not open.
async fn validate(State(state): State<Arc<BotState>>, Query(token): Query<Token>, headers: HeaderMap) -> Response {
    match admit(&state, &headers, token) {
        Ok(_) => "success".into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn admit(state: &BotState, headers: &HeaderMap, token: Token) -> Result<Claims, (StatusCode, String)> {
    if state.fault == Some(Fault::Busy) {
        return Err((StatusCode::SERVICE_UNAVAILABLE, "the sample bot is busy".to_owned()));
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let token = bearer.map(str::to_owned).or(token.access_token).unwrap_or_default();
    let verified = verify(&token, KEY, SECRET, jiff::Timestamp::now().as_second());
    verified.map_err(|error: TokenError| (StatusCode::UNAUTHORIZED, error.to_string()))
}
