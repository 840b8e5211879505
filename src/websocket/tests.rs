//! The task of one stream, on a real socket.

use std::sync::mpsc as std_mpsc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::dialer::start_stream;
use super::protocol::{FromBot, ProtocolError, ProviderRole, ToBot, WireFormat};
use super::{link, protocol};
use crate::clock::CallClock;
use crate::codec::Codec;
use crate::scenario::SocketProtocol;
use crate::transport::MediaSink;

/// A codec that takes its time over what the bot sends.
struct Slow {
    reads: std_mpsc::Sender<()>,
    may_go_on: std_mpsc::Receiver<()>,
}

impl ProviderRole for Slow {
    fn format(&self) -> WireFormat {
        WireFormat { codec: Codec::L16, rate: 8000 }
    }

    fn write(&mut self, _event: &ToBot) -> Vec<protocol::Message> {
        Vec::new()
    }

    fn read(&mut self, _message: &protocol::Message) -> Result<Vec<FromBot>, ProtocolError> {
        self.reads.send(()).expect("a test");
        self.may_go_on.recv().expect("a test");
        Ok(Vec::new())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_pacing_thread_waits_for_no_message_of_the_bots() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a caller");
        let mut socket = accept_async(stream).await.expect("a socket");
        socket.send(Message::text("a long one")).await.expect("sent");
        while socket.next().await.is_some_and(|message| message.is_ok()) {}
    });
    let link = link::open(&format!("ws://{address}/"), &[], None).await.expect("a link");
    let (reads, reading) = std_mpsc::channel();
    let (go_on, may_go_on) = std_mpsc::channel();
    let codec = Slow { reads, may_go_on };
    let (events, _heard) = mpsc::unbounded_channel();
    let formats = [codec.format(); 2];
    let (mut sink, _shared) = start_stream(link, Box::new(codec), formats, (CallClock::start(), events.into()), SocketProtocol::Pcm);
    tokio::task::spawn_blocking(move || reading.recv()).await.expect("a thread").expect("the message is being read");
    let paced = tokio::task::spawn_blocking(move || sink.send(&[1; 160], false).map(drop));
    let paced = tokio::time::timeout(Duration::from_secs(10), paced).await;
    go_on.send(()).expect("a codec");
    assert!(matches!(paced, Ok(Ok(Ok(())))), "{paced:?}");
}
