//! WebRTC offers, over every kind of signalling.

use std::sync::Arc;

use axum::extract::{Json, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Router, http::Method};
use serde_json::{Value, json};

use super::call_options::CallOptions;
use super::lines::LiveLine;
use super::state::BotState;
use super::webrtc;
use crate::scenario::{Fault, Signalling};

/// The entity tag of every WHIP resource: the sample bot has one ICE session per line.
const ETAG: &str = "\"1\"";
/// The content type of trickled candidates (RFC 8840).
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// The paths that the frameworks use.
pub(super) fn routes() -> Router<Arc<BotState>> {
    Router::new()
        .route("/api/offer", post(offer).patch(trickle))
        .route("/start", post(start))
        .route("/sessions/{id}/api/offer", post(offer).patch(trickle))
        .route("/webrtc/offer", post(fastrtc))
        .route("/whip", post(whip))
        .route("/whip/{id}", any(resource))
        .route("/v1/realtime/calls", post(openai))
}

/// Where offers of this kind go.
pub(super) fn path(signalling: Signalling) -> &'static str {
    match signalling {
        Signalling::Offer => "/api/offer",
        Signalling::FastRtc => "/webrtc/offer",
        Signalling::Whip => "/whip",
        Signalling::OpenAi => "/v1/realtime/calls",
        // Clients put `/rtc` behind it.
        Signalling::LiveKit => "/",
    }
}

/// The error response of a bot that is to refuse.
async fn faulty_response(state: &BotState) -> Option<Response> {
    match state.fault {
        Some(Fault::Busy) => Some((StatusCode::SERVICE_UNAVAILABLE, "the sample bot is busy").into_response()),
        Some(Fault::NoAnswer) => std::future::pending().await,
        _ => None,
    }
}

/// Answers an offer; the line gets the caller's id if there is one, else a new one.
async fn answer(state: Arc<BotState>, sdp: &str, options: CallOptions, id: Option<&str>) -> Result<(String, String), Response> {
    if let Some(response) = faulty_response(&state).await {
        return Err(response);
    }
    let id = id.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    match webrtc::answer(state, sdp.to_owned(), options, id.clone()).await {
        Ok(answer) => Ok((id, answer)),
        Err(why) => Err((StatusCode::BAD_REQUEST, why).into_response()),
    }
}

fn sdp_of(body: &Value) -> Result<&str, (StatusCode, &'static str)> {
    body.get("sdp").and_then(Value::as_str).ok_or((StatusCode::UNPROCESSABLE_ENTITY, "the offer has no `sdp`"))
}

async fn offer(
    State(state): State<Arc<BotState>>,
    Query(options): Query<CallOptions>,
    Json(body): Json<Value>,
) -> Result<Response, Response> {
    let (id, sdp) = answer(state, sdp_of(&body).map_err(IntoResponse::into_response)?, options, None).await?;
    Ok(Json(json!({ "sdp": sdp, "type": "answer", "pc_id": id })).into_response())
}

/// Candidates that were found after the offer went out.
async fn trickle(State(state): State<Arc<BotState>>, Json(body): Json<Value>) -> Result<Response, Response> {
    let line = body.get("pc_id").and_then(Value::as_str).and_then(|id| state.lines.get(id));
    let line = line.ok_or_else(|| (StatusCode::NOT_FOUND, "no connection has this `pc_id`").into_response())?;
    for candidate in body.get("candidates").and_then(Value::as_array).into_iter().flatten() {
        add_candidate(&line, candidate, "sdp_mid").await.map_err(|why| (StatusCode::BAD_REQUEST, why).into_response())?;
    }
    Ok(Json(json!({ "status": "success" })).into_response())
}

/// Frameworks look up the candidate's media section, and ignore a candidate without one.
async fn add_candidate(line: &LiveLine, candidate: &Value, section: &str) -> Result<(), String> {
    let text = |name: &str| candidate.get(name).and_then(Value::as_str);
    let value = text("candidate").ok_or("no `candidate`")?;
    if text(section).is_none_or(str::is_empty) {
        return Err(format!("the candidate has no `{section}`"));
    }
    line.add_candidate(value).await
}

async fn start() -> Json<Value> {
    Json(json!({ "sessionId": uuid::Uuid::new_v4().to_string() }))
}

async fn fastrtc(
    State(state): State<Arc<BotState>>,
    Query(options): Query<CallOptions>,
    Json(body): Json<Value>,
) -> Result<Response, Response> {
    let id = body.get("webrtc_id").and_then(Value::as_str);
    let failed = |error: &str| Json(json!({ "status": "failed", "meta": { "error": error } })).into_response();
    if body.get("type").and_then(Value::as_str) == Some("ice-candidate") {
        let Some(line) = id.and_then(|id| state.lines.get(id)) else { return Ok(failed("no connection has this `webrtc_id`")) };
        let taken = add_candidate(&line, body.get("candidate").unwrap_or(&Value::Null), "sdpMid").await;
        return Ok(taken.map_or_else(|why| failed(&why), |()| Json(json!({ "status": "success" })).into_response()));
    }
    if state.fault == Some(Fault::Busy) {
        return Ok(Json(json!({ "status": "failed", "meta": { "error": "concurrency_limit_reached", "limit": 0 } })).into_response());
    }
    let (_, sdp) = answer(state, sdp_of(&body).map_err(IntoResponse::into_response)?, options, id).await?;
    Ok(Json(json!({ "sdp": sdp, "type": "answer" })).into_response())
}

async fn whip(State(state): State<Arc<BotState>>, Query(options): Query<CallOptions>, sdp: String) -> Result<Response, Response> {
    let (id, sdp) = answer(state, &sdp, options, None).await?;
    Ok(created(&format!("/whip/{id}"), sdp))
}

fn created(location: &str, sdp: String) -> Response {
    let fields = [(header::CONTENT_TYPE, "application/sdp"), (header::LOCATION, location), (header::ETAG, ETAG)];
    (StatusCode::CREATED, fields, sdp).into_response()
}

async fn resource(
    State(state): State<Arc<BotState>>,
    method: Method,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<StatusCode, (StatusCode, String)> {
    let line = state.lines.get(&id).ok_or_else(|| (StatusCode::NOT_FOUND, "no such WHIP resource".to_owned()))?;
    match method {
        Method::PATCH => patched(&line, &headers, &body).await,
        Method::DELETE => {
            state.lines.end(&id);
            Ok(StatusCode::OK)
        }
        _ => Err((StatusCode::METHOD_NOT_ALLOWED, String::new())),
    }
}

/// Takes the candidates of an SDP fragment (RFC 9725, section 4.3).
async fn patched(line: &LiveLine, headers: &HeaderMap, fragment: &str) -> Result<StatusCode, (StatusCode, String)> {
    let field = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if field(header::CONTENT_TYPE) != Some(FRAGMENT) {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("a PATCH has the content type {FRAGMENT}")));
    }
    match field(header::IF_MATCH) {
        Some(ETAG) => {}
        Some(_) => return Err((StatusCode::PRECONDITION_FAILED, "`If-Match` is not of this ICE session".to_owned())),
        None => return Err((StatusCode::PRECONDITION_REQUIRED, "a PATCH has an `If-Match`".to_owned())),
    }
    if webrtc::ufrag(fragment) != line.ufrag {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "the sample bot does not restart ICE".to_owned()));
    }
    for candidate in fragment.lines().filter_map(|line| line.strip_prefix("a=")).filter(|line| line.starts_with("candidate:")) {
        line.add_candidate(candidate.trim()).await.map_err(|why| (StatusCode::BAD_REQUEST, why))?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn openai(
    State(state): State<Arc<BotState>>,
    Query(options): Query<CallOptions>,
    headers: HeaderMap,
    sdp: String,
) -> Result<Response, Response> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    if token.is_none_or(str::is_empty) {
        let body = json!({ "error": { "message": "Missing bearer authentication in header", "type": "invalid_request_error" } });
        return Err((StatusCode::UNAUTHORIZED, Json(body)).into_response());
    }
    let (id, sdp) = answer(state, &sdp, options, None).await?;
    Ok(created(&format!("/v1/realtime/calls/{id}"), sdp))
}
