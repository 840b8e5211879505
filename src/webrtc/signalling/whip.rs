//! WHIP (RFC 9725), and the same exchange as OpenAI-Realtime-like servers have it: SDP by POST, 201 with a Location.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH, LINK, LOCATION};
use reqwest::{Method, RequestBuilder};
use rtc::peer_connection::transport::RTCIceCandidateInit;
use tokio::time::timeout;

use super::client::{CREDENTIALS, Fragment, SignallingClient};
use super::link;
use crate::lock::lock;
use crate::scenario::{IceServer, Signalling};
use crate::transport::{DialError, http};

/// How long the request for ICE servers may delay a call: it comes before the offer, and many servers do not answer it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The ICE servers that the endpoint names when asked beforehand. Those of a `201` come after the offer has been gathered.
pub(super) async fn ice_servers(session: &SignallingClient) -> Vec<IceServer> {
    let request = session.authorized(session.http.request(Method::OPTIONS, &session.url));
    let asked = timeout(PATIENCE, http::send(request, &session.url)).await;
    let Ok(Ok(reply)) = asked.map(|reply| reply.and_then(|reply| reply.success(CREDENTIALS))) else {
        // Whatever is wrong, the offer will say.
        return Vec::new();
    };
    let fields = reply.headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    fields.flat_map(link::ice_servers).collect()
}

pub(super) async fn exchange(session: &SignallingClient, sdp: &str) -> Result<String, DialError> {
    let request = session.authorized(session.http.post(&session.url)).header(CONTENT_TYPE, "application/sdp").body(sdp.to_owned());
    let reply = http::send(request, &session.url).await?.success(CREDENTIALS)?;
    let text = |name: &str, headers: &HeaderMap| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let resource = text(LOCATION.as_str(), &reply.headers).and_then(|location| reply.from.join(&location).ok());
    let elsewhere = resource.as_ref().is_some_and(|resource| !http::same_host(&reply.asked, resource));
    match resource {
        Some(resource) => session.set_id(resource.to_string()),
        None if session.target.signalling == Signalling::Whip => session.note(nameless(&session.url)),
        None => {}
    }
    let ice = sdp.lines().filter(|line| line.starts_with("a=ice-ufrag:") || line.starts_with("a=ice-pwd:"));
    let mut ice: Vec<String> = ice.map(str::to_owned).collect();
    ice.truncate(2);
    *lock(&session.fragment) = Fragment { ice, etag: text(ETAG.as_str(), &reply.headers), elsewhere };
    if !reply.body.starts_with("v=0") {
        return Err(reply.bad("no SDP"));
    }
    Ok(reply.body)
}

/// What follows from an answer without the resource's URL.
fn nameless(url: &str) -> String {
    format!(
        "{url} answered without a `Location` (RFC 9725): the session cannot be ended by DELETE, and the bot learns of no later candidate"
    )
}

/// A request to the WHIP resource, with the target's credentials where they belong.
fn to_resource(session: &SignallingClient, request: RequestBuilder) -> RequestBuilder {
    let elsewhere = lock(&session.fragment).elsewhere;
    if elsewhere { request } else { session.authorized(request) }
}

/// PATCH with an SDP fragment (RFC 8840).
pub(super) async fn trickle(session: &SignallingClient, candidate: Option<RTCIceCandidateInit>) -> Result<(), DialError> {
    let Some(resource) = session.id() else { return Ok(()) };
    let fragment = lock(&session.fragment).clone();
    let line = match candidate {
        Some(candidate) => format!("a={}", candidate.candidate),
        None => "a=end-of-candidates".to_owned(),
    };
    let body = format!("{}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n{line}\r\n", fragment.ice.join("\r\n"));
    let mut request =
        to_resource(session, session.http.patch(&resource)).header(CONTENT_TYPE, "application/trickle-ice-sdpfrag").body(body);
    if let Some(etag) = fragment.etag {
        request = request.header(IF_MATCH, etag);
    }
    http::send(request, &resource).await?.success(CREDENTIALS).map(drop)
}

/// DELETE ends a WHIP session.
pub(super) async fn delete(session: &SignallingClient) {
    let Some(resource) = session.id() else { return };
    if let Err(error) = http::send(to_resource(session, session.http.delete(&resource)), &resource).await {
        tracing::debug!(%error, "the WHIP resource could not be deleted");
    }
}
