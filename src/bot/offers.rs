//! WebRTC offers, as every kind of signalling brings them.

use std::sync::Arc;

use axum::extract::{Json, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Router, body::Bytes};
use serde_json::{Value, json};

use super::server::House;
use super::web::Wishes;
use super::webrtc;
use crate::scenario::{Fault, Signalling};

/// The paths under which the frameworks expect them.
pub(super) fn routes() -> Router<Arc<House>> {
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

/// A refusal, where the bot is to refuse.
async fn refusal(house: &House) -> Option<Response> {
    match house.fault {
        Some(Fault::Busy) => Some((StatusCode::SERVICE_UNAVAILABLE, "the sample bot is busy").into_response()),
        Some(Fault::NoAnswer) => std::future::pending().await,
        _ => None,
    }
}

async fn answer(house: Arc<House>, sdp: &str, wishes: Wishes) -> Result<(String, String), Response> {
    if let Some(refusal) = refusal(&house).await {
        return Err(refusal);
    }
    let id = uuid::Uuid::new_v4().to_string();
    match webrtc::answer(house, sdp.to_owned(), wishes, id.clone()).await {
        Ok(answer) => Ok((id, answer)),
        Err(why) => Err((StatusCode::BAD_REQUEST, why).into_response()),
    }
}

fn sdp_of(body: &Value) -> Result<&str, (StatusCode, &'static str)> {
    body.get("sdp").and_then(Value::as_str).ok_or((StatusCode::UNPROCESSABLE_ENTITY, "the offer has no `sdp`"))
}

async fn offer(State(house): State<Arc<House>>, Query(wishes): Query<Wishes>, Json(body): Json<Value>) -> Result<Response, Response> {
    let (id, sdp) = answer(house, sdp_of(&body).map_err(IntoResponse::into_response)?, wishes).await?;
    Ok(Json(json!({ "sdp": sdp, "type": "answer", "pc_id": id })).into_response())
}

/// The offers of goldencall carry every candidate of this machine; later ones change nothing here.
async fn trickle() -> Json<Value> {
    Json(json!({ "status": "success" }))
}

async fn start() -> Json<Value> {
    Json(json!({ "sessionId": uuid::Uuid::new_v4().to_string() }))
}

async fn fastrtc(State(house): State<Arc<House>>, Query(wishes): Query<Wishes>, Json(body): Json<Value>) -> Result<Response, Response> {
    if body.get("type").and_then(Value::as_str) == Some("ice-candidate") {
        return Ok(Json(json!({ "status": "success" })).into_response());
    }
    if house.fault == Some(Fault::Busy) {
        return Ok(Json(json!({ "status": "failed", "meta": { "error": "concurrency_limit_reached", "limit": 0 } })).into_response());
    }
    let (_, sdp) = answer(house, sdp_of(&body).map_err(IntoResponse::into_response)?, wishes).await?;
    Ok(Json(json!({ "sdp": sdp, "type": "answer" })).into_response())
}

async fn whip(State(house): State<Arc<House>>, Query(wishes): Query<Wishes>, sdp: String) -> Result<Response, Response> {
    let (id, sdp) = answer(house, &sdp, wishes).await?;
    Ok(created(&format!("/whip/{id}"), sdp))
}

fn created(location: &str, sdp: String) -> Response {
    let fields = [(header::CONTENT_TYPE, "application/sdp"), (header::LOCATION, location), (header::ETAG, "\"1\"")];
    (StatusCode::CREATED, fields, sdp).into_response()
}

async fn resource(method: axum::http::Method, Path(_id): Path<String>, _body: Bytes) -> StatusCode {
    match method.as_str() {
        "PATCH" => StatusCode::NO_CONTENT,
        "DELETE" => StatusCode::OK,
        _ => StatusCode::METHOD_NOT_ALLOWED,
    }
}

async fn openai(
    State(house): State<Arc<House>>,
    Query(wishes): Query<Wishes>,
    headers: HeaderMap,
    sdp: String,
) -> Result<Response, Response> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    if token.is_none_or(str::is_empty) {
        let body = json!({ "error": { "message": "Missing bearer authentication in header", "type": "invalid_request_error" } });
        return Err((StatusCode::UNAUTHORIZED, Json(body)).into_response());
    }
    let (id, sdp) = answer(house, &sdp, wishes).await?;
    Ok(created(&format!("/v1/realtime/calls/{id}"), sdp))
}
