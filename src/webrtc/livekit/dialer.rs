//! Places a call: joins the room and waits until the agent can be heard and can hear.

use std::sync::Arc;

use livekit_protocol::{JoinResponse, SignalTarget};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::super::call::Listener;
use super::super::ice::Usable;
use super::super::peer::PeerOptions;
use super::super::signalling::is_local;
use super::call::RoomCall;
use super::ending::Ending;
use super::message::{self, Response};
use super::room_session::{RoomSession, Sides};
use super::side::Side;
use super::{address, keepalive};
use crate::scenario::{IceServer, Secret, WebRtcTarget};
use crate::transport::{Call, Dial, DialError, DialErrorKind, http, quote};
use crate::websocket::link::{self, LinkEnd, LinkReader};
use crate::websocket::protocol::Message;

/// Joins a LiveKit room and calls the agent in it.
pub(in crate::webrtc) async fn dial(dial: Dial, target: &WebRtcTarget) -> Result<Call, DialError> {
    let deadline = Instant::now() + target.timeout;
    let seconds = target.timeout.as_secs_f32();
    let late =
        |_| DialError::new(DialErrorKind::NoResponse, format!("the LiveKit server at {} gave no answer within {seconds} s", target.url));
    let mut session = timeout_at(deadline, join(&dial, target)).await.map_err(late)??;
    let answered = async {
        while !session.is_answered() {
            session.step().await?;
        }
        Ok::<(), Ending>(())
    };
    match timeout_at(deadline, answered).await {
        Ok(Ok(())) => {}
        Ok(Err(ending)) => return Err(ending.error(&target.url)),
        Err(_) => return Err(session.missing(&target.url, seconds)),
    }
    let answered_at = dial.clock.now();
    let (sink, audio) = session.microphone().map_err(|error| DialError::local("no audio", error))?;
    let (call_id, control) = (session.call_id(), session.control());
    tokio::spawn(session.follow());
    Ok(Call { answered_at, codec: audio.codec.name().to_owned(), call_id, sink: Box::new(sink), control })
}

/// Opens the signalling, joins, makes both connections and publishes the microphone.
async fn join(dial: &Dial, target: &WebRtcTarget) -> Result<RoomSession, DialError> {
    let url = address::rtc_url(&target.url)?;
    let token = address::token(target, keepalive::now_millis() / 1000)?;
    let authorization = ("Authorization".to_owned(), format!("Bearer {token}"));
    let mut headers: Vec<_> = target.headers.iter().cloned().chain([authorization]).collect();
    dial.trace.add_to(&mut headers);
    let (mut reader, writer) = match link::open(url.as_str(), &headers, None).await {
        Ok(open) => open,
        Err(error) => return Err(refusal(target, &url, &headers, error).await),
    };
    // From here on, whatever goes wrong, the caller leaves the room: dropping `call` does it.
    let call = Arc::new(RoomCall::new(writer));
    let join = joined(&mut reader, &target.url).await?;
    let ice = Usable::of(target.ice_servers.iter().cloned().chain(join.ice_servers.iter().map(ice_server)));
    ice.report(target, dial)?;
    let ice_servers = ice.servers;
    let local = is_local(&target.url).await;
    let cid = uuid::Uuid::new_v4().to_string();
    let listening =
        PeerOptions { codecs: target.codecs.clone(), ice_servers, relay_only: target.relay_only, local, microphone: None, one_way: true };
    let speaking = PeerOptions { microphone: Some(("goldencall".to_owned(), cid.clone())), ..listening.clone() };
    let unable = |error| DialError::local("no WebRTC connection", error);
    let subscriber = Side::new(&listening, SignalTarget::Subscriber).await.map_err(unable)?;
    call.keep(Arc::clone(&subscriber.peer.connection));
    let publisher = Side::new(&speaking, SignalTarget::Publisher).await.map_err(unable)?;
    call.keep(Arc::clone(&publisher.peer.connection));
    let listener = Listener {
        stamps: Arc::clone(&subscriber.peer.stamps),
        clock: dial.clock,
        events: dial.events.clone(),
        reception: Arc::clone(&call.reception),
    };
    call.send(message::add_microphone(&cid));
    Ok(RoomSession::new(reader, call, Sides { publisher, subscriber, codecs: target.codecs.clone() }, listener, &join))
}

/// The server's first message.
async fn joined(reader: &mut LinkReader, url: &str) -> Result<JoinResponse, DialError> {
    let bad = |what: &str| DialError::new(DialErrorKind::BadAnswer, format!("{url} {what}; is this the URL of a LiveKit server?"));
    loop {
        let bytes = match reader.next().await {
            Ok(Message::Binary(bytes)) => bytes,
            Ok(Message::Text(_)) => return Err(bad("sent text where LiveKit sends protobuf")),
            Err(LinkEnd::Closed(_)) => return Err(bad("closed the WebSocket before it let the caller join")),
            Err(LinkEnd::Broken(why)) => return Err(DialError::new(DialErrorKind::BadAnswer, format!("{url}: {why}"))),
        };
        match message::read_response(&bytes) {
            Ok(Some(Response::Join(join))) if join.alternative_url.is_empty() => return Ok(join),
            Ok(Some(Response::Join(join))) => {
                let message = format!("the LiveKit server at {url} is not available and names {} instead", quote(&join.alternative_url));
                return Err(DialError::new(DialErrorKind::Rejected, message));
            }
            Ok(Some(Response::Leave(leave))) => return Err(Ending::of(&leave).error(url)),
            Ok(_) => {}
            Err(error) => return Err(bad(&format!("sent no LiveKit message ({error})"))),
        }
    }
}

/// Why the WebSocket did not open: asked once more by HTTP, whose answer has the whole reason.
async fn refusal(target: &WebRtcTarget, rtc: &Url, headers: &[(String, String)], error: DialError) -> DialError {
    if !matches!(error.kind, DialErrorKind::Unauthorized | DialErrorKind::Rejected) {
        return error;
    }
    let (Some(url), Ok(client)) = (address::validate_url(rtc), http::client(rtc.as_str(), target.timeout)) else { return error };
    let request = http::with_headers(client.get(url.clone()), headers);
    let Ok(reply) = http::send(request, url.as_str()).await else { return error };
    let (kind, fix) = match reply.status {
        401 | 403 => {
            let made = if target.token.is_some() { "`token`" } else { "`api_key` and `api_secret`" };
            (DialErrorKind::Unauthorized, format!("; check {made} of the target, and this machine's clock"))
        }
        404 => (DialErrorKind::Rejected, "; is this the URL of a LiveKit server?".to_owned()),
        503 => (DialErrorKind::Busy, String::new()),
        400.. => (DialErrorKind::Rejected, String::new()),
        _ => return error,
    };
    // Servers give the token back in what they say of it.
    let reply = http::Reply {
        body: headers
            .iter()
            .filter_map(|(_, value)| value.strip_prefix("Bearer "))
            .fold(reply.body, |body, token| body.replace(token, "...")),
        ..reply
    };
    let message = format!("the LiveKit server at {} answered HTTP {}{}{fix}", target.url, reply.status, reply.quoted());
    DialError::new(kind, message)
}

fn ice_server(server: &livekit_protocol::IceServer) -> IceServer {
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    IceServer { urls: server.urls.clone(), username: text(&server.username), credential: text(&server.credential).map(Secret::new) }
}
