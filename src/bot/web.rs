//! The bot's HTTP side: media sockets and WebRTC offers, on one port.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{self, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::call_options::CallOptions;
use super::cors::any_origin;
use super::state::BotState;
use super::{answers, control_socket, livekit, offers, socket};
use crate::listener::Guarded;
use crate::scenario::{Fault, SocketProtocol};
use crate::websocket::protocol::Message;
use crate::websocket::providers::provider;

/// Serves HTTP until the bot is stopped; returns where.
pub(super) async fn serve(state: Arc<BotState>, address: SocketAddr, stopped: CancellationToken) -> Result<SocketAddr, String> {
    let listener = TcpListener::bind(address).await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let app = Router::new().route("/socket/{protocol}", any(upgrade));
    let app = app.merge(offers::routes()).merge(answers::routes()).merge(livekit::routes()).with_state(state).layer(from_fn(any_origin));
    // Small frames at a steady pace are what Nagle's algorithm holds up.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = axum::serve(Guarded::new(listener), app).with_graceful_shutdown(stopped.cancelled_owned());
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::warn!(%error, "the sample bot's HTTP server ended");
        }
    });
    Ok(address)
}

async fn upgrade(
    State(state): State<Arc<BotState>>,
    Path(name): Path<String>,
    Query(options): Query<CallOptions>,
    (uri, headers): (Uri, HeaderMap),
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(protocol) = SocketProtocol::from_name(&name) else {
        return (StatusCode::NOT_FOUND, format!("the sample bot speaks no protocol `{name}`")).into_response();
    };
    match state.fault {
        Some(Fault::Busy) => return (StatusCode::SERVICE_UNAVAILABLE, "the sample bot is busy").into_response(),
        Some(Fault::NoAnswer) => std::future::pending::<()>().await,
        _ => {}
    }
    let provider = provider(protocol);
    if provider.signs_handshake()
        && let Some(forbidden) = answers::forged(&state, protocol, "ws", (&uri, &headers), "")
    {
        return forbidden;
    }
    if let Some(control) = provider.control_socket().filter(|control| control_socket::is_asked_for(*control, &headers)) {
        return control_socket::upgrade(control, upgrade, &uri);
    }
    let upgrade = match provider.subprotocol() {
        Some(name) => upgrade.protocols([name]),
        None => upgrade,
    };
    upgrade.on_upgrade(move |open| serve_socket(state, protocol, options, open))
}

/// Connects the socket with a line.
async fn serve_socket(state: Arc<BotState>, protocol: SocketProtocol, options: CallOptions, mut open: WebSocket) {
    let (to_line, incoming) = mpsc::unbounded_channel();
    let (outgoing, mut from_line) = mpsc::unbounded_channel();
    let line = tokio::spawn(socket::answer(state, protocol, options, incoming, outgoing));
    loop {
        tokio::select! {
            message = from_line.recv() => {
                let Some(message) = message else { break };
                let message = match message {
                    Message::Text(text) => ws::Message::text(text),
                    Message::Binary(bytes) => ws::Message::binary(bytes),
                };
                if open.send(message).await.is_err() {
                    return;
                }
            }
            message = open.recv() => {
                let message = match message {
                    Some(Ok(ws::Message::Text(text))) => Message::Text(text.as_str().to_owned()),
                    Some(Ok(ws::Message::Binary(bytes))) => Message::Binary(bytes.to_vec()),
                    Some(Ok(ws::Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => continue,
                };
                if to_line.send(message).is_err() {
                    break;
                }
            }
        }
    }
    drop(to_line);
    let _closed = open.send(ws::Message::Close(None)).await;
    let _ended = line.await;
}
