//! Two media sockets of one provider, joined: what comes in on one goes out on the other, numbered anew.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Whose messages.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    Twilio,
    Teler,
}

/// Opens a socket; the HTTP status where it is refused.
pub async fn open(url: &str, header: Option<(&'static str, String)>) -> Result<Socket, u16> {
    let mut request = url.into_client_request().expect("a URL");
    if let Some((name, value)) = header {
        request.headers_mut().insert(name, value.parse().expect("a value"));
    }
    match connect_async_with_config(request, None, true).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{url}: {error}"),
    }
}

/// What goldencall or the bot sent to be played.
fn payload(side: Side, message: &str) -> Option<String> {
    let message: Value = serde_json::from_str(message).expect("JSON");
    let (kind, payload) = match side {
        Side::Twilio => ("media", message["media"]["payload"].as_str()),
        Side::Teler => ("audio", message["data"]["audio_b64"].as_str()),
    };
    let named = if matches!(side, Side::Twilio) { &message["event"] } else { &message["type"] };
    payload.filter(|_| named == kind).map(str::to_owned)
}

struct Stream {
    side: Side,
    call: String,
    messages: u64,
}

impl Stream {
    fn begin(&mut self) -> Vec<Value> {
        self.messages = 1;
        let call = &self.call;
        match self.side {
            Side::Twilio => vec![
                json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}),
                json!({"event": "start", "sequenceNumber": "1", "streamSid": format!("MZ{call}"), "start": {
                    "accountSid": super::provider::ACCOUNT, "streamSid": format!("MZ{call}"), "callSid": call, "tracks": ["inbound"],
                    "customParameters": {}, "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}}),
            ],
            Side::Teler => {
                vec![json!({"type": "start", "account_id": "a", "call_app_id": "b", "call_id": call, "stream_id": format!("S{call}"),
                "message_id": 1, "data": {"encoding": "audio/l16", "sample_rate": 8000, "channels": 1}})]
            }
        }
    }

    fn media(&mut self, payload: &str) -> Value {
        self.messages += 1;
        let (number, chunk) = (self.messages, self.messages - 1);
        match self.side {
            Side::Twilio => {
                json!({"event": "media", "sequenceNumber": number.to_string(), "streamSid": format!("MZ{}", self.call), "media": {
                "track": "inbound", "chunk": chunk.to_string(), "timestamp": ((chunk - 1) * 20).to_string(), "payload": payload}})
            }
            Side::Teler => {
                json!({"type": "audio", "stream_id": format!("S{}", self.call), "message_id": number, "data": {"audio_b64": payload}})
            }
        }
    }

    fn stop(&mut self) -> Option<Value> {
        self.messages += 1;
        matches!(self.side, Side::Twilio).then(|| {
            json!({"event": "stop", "sequenceNumber": self.messages.to_string(),
            "streamSid": format!("MZ{}", self.call), "stop": {"accountSid": super::provider::ACCOUNT, "callSid": self.call}})
        })
    }
}

/// Carries the call until either side, or the REST API, ends it.
pub async fn join(side: Side, call: &str, mut caller: Socket, mut bot: Socket, over: &CancellationToken) {
    let stream = || Stream { side, call: call.to_owned(), messages: 0 };
    let [mut to_caller, mut to_bot] = [stream(), stream()];
    for (socket, stream) in [(&mut caller, &mut to_caller), (&mut bot, &mut to_bot)] {
        for message in stream.begin() {
            socket.send(Message::text(message.to_string())).await.expect("start");
        }
    }
    loop {
        let (message, socket, stream) = tokio::select! {
            () = over.cancelled() => break,
            message = bot.next() => (message, &mut caller, &mut to_caller),
            message = caller.next() => (message, &mut bot, &mut to_bot),
        };
        match message {
            Some(Ok(Message::Text(text))) => {
                let Some(payload) = payload(side, &text) else { continue };
                if socket.send(Message::text(stream.media(&payload).to_string())).await.is_err() {
                    break;
                }
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            Some(Ok(_)) => {}
        }
    }
    for (mut socket, mut stream) in [(caller, to_caller), (bot, to_bot)] {
        if let Some(stop) = stream.stop() {
            let _gone = socket.send(Message::text(stop.to_string())).await;
        }
        let _gone = timeout(Duration::from_millis(500), socket.close(None)).await;
    }
}
