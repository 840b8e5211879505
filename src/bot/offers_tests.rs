//! What the bot says to requests about lines that are up, and about lines that are not.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::script::Library;
use super::webrtc::{CODECS, ufrag};
use super::{Bot, BotOptions};
use crate::clock::CallClock;
use crate::scenario::{BotAccess, BotTarget, Signalling};
use crate::telemetry::TraceContext;
use crate::transport::{CallEvent, Dial, Transport, http};
use crate::webrtc::{Peer, PeerOptions, WebRtcTransport};

const CANDIDATE: &str = "candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host";

async fn bot() -> (Bot, String) {
    let bot = Bot::start(BotOptions::local(Library::load(None).expect("scripts"), None)).await.expect("bot");
    let url = format!("http://{}", bot.web);
    (bot, url)
}

/// A caller, who must stay for as long as the line is to.
async fn caller() -> (Peer, String) {
    let microphone = Some(("caller".to_owned(), "microphone".to_owned()));
    let options = PeerOptions { codecs: CODECS.to_vec(), local: true, microphone, ..PeerOptions::default() };
    let mut peer = Peer::new(&options).await.expect("caller");
    let offer = peer.offer().await.expect("offer");
    (peer, offer)
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.expect("response").status().as_u16()
}

async fn body(request: RequestBuilder) -> Value {
    request.send().await.expect("response").json().await.expect("JSON")
}

#[tokio::test]
async fn a_whip_resource_is_patched_by_who_knows_it_and_ends_with_its_deletion() {
    let ((_bot, url), (_caller, offer)) = tokio::join!(bot(), caller());
    let http = http::client(&url, Duration::from_secs(10)).expect("client");
    let created = http.post(format!("{url}/whip")).header("content-type", "application/sdp").body(offer.clone()).send().await.expect("201");
    let field = |name: &str| created.headers()[name].to_str().expect("text").to_owned();
    let (resource, tag) = (format!("{url}{}", field("location")), field("etag"));
    let fragment =
        |ufrag: &str| format!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:x\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na={CANDIDATE}\r\n");
    let patch = |url: &str, ufrag: &str| http.patch(url).header("content-type", "application/trickle-ice-sdpfrag").body(fragment(ufrag));
    let own = ufrag(&offer);
    assert_eq!(status(patch(&resource, own).header("if-match", &tag)).await, 204);
    assert_eq!(status(patch(&resource, own)).await, 428);
    assert_eq!(status(patch(&resource, own).header("if-match", "\"2\"")).await, 412);
    assert_eq!(status(patch(&resource, "other").header("if-match", &tag)).await, 422);
    assert_eq!(status(http.patch(&resource).header("if-match", &tag).body(fragment(own))).await, 415);
    assert_eq!(status(patch(&format!("{url}/whip/other"), own).header("if-match", &tag)).await, 404);
    assert_eq!(status(http.request(Method::GET, &resource)).await, 405);
    assert_eq!(status(http.delete(&resource)).await, 200);
    assert_eq!(status(http.delete(&resource)).await, 404);
}

#[tokio::test]
async fn the_deletion_of_its_resource_hangs_up() {
    let (bot, url) = bot().await;
    let target = bot.target(&BotTarget { over: BotAccess::WebRtc(Signalling::Whip), ..BotTarget::default() });
    let (events, mut heard) = mpsc::unbounded_channel();
    let transport = WebRtcTransport::default();
    let dial = Dial { target, clock: CallClock::start(), trace: TraceContext::random(), capture: None, events: events.into() };
    let call = transport.dial(dial).await.expect("a call");
    assert_eq!(status(http::client(&url, Duration::from_secs(10)).expect("client").delete(&call.call_id)).await, 200);
    loop {
        match timeout(Duration::from_secs(10), heard.recv()).await.expect("an event in time").expect("an event") {
            CallEvent::Media(_) => {}
            CallEvent::HungUp(_) => return,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn candidates_need_a_line_and_a_media_section() {
    let ((_bot, url), (_caller, offer), (_other, second)) = tokio::join!(bot(), caller(), caller());
    let http = http::client(&url, Duration::from_secs(10)).expect("client");
    let offers = format!("{url}/api/offer");
    let answer = body(http.post(&offers).json(&json!({ "sdp": offer, "type": "offer" }))).await;
    let told = |id: &Value, section: &str| {
        let candidate = json!({ "candidate": CANDIDATE, "sdp_mid": section, "sdp_mline_index": 0 });
        http.patch(&offers).json(&json!({ "pc_id": id, "candidates": [candidate] }))
    };
    assert_eq!(status(told(&answer["pc_id"], "0")).await, 200);
    assert_eq!(status(told(&answer["pc_id"], "")).await, 400);
    assert_eq!(status(told(&json!("other"), "0")).await, 404);
    let offers = format!("{url}/webrtc/offer");
    body(http.post(&offers).json(&json!({ "sdp": second, "type": "offer", "webrtc_id": "w1" }))).await;
    let told = |id: &str, section: &str| {
        let candidate = json!({ "candidate": CANDIDATE, "sdpMid": section, "sdpMLineIndex": 0 });
        http.post(&offers).json(&json!({ "type": "ice-candidate", "webrtc_id": id, "candidate": candidate }))
    };
    assert_eq!(body(told("w1", "0")).await["status"], "success");
    assert_eq!(body(told("w1", "")).await["status"], "failed");
    assert_eq!(body(told("other", "0")).await["status"], "failed");
}
