//! The HTTP server that providers call: status callbacks, flow requests, media sockets.

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

use super::endpoints::Endpoint;
use super::pending_calls::{Arrival, Lookup, PendingCall, PendingCalls};
use super::registry::provider;
use crate::listener::Guarded;
use crate::transport::tcp::{LastArrival, TimestampedTcp};
use crate::transport::{DialError, DialErrorKind};
use crate::websocket::{link, served};

/// A status callback has two dozen short fields.
const MOST_BODY: usize = 64 << 10;
/// How long the listener rests when the system gives it no more connections.
const RETRY_ACCEPT: Duration = Duration::from_millis(100);

/// Listens for providers on an address until `PendingCalls::stop` is cancelled.
///
/// # Errors
/// The port is taken, or not for this user.
pub(super) async fn listen(address: SocketAddr) -> Result<Arc<PendingCalls>, DialError> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let message =
            format!("cannot listen on {address} for the provider: {error}; is another run using the port? change `listen` of the target");
        DialError::new(DialErrorKind::Local, message)
    })?;
    let calls = Arc::new(PendingCalls::default());
    let app = Router::new().fallback(handle).with_state(Arc::clone(&calls));
    let app = app.into_make_service_with_connect_info::<Stamp>();
    let server = axum::serve(Guarded::new(Stamped(listener)), app).with_graceful_shutdown(calls.stop.clone().cancelled_owned());
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::warn!(%error, "the listener for providers ended");
        }
    });
    Ok(calls)
}

/// A listener whose connections know when the kernel received what was read last.
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
                    tokio::time::sleep(RETRY_ACCEPT).await;
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

impl Connected<IncomingStream<'_, Guarded<Stamped>>> for Stamp {
    fn connect_info(stream: IncomingStream<'_, Guarded<Stamped>>) -> Self {
        Self(stream.io().inner().arrival())
    }
}

async fn handle(State(calls): State<Arc<PendingCalls>>, ConnectInfo(stamp): ConnectInfo<Stamp>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((endpoint, token)) = Endpoint::at(parts.uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let token = &token.to_owned();
    let call = match calls.find(token) {
        Lookup::Call(call) => call,
        // The last status of a call that was hung up: nothing is wrong.
        Lookup::Over if endpoint == Endpoint::Status => return StatusCode::NO_CONTENT.into_response(),
        Lookup::Over => return StatusCode::GONE.into_response(),
        Lookup::Unknown => return StatusCode::NOT_FOUND.into_response(),
    };
    match endpoint {
        Endpoint::Stream(provider) if provider == call.target.provider() => stream(&call, token, parts, stamp).await,
        Endpoint::Status => status_callback(&call, token, &parts.headers, body).await,
        Endpoint::Flow => flow_request(&call, token, body).await,
        Endpoint::Stream(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn stream(call: &Arc<PendingCall>, token: &str, mut parts: Parts, Stamp(arrival): Stamp) -> Response {
    let endpoint = Endpoint::Stream(call.target.provider());
    if let Some(forbidden) = forged(call, endpoint, token, &parts.headers, &[]) {
        return forbidden;
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade.max_message_size(link::MOST_BYTES).max_frame_size(link::MOST_BYTES),
        Err(rejection) => return rejection.into_response(),
    };
    if !call.takes_stream() {
        return (StatusCode::CONFLICT, "this call has its stream").into_response();
    }
    let call = Arc::clone(call);
    upgrade.on_upgrade(async move |socket| {
        let (reader, writer) = served::served(socket, arrival);
        call.deliver(Arrival::Stream(reader, writer));
    })
}

async fn status_callback(call: &PendingCall, token: &str, headers: &HeaderMap, body: Body) -> Response {
    let Ok(body) = to_bytes(body, MOST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    if let Some(forbidden) = forged(call, Endpoint::Status, token, headers, &body) {
        return forbidden;
    }
    match provider(&call.target.credentials).status(&body) {
        Ok(status) => call.deliver(Arrival::Status(status)),
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn flow_request(call: &PendingCall, token: &str, body: Body) -> Response {
    let flow = provider(&call.target.credentials).flow(&call.target, token);
    let Some(flow) = flow else { return StatusCode::NOT_FOUND.into_response() };
    let Ok(body) = to_bytes(body, MOST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    match (flow.call_id)(&body) {
        Ok(call_id) => call.deliver(Arrival::Asked(call_id)),
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    }
    axum::Json(flow.answer).into_response()
}

/// The response to a request without the provider's signature, where the provider signs its requests.
fn forged(call: &PendingCall, endpoint: Endpoint, token: &str, headers: &HeaderMap, body: &[u8]) -> Option<Response> {
    let url = endpoint.url(&call.target, token);
    let why = provider(&call.target.credentials).forgery(headers, &url, body)?;
    // Without the token: a report may be public.
    let public = url.trim_end_matches(token);
    call.deliver(Arrival::Forged(endpoint, format!("a request came to {public}... {why}")));
    Some((StatusCode::FORBIDDEN, format!("the signature is not {}'s", call.target.provider().title())).into_response())
}
