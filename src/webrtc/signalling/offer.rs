//! JSON `{sdp, type}` by POST: aiortc-style servers and Pipecat's SmallWebRTC (`pc_id`, PATCH trickle, `/start`).

use rtc::peer_connection::transport::RTCIceCandidateInit;
use serde_json::{Value, json};

use super::client::{CREDENTIALS, SignallingClient};
use crate::scenario::{IceServer, Secret, WebRtcTarget};
use crate::transport::{DialError, http};

/// `POST /start`: a session with its own URL, and perhaps ICE servers.
pub(super) async fn start(session: &mut SignallingClient) -> Result<(), DialError> {
    let needed = needs_default_servers(&session.target, session.local);
    let body = json!({ "transport": "webrtc", "enableDefaultIceServers": needed, "body": data(session) });
    let request = session.authorized(session.http.post(&session.url)).json(&body);
    let reply = http::send(request, &session.url).await?.success(CREDENTIALS)?;
    let answer = reply.json()?;
    let id = answer.get("sessionId").and_then(Value::as_str).ok_or_else(|| reply.bad("no `sessionId`"))?;
    session.ice_servers = ice_servers(&answer);
    let base = session.target.path().trim_end_matches("/start");
    session.url = format!("{base}/sessions/{id}/api/offer");
    Ok(())
}

/// The default is a STUN server of somebody else's, which hears of every call: it is asked for only where it may help.
fn needs_default_servers(target: &WebRtcTarget, local: bool) -> bool {
    target.ice_servers.is_empty() && !target.relay_only && !local
}

fn data(session: &SignallingClient) -> Value {
    let body = session.target.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    body.unwrap_or_else(|| json!({}))
}

/// `iceConfig.iceServers` in the form of the W3C's RTCConfiguration.
pub(super) fn ice_servers(answer: &Value) -> Vec<IceServer> {
    let servers = answer.pointer("/iceConfig/iceServers").and_then(Value::as_array);
    let text = |server: &Value, name: &str| server.get(name).and_then(Value::as_str).map(str::to_owned);
    let server = |server: &Value| {
        let urls: Vec<String> = match server.get("urls")? {
            Value::String(url) => vec![url.clone()],
            Value::Array(urls) => urls.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => return None,
        };
        Some(IceServer { urls, username: text(server, "username"), credential: text(server, "credential").map(Secret::new) })
    };
    servers.into_iter().flatten().filter_map(server).collect()
}

pub(super) async fn exchange(session: &SignallingClient, sdp: &str) -> Result<String, DialError> {
    let mut body = json!({ "sdp": sdp, "type": "offer" });
    if session.target.body.is_some() && session.url == session.target.url {
        body["request_data"] = data(session);
    }
    let request = session.authorized(session.http.post(&session.url)).json(&body);
    let reply = http::send(request, &session.url).await?.success(CREDENTIALS)?;
    let answer = reply.json()?;
    if let Some(id) = answer.get("pc_id").and_then(Value::as_str) {
        session.set_id(id.to_owned());
    }
    sdp_of(&answer).ok_or_else(|| reply.bad("no `sdp`"))
}

/// The `sdp` of a JSON answer.
pub(super) fn sdp_of(answer: &Value) -> Option<String> {
    answer.get("sdp").and_then(Value::as_str).map(str::to_owned)
}

/// PATCH with the bot's `pc_id`; a server that gave none takes no trickle. An empty candidate is the end.
pub(super) async fn trickle(session: &SignallingClient, candidate: Option<RTCIceCandidateInit>) -> Result<(), DialError> {
    let Some(id) = session.id() else { return Ok(()) };
    let candidate = candidate.unwrap_or_default();
    let candidate = json!({
        "candidate": candidate.candidate,
        "sdp_mid": candidate.sdp_mid.unwrap_or_else(|| "0".to_owned()),
        "sdp_mline_index": candidate.sdp_mline_index.unwrap_or(0),
    });
    let body = json!({ "pc_id": id, "candidates": [candidate] });
    let request = session.authorized(session.http.patch(&session.url)).json(&body);
    http::send(request, &session.url).await?.success(CREDENTIALS).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Signalling;

    #[test]
    fn a_third_partys_server_is_asked_for_only_where_it_may_help() {
        let target = WebRtcTarget::new("https://bot.example.com/start", Signalling::Offer);
        assert!(needs_default_servers(&target, false));
        assert!(!needs_default_servers(&target, true));
        assert!(!needs_default_servers(&WebRtcTarget { relay_only: true, ..target.clone() }, false));
        let own = IceServer { urls: vec!["stun:h".to_owned()], username: None, credential: None };
        assert!(!needs_default_servers(&WebRtcTarget { ice_servers: vec![own], ..target }, false));
    }
}
