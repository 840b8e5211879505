//! The HTTP server that bots export their spans to.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::MultiGzDecoder;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::decode::protobuf;
use super::json::json;
use super::span::Span;
use super::store::Store;
use crate::lock::lock;

/// Bytes of a request's body at most, packed and unpacked.
const MAX_BODY: usize = 16 << 20;

/// Why spans cannot be received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The address cannot be listened on.
    #[error("cannot receive telemetry on {addr}: {source}; is another run using the port?")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A running receiver of OTLP/HTTP; it stops when it is dropped.
///
/// `POST /v1/traces` takes protobuf and JSON, plain or with gzip, up to 16 MiB. Metrics and logs are accepted and thrown
/// away, so that a bot that exports them as well logs no errors. The newest 100 000 spans are kept, in about 128 MiB.
#[derive(Debug)]
pub struct Receiver {
    addr: SocketAddr,
    store: Arc<Mutex<Store>>,
    /// Dropping it ends the server.
    _stop: oneshot::Sender<()>,
}

impl Receiver {
    /// Listens on `addr`; port 0 takes a free one. Needs a tokio runtime.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn bind(addr: SocketAddr) -> Result<Self, ReceiveError> {
        let failed = |source| ReceiveError::Bind { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        let store = Arc::new(Mutex::new(Store::default()));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, router(store.clone())).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::warn!(%error, "the telemetry receiver ended");
            }
        });
        Ok(Self { addr: local, store, _stop: stop })
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// A copy of every span kept, oldest arrival first.
    pub fn spans(&self) -> Vec<Span> {
        self.spans_within(0, u64::MAX)
    }

    /// A copy of the spans that overlap a stretch of time, in nanoseconds since the Unix epoch, both ends included.
    pub fn spans_within(&self, from_unix_ns: u64, until_unix_ns: u64) -> Vec<Span> {
        let store = lock(&self.store);
        let within = |span: &&Span| span.start_unix_ns <= until_unix_ns && span.end_unix_ns >= from_unix_ns;
        store.iter().filter(within).cloned().collect()
    }
}

fn router(store: Arc<Mutex<Store>>) -> Router {
    Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/metrics", post(ignored))
        .route("/v1/logs", post(ignored))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(store)
}

#[derive(Clone, Copy)]
enum Format {
    Protobuf,
    Json,
}

type Refusal = (StatusCode, String);

async fn traces(State(store): State<Arc<Mutex<Store>>>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let format = format(&headers)?;
    let body = unpacked(&headers, body)?;
    let spans = match format {
        Format::Protobuf => protobuf(&body),
        Format::Json => json(&body),
    };
    let spans = spans.map_err(|message| (StatusCode::BAD_REQUEST, message))?;
    lock(&store).add(spans);
    Ok(accepted(format))
}

/// Reads the body to its end: some exporters take an answer before that for a broken connection.
async fn ignored(headers: HeaderMap, _body: Bytes) -> Result<Response, Refusal> {
    format(&headers).map(accepted)
}

/// "Everything was accepted": the empty message, which has zero bytes in protobuf.
fn accepted(format: Format) -> Response {
    let (kind, body) = match format {
        Format::Protobuf => ("application/x-protobuf", ""),
        Format::Json => ("application/json", "{}"),
    };
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn format(headers: &HeaderMap) -> Result<Format, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-protobuf" | "application/protobuf" => Ok(Format::Protobuf),
        "application/json" => Ok(Format::Json),
        _ => {
            let message = format!("content type {kind:?}: send application/x-protobuf or application/json");
            Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
        }
    }
}

fn unpacked(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Refusal> {
    let coding = headers.get(header::CONTENT_ENCODING).and_then(|coding| coding.to_str().ok()).unwrap_or_default();
    match coding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(body),
        "gzip" => gunzip(&body),
        _ => Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("content encoding {coding:?}: send gzip or none"))),
    }
}

/// Unpacks no more than the limit, for a few kilobytes can hold gigabytes.
fn gunzip(body: &[u8]) -> Result<Bytes, Refusal> {
    let mut unpacked = Vec::new();
    let limited = MultiGzDecoder::new(body).take(MAX_BODY as u64 + 1).read_to_end(&mut unpacked);
    limited.map_err(|error| (StatusCode::BAD_REQUEST, format!("no gzip: {error}")))?;
    if unpacked.len() > MAX_BODY {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, format!("more than {} MiB unpacked", MAX_BODY >> 20)));
    }
    Ok(unpacked.into())
}
