//! A provider's control socket, in the bot's role: every call is streamed to the media socket of the same URL.

use axum::extract::ws::{self, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;

use crate::websocket::providers::ControlSocket;

/// Whether the caller asks for the control socket.
pub(super) fn is_asked_for(control: &dyn ControlSocket, headers: &HeaderMap) -> bool {
    let asked = headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    asked.split(',').any(|name| name.trim() == control.subprotocol())
}

/// Opens the control socket.
pub(super) fn upgrade(control: &'static dyn ControlSocket, upgrade: WebSocketUpgrade, uri: &Uri) -> Response {
    let media = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    upgrade.protocols([control.subprotocol()]).on_upgrade(move |open| serve(control, open, media))
}

async fn serve(control: &dyn ControlSocket, mut open: WebSocket, media: String) {
    while let Some(Ok(message)) = open.recv().await {
        let ws::Message::Text(text) = message else { continue };
        let Ok(answer) = control.sample(text.as_str(), &media) else { return };
        if let Some(answer) = answer
            && open.send(ws::Message::text(answer)).await.is_err()
        {
            return;
        }
    }
}
