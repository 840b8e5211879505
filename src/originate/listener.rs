//! The HTTP side that providers call: status callbacks, Teler's question, media sockets.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use tokio::net::TcpListener;

use super::desk::{Arrival, Desk, Expected, Found};
use super::doors::Door;
use super::{teler, twilio};
use crate::scenario::Credentials;
use crate::transport::tcp::{LastArrival, TimestampedTcp};
use crate::transport::{DialError, DialErrorKind};
use crate::websocket::providers::is_signed_by_twilio;
use crate::websocket::{link, served};

/// A status callback has two dozen short fields.
const MOST_BODY: usize = 64 << 10;
/// How long the listener rests when the system gives it no more connections.
const BREATH: Duration = Duration::from_millis(100);

/// Listens for providers on an address until the desk is closed.
///
/// # Errors
/// The port is taken, or not for this user.
pub(super) async fn listen(address: SocketAddr) -> Result<Arc<Desk>, DialError> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let message =
            format!("cannot listen on {address} for the provider: {error}; is another run using the port? change `listen` of the target");
        DialError::new(DialErrorKind::Local, message)
    })?;
    let desk = Arc::new(Desk::default());
    let app = Router::new().fallback(come_in).with_state(Arc::clone(&desk));
    let app = app.into_make_service_with_connect_info::<Stamp>();
    let server = axum::serve(Stamped(listener), app).with_graceful_shutdown(desk.stop.clone().cancelled_owned());
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::warn!(%error, "the listener for providers ended");
        }
    });
    Ok(desk)
}

/// A listener whose connections tell when the kernel received what was read last.
struct Stamped(TcpListener);

impl Listener for Stamped {
    type Io = TimestampedTcp;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => return (TimestampedTcp::new(stream), address),
                // The client went away, or this machine is out of file descriptors for a moment.
                Err(error) => {
                    tracing::debug!(%error, "no connection");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

#[derive(Clone)]
struct Stamp(LastArrival);

impl Connected<IncomingStream<'_, Stamped>> for Stamp {
    fn connect_info(stream: IncomingStream<'_, Stamped>) -> Self {
        Self(stream.io().arrival())
    }
}

async fn come_in(State(desk): State<Arc<Desk>>, ConnectInfo(stamp): ConnectInfo<Stamp>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((door, token)) = Door::at(parts.uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let token = &token.to_owned();
    let expected = match desk.find(token) {
        Found::Call(expected) => expected,
        // The last news of a call that was hung up: nothing is wrong.
        Found::Over if door == Door::Status => return StatusCode::NO_CONTENT.into_response(),
        Found::Over => return StatusCode::GONE.into_response(),
        Found::Nothing => return StatusCode::NOT_FOUND.into_response(),
    };
    match door {
        Door::Stream(provider) if provider == expected.target.provider() => stream(&expected, token, parts, stamp).await,
        Door::Status => news(&expected, token, &parts.headers, body).await,
        Door::Flow => question(&expected, token, body).await,
        Door::Stream(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn stream(expected: &Arc<Expected>, token: &str, mut parts: Parts, Stamp(arrival): Stamp) -> Response {
    let door = Door::Stream(expected.target.provider());
    if let Err(refusal) = signed(expected, door, token, &parts.headers, &[]) {
        return refusal.into_response();
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade.max_message_size(link::MOST_BYTES).max_frame_size(link::MOST_BYTES),
        Err(rejection) => return rejection.into_response(),
    };
    if !expected.takes_stream() {
        return (StatusCode::CONFLICT, "this call has its stream").into_response();
    }
    let expected = Arc::clone(expected);
    upgrade.on_upgrade(async move |socket| {
        let (reader, writer) = served::served(socket, arrival);
        expected.tell(Arrival::Stream(reader, writer));
    })
}

async fn news(expected: &Expected, token: &str, headers: &HeaderMap, body: Body) -> Response {
    let Ok(body) = to_bytes(body, MOST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let status = match expected.target.credentials {
        Credentials::Twilio { .. } => {
            let fields = twilio::fields(&body);
            if let Err(refusal) = signed(expected, Door::Status, token, headers, &fields) {
                return refusal.into_response();
            }
            twilio::status(&fields)
        }
        Credentials::Teler { .. } => match teler::status(&body) {
            Ok(status) => status,
            Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
        },
    };
    expected.tell(Arrival::Status(status));
    StatusCode::NO_CONTENT.into_response()
}

async fn question(expected: &Expected, token: &str, body: Body) -> Response {
    let Credentials::Teler { .. } = expected.target.credentials else { return StatusCode::NOT_FOUND.into_response() };
    let Ok(body) = to_bytes(body, MOST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    match teler::asked(&body) {
        Ok(call_id) => expected.tell(Arrival::Asked(call_id)),
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    }
    axum::Json(teler::flow(&expected.target, token)).into_response()
}

type Refusal = (StatusCode, &'static str);

/// Turns away whatever has not Twilio's signature; Teler signs nothing.
fn signed(expected: &Expected, door: Door, token: &str, headers: &HeaderMap, fields: &[(String, String)]) -> Result<(), Refusal> {
    let Credentials::Twilio { auth_token, .. } = &expected.target.credentials else { return Ok(()) };
    let url = door.url(&expected.target, token);
    let given = headers.get("X-Twilio-Signature").and_then(|value| value.to_str().ok());
    let why = match given {
        Some(given) if is_signed_by_twilio(given, auth_token.reveal(), &url, fields) => return Ok(()),
        Some(_) => "with a signature that is not of this `auth_token` and URL",
        None => "without `X-Twilio-Signature`",
    };
    // Without the token: a report may be public.
    let public = url.trim_end_matches(token);
    expected.tell(Arrival::Forged(door, format!("a request came to {public}... {why}")));
    Err((StatusCode::FORBIDDEN, "the signature is not Twilio's"))
}
