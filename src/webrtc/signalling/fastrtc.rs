//! FastRTC: an offer with a `webrtc_id` of the client's; failures come as HTTP 200.

use rtc::peer_connection::transport::RTCIceCandidateInit;
use serde_json::{Value, json};

use super::client::{CREDENTIALS, SignallingClient};
use super::offer::sdp_of;
use crate::transport::{DialError, DialErrorKind, http, quote};

pub(super) async fn exchange(session: &SignallingClient, sdp: &str) -> Result<String, DialError> {
    let id = format!("{:016x}", rand::random::<u64>());
    session.set_id(id.clone());
    let body = json!({ "sdp": sdp, "type": "offer", "webrtc_id": id });
    let request = session.authorized(session.http.post(&session.url)).json(&body);
    let reply = http::send(request, &session.url).await?.success(CREDENTIALS)?;
    let answer = reply.json()?;
    if is_failed(&answer) {
        let meta = answer.get("meta").map(ToString::to_string).unwrap_or_default();
        let limit = answer.pointer("/meta/error").and_then(Value::as_str) == Some("concurrency_limit_reached");
        let kind = if limit { DialErrorKind::Busy } else { DialErrorKind::Rejected };
        return Err(DialError::new(kind, format!("{} refused the call: {}", session.url, quote(&meta))));
    }
    sdp_of(&answer).ok_or_else(|| reply.bad("no `sdp`"))
}

pub(super) async fn trickle(session: &SignallingClient, candidate: Option<RTCIceCandidateInit>) -> Result<(), DialError> {
    let (Some(id), Some(candidate)) = (session.id(), candidate) else { return Ok(()) };
    let candidate = json!({
        "candidate": candidate.candidate,
        "sdpMid": candidate.sdp_mid,
        "sdpMLineIndex": candidate.sdp_mline_index,
    });
    let body = json!({ "type": "ice-candidate", "webrtc_id": id, "candidate": candidate });
    let request = session.authorized(session.http.post(&session.url)).json(&body);
    let reply = http::send(request, &session.url).await?.success(CREDENTIALS)?;
    if !is_failed(&reply.json()?) {
        return Ok(());
    }
    Err(DialError::new(DialErrorKind::Rejected, format!("{} did not take a candidate{}", session.url, reply.quoted())))
}

fn is_failed(answer: &Value) -> bool {
    answer.get("status").and_then(Value::as_str) == Some("failed")
}
