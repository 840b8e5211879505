//! Calls over real sockets, to bots that do one thing.

use std::future::Future;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::WebSocketTransport;
use crate::clock::CallClock;
use crate::scenario::{SocketProtocol, Target, WebSocketTarget};
use crate::telemetry::{Report, TraceContext};
use crate::transport::{Call, CallEvent, Dial, Transport};

/// Serves one connection with this; returns `127.0.0.1:port`.
async fn serve<F: Future<Output = ()> + Send>(talk: impl FnOnce(TcpStream) -> F + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address").to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a caller");
        talk(stream).await;
    });
    address
}

/// The next text; `None` once the caller is gone.
async fn text(socket: &mut WebSocketStream<TcpStream>) -> Option<String> {
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            return Some(text.as_str().to_owned());
        }
    }
    None
}

async fn dial(protocol: SocketProtocol, address: &str) -> (Call, mpsc::UnboundedReceiver<CallEvent>) {
    let url = if protocol == SocketProtocol::AudioSocket { address.to_owned() } else { format!("ws://{address}/") };
    let target = Target::WebSocket(Box::new(WebSocketTarget::new(url, protocol)));
    let (events, heard) = mpsc::unbounded_channel();
    // Its runtime ends with it.
    let transport = Box::leak(Box::new(WebSocketTransport::default()));
    let dial = Dial { target, clock: CallClock::start(), trace: TraceContext::random(), events };
    (transport.dial(dial).await.expect("a call"), heard)
}

async fn next(events: &mut mpsc::UnboundedReceiver<CallEvent>) -> CallEvent {
    tokio::time::timeout(Duration::from_secs(20), events.recv()).await.expect("in time").expect("an event")
}

#[tokio::test]
async fn rtvi_is_reported_by_whichever_protocol_and_breaks_no_call() {
    for protocol in [SocketProtocol::Twilio, SocketProtocol::Vonage, SocketProtocol::Teler, SocketProtocol::Pcm] {
        let address = serve(|stream| async {
            let mut socket = accept_async(stream).await.expect("a socket");
            for text in [r#"{"label":"rtvi-ai","type":"of-another-version"}"#, r#"{"label":"rtvi-ai","type":"bot-ready"}"#] {
                socket.send(Message::text(text)).await.expect("sent");
            }
            while text(&mut socket).await.is_some() {}
        });
        let (call, mut events) = dial(protocol, &address.await).await;
        assert!(matches!(next(&mut events).await, CallEvent::Report(_, Report::BotReady)), "{}", protocol.name());
        call.control.hang_up().await;
        assert!(events.try_recv().is_err(), "{}", protocol.name());
    }
}

/// With the caller's audio unread in its socket, a bot's close is a reset.
#[tokio::test]
async fn an_audiosocket_that_the_bot_closes_is_a_hang_up() {
    let address = serve(|mut stream| async move {
        let mut id = [0; 19];
        stream.read_exact(&mut id).await.expect("the id");
        stream.write_all(&[0x10, 0, 2, 0, 0]).await.expect("audio");
        stream.readable().await.expect("the caller's audio");
    })
    .await;
    let (mut call, mut events) = dial(SocketProtocol::AudioSocket, &address).await;
    call.sink.send(&[1; 160], false).expect("sent");
    let end = loop {
        match next(&mut events).await {
            CallEvent::Media(_) => {}
            other => break other,
        }
    };
    assert!(matches!(end, CallEvent::HungUp(_)), "{end:?}");
}
