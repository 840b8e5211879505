//! The HTTP server that bots export their spans to.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::timeout;

use super::decode::protobuf;
use super::json::json;
use super::span::Span;
use super::store::{Found, Store};
use crate::listener::Guarded;
use crate::lock::lock;

/// Bytes of a request's body at most, packed and unpacked.
const MAX_BODY: usize = 8 << 20;
/// Bytes of bodies that are being received, all together.
const MOST_RECEIVED: usize = 64 << 20;
/// A body comes within this time.
const PATIENCE: Duration = Duration::from_secs(10);

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
/// `POST /v1/traces` takes protobuf and JSON, plain or with gzip, up to 8 MiB, and with a token from those only who have it. Metrics and
/// logs are accepted and thrown away, so that a bot that exports them as well logs no errors.
#[derive(Debug)]
pub struct Receiver {
    addr: SocketAddr,
    intake: Arc<Intake>,
    /// Dropping it ends the server.
    _stop: oneshot::Sender<()>,
}

impl Receiver {
    /// Listens on `addr`; port 0 takes a free one. With a `token`, exporters must send it as a bearer token. Spans that ended before
    /// `since_unix_ns` are of no call of this run. Needs a tokio runtime.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn bind(addr: SocketAddr, token: Option<String>, since_unix_ns: u64) -> Result<Self, ReceiveError> {
        let failed = |source| ReceiveError::Bind { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        let store = Mutex::new(Store::since(since_unix_ns));
        let (receiving, decoding) = (Semaphore::new(MOST_RECEIVED), Semaphore::new(1));
        let intake = Arc::new(Intake { store, token, receiving, decoding });
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(Guarded::new(listener), router(Arc::clone(&intake))).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::warn!(%error, "the telemetry receiver ended");
            }
        });
        Ok(Self { addr: local, intake, _stop: stop })
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// A call of the run has begun this trace: its spans are kept apart.
    pub fn expect(&self, trace_id: &str) {
        lock(&self.intake.store).expect(trace_id);
    }

    /// The call that began this trace is judged.
    pub fn forget(&self, trace_id: &str) {
        lock(&self.intake.store).forget(trace_id);
    }

    /// What may be about the call that began this trace, in a stretch of time: nanoseconds since the Unix epoch, both ends included.
    pub fn find(&self, trace_id: Option<&str>, from_unix_ns: u64, until_unix_ns: u64) -> Found {
        lock(&self.intake.store).find(trace_id, from_unix_ns, until_unix_ns)
    }
}

/// What every request shares.
#[derive(Debug)]
struct Intake {
    store: Mutex<Store>,
    token: Option<String>,
    /// A permit a byte.
    receiving: Semaphore,
    /// One request is unpacked at a time.
    decoding: Semaphore,
}

fn router(intake: Arc<Intake>) -> Router {
    Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/metrics", post(ignored))
        .route("/v1/logs", post(ignored))
        .layer(DefaultBodyLimit::disable())
        .with_state(intake)
}

#[derive(Clone, Copy)]
enum Format {
    Protobuf,
    Json,
}

type Refusal = (StatusCode, String);

async fn traces(State(intake): State<Arc<Intake>>, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    intake.admitted(&headers)?;
    let format = format(&headers)?;
    // What is refused may have been about a call: exporters do not send it again.
    let taken = intake.taken(format, &headers, body).await.inspect_err(|_| intake.lost(1));
    let (spans, large) = taken?;
    if large > 0 {
        intake.lost(large);
    }
    lock(&intake.store).add(spans);
    Ok(accepted(format))
}

/// Reads the body to its end: some exporters take an answer before that for a broken connection.
async fn ignored(State(intake): State<Arc<Intake>>, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    intake.admitted(&headers)?;
    intake.received(body).await?;
    format(&headers).map(accepted)
}

impl Intake {
    fn admitted(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(token) = &self.token else { return Ok(()) };
        let given =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        // Digests are compared, so that the time it takes tells nothing of the token.
        if given.is_some_and(|given| Sha256::digest(given) == Sha256::digest(token)) {
            return Ok(());
        }
        Err((StatusCode::UNAUTHORIZED, "send the token of goldencall.yaml: Authorization: Bearer ...".to_owned()))
    }

    fn lost(&self, spans: u64) {
        let now = u64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(0);
        lock(&self.store).lose(spans, now);
    }

    /// The spans of a request, and how many of them are too large.
    async fn taken(&self, format: Format, headers: &HeaderMap, body: Body) -> Result<(Vec<Span>, u64), Refusal> {
        let (body, _held) = self.received(body).await?;
        let _alone = self.decoding.acquire().await;
        let body = unpacked(headers, body)?;
        let spans = match format {
            Format::Protobuf => protobuf(&body),
            Format::Json => json(&body).map(|spans| (spans, 0)),
        };
        spans.map_err(|message| (StatusCode::BAD_REQUEST, message))
    }

    /// A whole body, in bounded time and memory however many come at once: its place in memory is held as long as the permits are.
    async fn received(&self, body: Body) -> Result<(Bytes, Vec<SemaphorePermit<'_>>), Refusal> {
        let too_much = || (StatusCode::PAYLOAD_TOO_LARGE, format!("more than {} MiB", MAX_BODY >> 20));
        let whole = async {
            let (mut stream, mut whole, mut held) = (body.into_data_stream(), Vec::new(), Vec::new());
            let mut rest = 0;
            while let Some(part) = stream.next().await {
                let part = part.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
                rest += part.len();
                if rest > MAX_BODY {
                    // Read to its end all the same, or closing would lose the answer.
                    (whole, held) = (Vec::new(), Vec::new());
                    continue;
                }
                let permits = u32::try_from(part.len()).unwrap_or(u32::MAX);
                let busy = |_| (StatusCode::SERVICE_UNAVAILABLE, "too many requests at once".to_owned());
                held.push(self.receiving.try_acquire_many(permits).map_err(busy)?);
                whole.extend_from_slice(&part);
            }
            if rest > MAX_BODY { Err(too_much()) } else { Ok((Bytes::from(whole), held)) }
        };
        timeout(PATIENCE, whole).await.unwrap_or_else(|_| Err((StatusCode::REQUEST_TIMEOUT, "the body came too slowly".to_owned())))
    }
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
