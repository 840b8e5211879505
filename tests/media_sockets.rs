//! Media socket calls over loopback, to bots that do one thing.

use std::future::Future;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use goldencall::internals::clock::CallClock;
use goldencall::internals::scenario::{SocketProtocol, Target, WebSocketTarget};
use goldencall::internals::telemetry::{Report, TraceContext};
use goldencall::internals::transport::{Call, CallEvent, Dial, Transport};
use goldencall::internals::websocket::WebSocketTransport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, accept_async, accept_hdr_async};

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
    let dial = Dial { target, clock: CallClock::start(), trace: TraceContext::random(), capture: None, events: events.into() };
    (transport.dial(dial).await.expect("a call"), heard)
}

/// A bot that opens its socket and never reads: what it was sent, once it is told to look.
async fn deaf(web: bool) -> (String, oneshot::Sender<()>, oneshot::Receiver<usize>) {
    let (look, told) = oneshot::channel();
    let (seen, count) = oneshot::channel();
    let address = serve(move |mut stream| async move {
        if web {
            stream = accept_async(stream).await.expect("a socket").into_inner();
        }
        told.await.expect("told");
        let (mut total, mut buffer) = (0, vec![0; 1 << 16]);
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            total += length;
        }
        seen.send(total).expect("asked");
    });
    (address.await, look, count)
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_numbered_in_the_order_in_which_they_are_written() {
    const EACH: usize = 2000;
    let (done, numbers) = oneshot::channel();
    let address = serve(|stream| async {
        let (mut sink, mut source) = accept_async(stream).await.expect("a socket").split();
        let mut start = serde_json::Value::Null;
        while start["streamSid"].is_null() {
            let Some(Ok(Message::Text(text))) = source.next().await else { return };
            start = serde_json::from_str(text.as_str()).expect("JSON");
        }
        assert_eq!(start["sequenceNumber"], "1");
        let marks = async {
            for mark in 0..EACH {
                let text = format!(r#"{{"event":"mark","streamSid":{},"mark":{{"name":"{mark}"}}}}"#, start["streamSid"]);
                sink.send(Message::text(text)).await.expect("sent");
            }
        };
        let reading = async {
            let mut numbers = vec![1];
            while numbers.len() < 2 * EACH {
                let Some(Ok(Message::Text(text))) = source.next().await else { continue };
                let message: serde_json::Value = serde_json::from_str(text.as_str()).expect("JSON");
                numbers.extend(message["sequenceNumber"].as_str().and_then(|number| number.parse::<usize>().ok()));
            }
            numbers
        };
        let ((), seen) = tokio::join!(marks, reading);
        done.send(seen).expect("asked");
        while source.next().await.is_some() {}
    });
    let (mut call, _events) = dial(SocketProtocol::Twilio, &address.await).await;
    std::thread::spawn(move || (0..EACH).for_each(|_| drop(call.sink.send(&[1; 160], false))));
    let numbers = tokio::time::timeout(Duration::from_secs(20), numbers).await.expect("in time").expect("numbers");
    assert!(numbers.iter().copied().eq(1..=numbers.len()), "{numbers:?}");
}

/// How much a bot that reads only after the end of the call gets of forty megabytes.
async fn late_reader(protocol: SocketProtocol) -> usize {
    let (address, look, count) = deaf(protocol == SocketProtocol::Twilio).await;
    let (mut call, _events) = dial(protocol, &address).await;
    for _ in 0..40 {
        call.sink.send(&vec![1; 1 << 20], false).expect("sent");
    }
    call.control.hang_up().await;
    drop(call);
    tokio::time::sleep(Duration::from_secs(3)).await;
    look.send(()).expect("a bot");
    tokio::time::timeout(Duration::from_secs(20), count).await.expect("in time").expect("a count")
}

#[tokio::test]
async fn a_bot_that_does_not_read_holds_no_socket_after_the_call() {
    let (twilio, audiosocket) = tokio::join!(late_reader(SocketProtocol::Twilio), late_reader(SocketProtocol::AudioSocket));
    assert!(twilio < 40 << 20 && audiosocket < 40 << 20, "{twilio} and {audiosocket} bytes came after all");
}

#[tokio::test]
async fn genesys_closes_its_socket_once_the_bot_has_closed_the_session() {
    let (done, order) = oneshot::channel();
    let address = serve(|stream| async {
        let mut socket = accept_async(stream).await.expect("a socket");
        let open = text(&mut socket).await.expect("open");
        let open: serde_json::Value = serde_json::from_str(&open).expect("JSON");
        let opened = serde_json::json!({"type": "opened", "seq": 1, "parameters": {"media": open["parameters"]["media"]}});
        socket.send(Message::text(opened.to_string())).await.expect("sent");
        assert!(text(&mut socket).await.expect("close").contains(r#""type":"close""#));
        let early = tokio::time::timeout(Duration::from_millis(200), text(&mut socket)).await;
        socket.send(Message::text(r#"{"type":"closed","seq":2,"parameters":{}}"#)).await.expect("sent");
        let last = loop {
            match socket.next().await {
                Some(Ok(Message::Ping(_))) => {}
                other => break other,
            }
        };
        done.send((early, last)).expect("asked");
    });
    let (call, _events) = dial(SocketProtocol::Genesys, &address.await).await;
    call.control.hang_up().await;
    let (early, last) = order.await.expect("the bot's view");
    assert!(early.is_err() && matches!(last, Some(Ok(Message::Close(_)))), "{early:?} {last:?}");
}

/// Accepts a WebSocket of this subprotocol.
async fn accept_speaking(listener: &TcpListener, subprotocol: &'static str) -> WebSocketStream<TcpStream> {
    let (stream, _) = listener.accept().await.expect("a caller");
    #[expect(clippy::result_large_err, reason = "the callback's type is the library's")]
    let choose = |_: &Request, mut response: Response| {
        response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(subprotocol));
        Ok(response)
    };
    accept_hdr_async(stream, choose).await.expect("a socket")
}

#[tokio::test]
async fn a_queued_hang_up_of_jambonz_waits_for_the_end_of_the_stream() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address").to_string();
    tokio::spawn(async move {
        let mut application = accept_speaking(&listener, "ws.jambonz.org").await;
        text(&mut application).await.expect("session:new");
        let listen = r#"[{"verb":"listen","url":"/media","bidirectionalAudio":{"enabled":true,"streaming":true}}]"#;
        application.send(Message::text(format!(r#"{{"type":"ack","msgid":"1","data":{listen}}}"#))).await.expect("sent");
        let mut media = accept_speaking(&listener, "audio.drachtio.org").await;
        text(&mut media).await.expect("metadata");
        let redirect = r#"{"type":"command","command":"redirect","queueCommand":true,"data":[{"verb":"hangup"}]}"#;
        application.send(Message::text(redirect)).await.expect("sent");
        tokio::time::sleep(Duration::from_millis(200)).await;
        media.send(Message::binary(vec![1; 6400])).await.expect("sent");
        media.close(None).await.expect("closed");
        while text(&mut application).await.is_some() {}
    });
    let (_call, mut events) = dial(SocketProtocol::Jambonz, &address).await;
    let mut heard = 0;
    let end = loop {
        match next(&mut events).await {
            CallEvent::Media(frame) => heard += frame.samples.len(),
            other => break other,
        }
    };
    assert!(matches!(end, CallEvent::HungUp(_)) && heard == 3200, "{end:?} after {heard} samples");
}
