//! The link of a WebSocket that was opened to goldencall's own listener.

use axum::extract::ws;
use futures_util::future::ready;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::error::Error;

use super::link::{LinkReader, LinkWriter, halves};
use crate::transport::tcp::LastArrival;

/// The link of a WebSocket that a provider opened to goldencall.
pub(crate) fn served(socket: ws::WebSocket, arrival: LastArrival) -> (LinkReader, LinkWriter) {
    let (sink, stream) = socket.split();
    let sink = sink.with(|message| ready(Ok::<_, axum::Error>(to_axum(message))));
    let stream = stream.map(|message| message.map(from_axum).map_err(its_error));
    halves(sink, stream, arrival, "the provider")
}

fn to_axum(message: tungstenite::Message) -> ws::Message {
    match message {
        tungstenite::Message::Text(text) => ws::Message::text(text.as_str()),
        tungstenite::Message::Binary(bytes) => ws::Message::Binary(bytes),
        tungstenite::Message::Ping(bytes) => ws::Message::Ping(bytes),
        tungstenite::Message::Pong(bytes) => ws::Message::Pong(bytes),
        tungstenite::Message::Close(_) | tungstenite::Message::Frame(_) => ws::Message::Close(None),
    }
}

fn from_axum(message: ws::Message) -> tungstenite::Message {
    match message {
        ws::Message::Text(text) => tungstenite::Message::text(text.as_str()),
        ws::Message::Binary(bytes) => tungstenite::Message::Binary(bytes),
        ws::Message::Ping(bytes) => tungstenite::Message::Ping(bytes),
        ws::Message::Pong(bytes) => tungstenite::Message::Pong(bytes),
        ws::Message::Close(_) => tungstenite::Message::Close(None),
    }
}

fn its_error(error: axum::Error) -> Error {
    match error.into_inner().downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::Io(std::io::Error::other(error)),
    }
}
