//! jambonz's control socket, in the bot's role: every call is streamed to the media socket of the same URL.

use axum::extract::ws::{self, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::websocket::protocol::jambonz_control::SUBPROTOCOL;

/// Whether the caller asks for the control socket.
pub(super) fn is_control(headers: &HeaderMap) -> bool {
    let asked = headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    asked.split(',').any(|name| name.trim() == SUBPROTOCOL)
}

/// Opens the control socket.
pub(super) fn upgrade(upgrade: WebSocketUpgrade, uri: &Uri) -> Response {
    let media = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    upgrade.protocols([SUBPROTOCOL]).on_upgrade(move |open| control(open, media))
}

async fn control(mut open: WebSocket, media: String) {
    while let Some(Ok(message)) = open.recv().await {
        let ws::Message::Text(text) = message else { continue };
        let Ok(message) = serde_json::from_str::<Value>(text.as_str()) else { return };
        if message["type"] == "session:new" {
            let ack = json!({ "type": "ack", "msgid": message["msgid"], "data": application(&media) });
            if open.send(ws::Message::text(ack.to_string())).await.is_err() {
                return;
            }
        }
    }
}

fn application(media: &str) -> Value {
    let audio = json!({ "enabled": true, "streaming": true, "sampleRate": 8000 });
    json!([{ "verb": "answer" }, { "verb": "listen", "url": media, "sampleRate": 8000, "bidirectionalAudio": audio }])
}
