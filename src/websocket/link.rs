//! The connection under a media socket: WebSocket (RFC 6455), or TCP for an AudioSocket.

use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf};
use tokio::net::TcpStream;
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Request};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::{Host, Url};

use super::protocol::{Message, ProtocolError as MessageError};
use super::writer::bounded;
pub(crate) use super::writer::{LinkWriter, MOST_WAITING, Outgoing, Unsent};
use crate::clock::Monotonic;
use crate::lock::lock;
use crate::time::CallTime;
use crate::transport::tcp::{LastArrival, TimestampedTcp};
use crate::transport::{CallEvent, DialError, DialErrorKind, SendLag, quote};

/// The largest message that a bot may send: a minute of 48 kHz samples in base64 is under 8 MB.
pub(crate) const MOST_BYTES: usize = 8 << 20;
/// How often the round trip is measured.
const PING_EVERY: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<MaybeTlsStream<TimestampedTcp>>;

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkEnd {
    /// The bot closed it in an orderly way, with this code and reason where it gave any but the usual ones.
    Closed(Option<String>),
    /// It broke: one sentence.
    Broken(String),
}

impl LinkEnd {
    /// The event that ends the call.
    pub fn event_at(self, at: CallTime) -> CallEvent {
        match self {
            Self::Closed(_) => CallEvent::HungUp(at),
            Self::Broken(why) => CallEvent::Broken(at, why),
        }
    }
}

/// The receiving half.
pub(crate) struct LinkReader {
    wire: Wire,
    gauges: Gauges,
    /// Who is at the other end, for messages.
    peer: &'static str,
}

enum Wire {
    WebSocket(Pin<Box<dyn Stream<Item = Result<tungstenite::Message, Error>> + Send>>),
    Tcp(ReadHalf<TimestampedTcp>, Vec<u8>, Split),
}

/// Takes one whole message off the front of what was read; `None` while it is not all there.
pub(crate) type Split = fn(&mut Vec<u8>) -> Result<Option<Vec<u8>>, MessageError>;

/// What a connection measures of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauges {
    /// When the kernel received what was read last.
    pub arrival: LastArrival,
    /// How long frames waited for the socket.
    pub lag: SendLag,
    /// `None` over plain TCP, which has no pings.
    pub round_trip: RoundTrip,
}

/// Opens a WebSocket.
pub(crate) async fn open(
    url: &str,
    headers: &[(String, String)],
    subprotocol: Option<&str>,
) -> Result<(LinkReader, LinkWriter), DialError> {
    let socket = handshake(url, headers, subprotocol).await?.map_err(|error| refused(url, error))?;
    Ok(dialled(socket))
}

/// Opens a WebSocket; `None` if the server does not speak this subprotocol.
pub(super) async fn open_if_spoken(
    url: &str,
    headers: &[(String, String)],
    subprotocol: &str,
) -> Result<Option<(LinkReader, LinkWriter)>, DialError> {
    match handshake(url, headers, Some(subprotocol)).await? {
        Ok(socket) => Ok(Some(dialled(socket))),
        Err(Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_))) => Ok(None),
        Err(error) => Err(refused(url, error)),
    }
}

async fn handshake(
    url: &str,
    headers: &[(String, String)],
    subprotocol: Option<&str>,
) -> Result<Result<(Socket, LastArrival), Error>, DialError> {
    // Two crypto providers in one process panic: the one that is there stays.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let request = request(url, headers, subprotocol)?;
    let config = WebSocketConfig::default().max_message_size(Some(MOST_BYTES)).max_frame_size(Some(MOST_BYTES));
    let tcp = connect(url).await?;
    let arrival = tcp.arrival();
    Ok(client_async_tls_with_config(request, tcp, Some(config), None).await.map(|(socket, _)| (socket, arrival)))
}

fn dialled((socket, arrival): (Socket, LastArrival)) -> (LinkReader, LinkWriter) {
    let (sink, stream) = socket.split();
    halves(sink, stream, arrival, "the bot")
}

/// The two halves of an open WebSocket, and the task that writes to it.
pub(super) fn halves<E>(
    mut sink: impl Sink<tungstenite::Message, Error = E> + Send + Unpin + 'static,
    stream: impl Stream<Item = Result<tungstenite::Message, Error>> + Send + 'static,
    arrival: LastArrival,
    peer: &'static str,
) -> (LinkReader, LinkWriter) {
    let (writer, mut queue, closing) = LinkWriter::new();
    let lag = SendLag::default();
    let noted = lag.clone();
    tokio::spawn(bounded(closing, async move {
        let mut pings = tokio::time::interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let (message, since) = tokio::select! {
                outgoing = queue.recv() => match outgoing {
                    Some(Outgoing::Message(message)) => (framed(message), None),
                    Some(Outgoing::Audio(message, since)) => (framed(message), Some(since)),
                    Some(Outgoing::Close) | None => break,
                },
                _ = pings.tick() => (RoundTrip::ping(), None),
            };
            if sink.send(message).await.is_err() {
                return;
            }
            since.into_iter().for_each(|since| noted.note(since));
        }
        let _gone = sink.close().await;
    }));
    let gauges = Gauges { arrival, lag, round_trip: RoundTrip::default() };
    (LinkReader { wire: Wire::WebSocket(Box::pin(stream)), gauges, peer }, writer)
}

/// Reaches the URL's host; TLS and the handshake come later.
async fn connect(url: &str) -> Result<TimestampedTcp, DialError> {
    let parsed = Url::parse(url).map_err(|error| DialError::local(&format!("`{url}` is not a WebSocket URL"), error))?;
    let port = parsed.port_or_known_default().unwrap_or(80);
    let stream = match parsed.host() {
        Some(Host::Domain(name)) => TcpStream::connect((name, port)).await,
        Some(Host::Ipv4(ip)) => TcpStream::connect((ip, port)).await,
        Some(Host::Ipv6(ip)) => TcpStream::connect((ip, port)).await,
        None => Err(std::io::Error::other("the URL names no host")),
    };
    stream.map(TimestampedTcp::new).map_err(|error| unreachable(url, &error))
}

fn framed(message: Message) -> tungstenite::Message {
    match message {
        Message::Text(text) => tungstenite::Message::text(text),
        Message::Binary(bytes) => tungstenite::Message::binary(bytes),
    }
}

/// Opens a TCP connection for an AudioSocket.
pub(super) async fn open_tcp(address: &str, split: Split) -> Result<(LinkReader, LinkWriter), DialError> {
    let stream = TcpStream::connect(address).await.map_err(|error| unreachable(&format!("audiosocket://{address}"), &error))?;
    let tcp = TimestampedTcp::new(stream);
    let gauges = Gauges { arrival: tcp.arrival(), ..Gauges::default() };
    let (reader, mut half) = tokio::io::split(tcp);
    let (writer, mut queue, closing) = LinkWriter::new();
    let noted = gauges.lag.clone();
    tokio::spawn(bounded(closing, async move {
        while let Some(outgoing) = queue.recv().await {
            let (bytes, since) = match outgoing {
                Outgoing::Message(Message::Binary(bytes)) => (bytes, None),
                Outgoing::Audio(Message::Binary(bytes), since) => (bytes, Some(since)),
                _ => break,
            };
            if half.write_all(&bytes).await.is_err() {
                return;
            }
            since.into_iter().for_each(|since| noted.note(since));
        }
        let _gone = half.shutdown().await;
    }));
    Ok((LinkReader { wire: Wire::Tcp(reader, Vec::new(), split), gauges, peer: "the bot" }, writer))
}

fn request(url: &str, headers: &[(String, String)], subprotocol: Option<&str>) -> Result<Request<()>, DialError> {
    let mut request = url.into_client_request().map_err(|error| DialError::local(&format!("`{url}` is not a WebSocket URL"), error))?;
    let subprotocol = subprotocol.map(|name| ("Sec-WebSocket-Protocol".to_owned(), name.to_owned()));
    for (name, value) in headers.iter().chain(&subprotocol) {
        let name = HeaderName::try_from(name).map_err(|error| DialError::local(&format!("`{name}` is not a header name"), error))?;
        let value =
            HeaderValue::try_from(value).map_err(|error| DialError::local(&format!("the header {name} has no legal value"), error))?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

fn refused(url: &str, error: Error) -> DialError {
    match error {
        Error::Http(response) => {
            let status = response.status();
            let body = String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).into_owned();
            let kind = if matches!(status.as_u16(), 401 | 403) { DialErrorKind::Unauthorized } else { DialErrorKind::Rejected };
            let body = if body.trim().is_empty() { String::new() } else { format!(": {}", quote(&body)) };
            DialError::new(kind, format!("{url} answered HTTP {status} instead of opening a WebSocket{body}"))
        }
        Error::Io(error) => unreachable(url, &error),
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(error)) => DialError::new(
            DialErrorKind::BadAnswer,
            format!("{url} opened a WebSocket with another subprotocol than asked for ({error}); is it this provider's endpoint?"),
        ),
        Error::Tls(error) => DialError::new(DialErrorKind::Unreachable, format!("the TLS connection to {url} failed: {error}")),
        error => DialError::new(DialErrorKind::BadAnswer, format!("{url} opened no WebSocket: {error}")),
    }
}

/// The error of a connection that could not be opened.
pub(super) fn unreachable(url: &str, error: &std::io::Error) -> DialError {
    let hint = if error.kind() == std::io::ErrorKind::ConnectionRefused { "; is the bot running?" } else { "" };
    DialError::new(DialErrorKind::Unreachable, format!("no connection to {url}: {error}{hint}"))
}

/// The shortest round trip of a ping: the bot's own delay is not the network's.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoundTrip(Arc<Mutex<Option<Duration>>>);

impl RoundTrip {
    fn ping() -> tungstenite::Message {
        tungstenite::Message::Ping(Monotonic::now().0.to_be_bytes().to_vec().into())
    }

    fn pong(&self, payload: &[u8]) {
        let Ok(sent) = payload.try_into().map(i64::from_be_bytes) else { return };
        let Ok(took) = u64::try_from(Monotonic::now().0.saturating_sub(sent)) else { return };
        let took = Duration::from_nanos(took);
        let mut shortest = lock(&self.0);
        *shortest = Some(shortest.map_or(took, |known| known.min(took)));
    }

    /// `None` where the bot answered no ping.
    pub fn get(&self) -> Option<Duration> {
        *lock(&self.0)
    }
}

impl LinkReader {
    /// What the connection measures.
    pub fn gauges(&self) -> Gauges {
        self.gauges.clone()
    }

    /// The next message, or how it ended.
    pub async fn next(&mut self) -> Result<Message, LinkEnd> {
        match &mut self.wire {
            Wire::WebSocket(stream) => loop {
                match stream.next().await {
                    Some(Ok(tungstenite::Message::Text(text))) => return Ok(Message::Text(text.as_str().to_owned())),
                    Some(Ok(tungstenite::Message::Binary(bytes))) => return Ok(Message::Binary(bytes.to_vec())),
                    Some(Ok(tungstenite::Message::Close(frame))) => return Err(LinkEnd::Closed(frame.and_then(|frame| said(&frame)))),
                    None => return Err(LinkEnd::Closed(None)),
                    Some(Ok(tungstenite::Message::Pong(payload))) => self.gauges.round_trip.pong(&payload),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(end(&error, self.peer)),
                }
            },
            Wire::Tcp(half, buffer, split) => loop {
                match split(buffer) {
                    Ok(Some(frame)) => return Ok(Message::Binary(frame)),
                    Ok(None) => {}
                    Err(error) => return Err(LinkEnd::Broken(error.to_string())),
                }
                match half.read_buf(buffer).await {
                    Ok(0) if buffer.is_empty() => return Err(LinkEnd::Closed(None)),
                    Ok(0) => return Err(LinkEnd::Broken("the bot closed the connection in the middle of a frame".to_owned())),
                    Ok(_) => {}
                    // A plain socket that is closed with the caller's audio still unread ends with a reset.
                    Err(error) if error.kind() == ErrorKind::ConnectionReset && buffer.is_empty() => return Err(LinkEnd::Closed(None)),
                    Err(error) => return Err(LinkEnd::Broken(format!("the connection to the bot broke: {error}"))),
                }
            },
        }
    }
}

/// What the close code (RFC 6455, section 7.4) and the reason say, where that is more than "done".
fn said(frame: &CloseFrame) -> Option<String> {
    let (code, reason) = (u16::from(frame.code), quote(frame.reason.as_str()));
    let meaning = match code {
        1000 | 1001 if reason.is_empty() => return None,
        1000 => "normal",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1007 => "invalid payload",
        1008 => "policy violation",
        1009 => "message too big",
        1011 => "internal error",
        1012 => "service restart",
        1013 => "try again later",
        _ => "its own code",
    };
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Some(format!("the bot closed the WebSocket with code {code} ({meaning}){reason}"))
}

fn end(error: &Error, peer: &str) -> LinkEnd {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => LinkEnd::Closed(None),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            LinkEnd::Broken(format!("{peer}'s socket went away without a WebSocket close, perhaps in mid-message; did {peer} crash?"))
        }
        Error::Capacity(error) => {
            LinkEnd::Broken(format!("{peer} sent a message of more than {} MB ({error}); send audio in smaller pieces", MOST_BYTES >> 20))
        }
        Error::Io(error) => LinkEnd::Broken(format!("the connection to {peer} broke: {error}")),
        error => LinkEnd::Broken(format!("{peer}'s socket broke the WebSocket protocol: {error}")),
    }
}
