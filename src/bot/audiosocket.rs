//! The bot's AudioSocket port: TCP, one line per connection.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::call_options::CallOptions;
use super::socket;
use super::state::BotState;
use crate::scenario::SocketProtocol;
use crate::websocket::protocol::Message;
use crate::websocket::providers::split;

/// Serves until the bot is stopped; returns where.
pub(super) async fn serve(state: Arc<BotState>, address: SocketAddr, stopped: CancellationToken) -> Result<SocketAddr, String> {
    let listener = TcpListener::bind(address).await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = stopped.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            if let Ok((stream, _)) = accepted {
                tokio::spawn(serve_connection(Arc::clone(&state), stream));
            }
        }
    });
    Ok(address)
}

async fn serve_connection(state: Arc<BotState>, stream: TcpStream) {
    let _slower = stream.set_nodelay(true);
    let (mut reader, mut writer) = stream.into_split();
    let (to_line, incoming) = mpsc::unbounded_channel();
    let (outgoing, mut from_line) = mpsc::unbounded_channel();
    let line = tokio::spawn(socket::answer(state, SocketProtocol::AudioSocket, CallOptions::default(), incoming, outgoing));
    let writing = async {
        while let Some(Message::Binary(bytes)) = from_line.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let reading = async {
        let mut buffer = Vec::new();
        loop {
            while let Ok(Some(frame)) = split(&mut buffer) {
                if to_line.send(Message::Binary(frame)).is_err() {
                    return;
                }
            }
            if !matches!(reader.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        }
    };
    tokio::select! {
        () = writing => {}
        () = reading => {}
    }
    drop(to_line);
    let _ended = line.await;
}
