//! WebRTC signalling beyond offer and answer: sessions, candidates that are found late, redirects, and the end. Calls go to the
//! sample bot through a proxy that takes down every request.

mod common;
#[path = "signalling/proxy.rs"]
mod proxy;

use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use common::{Run, goldencall, sample_bot_on_the_web, seat};
use proxy::{Exchange, Message, Proxy};
use serde_json::{Value, json};

const STEPS: &str = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - hangup: caller
";

/// Later than an offer waits for candidates.
const LATE: Duration = Duration::from_secs(2);

/// Neither side gets a candidate but by trickle: each of these calls is one because the caller's only late candidate arrived.
#[test]
fn late_candidates_are_told_in_the_words_of_each_kind() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let ((_bot, web), stun) = (sample_bot_on_the_web(&[]), late_stun());
    let named = format!("stun:{stun}?transport=udp");
    let proxy = Proxy::before(&web, bare, move |request, response| bare(with_servers(request, response, &named)));
    let moved = proxy.address.clone();
    let old = Proxy::answering(move |_| redirect(&format!("http://{moved}/whip?script=booking")));
    let nameless = Proxy::before(
        &web,
        |request| request,
        |_, mut response| {
            response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("location"));
            response
        },
    );
    let servers = format!("ice_servers: [{{ urls: \"stun:{stun}\" }}]");
    let body = r#"body: '{"user": 7}'"#;
    let targets = [
        ("offer", format!("url: \"http://{}/api/offer\", {body}, {servers}", proxy.address)),
        ("session", format!("url: \"http://{}/start?tenant=7\", {body}", proxy.address)),
        ("fastrtc", format!("url: \"http://{}/webrtc/offer\", signalling: fastrtc, {servers}", proxy.address)),
        ("whip", format!("url: \"http://{}/old\", signalling: whip", old.address)),
        ("nameless", format!("url: \"http://{}/whip\", signalling: whip", nameless.address)),
    ];
    let files = targets.each_ref().map(|(name, target)| scenario(folder.path(), name, target));
    let mut command = goldencall();
    command.current_dir(folder.path());
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = Run::with(command, &[&files[..], &["--jobs", "5"]].concat()).expect(0);
    let notes = |name: &str| {
        let report = run.json();
        let call = report["calls"].as_array().expect("calls").iter().find(|call| call["scenario"] == name).expect(name).clone();
        call["notes"].to_string()
    };
    assert!(notes("nameless").contains("answered without a `Location` (RFC 9725)"), "{}", notes("nameless"));
    let left_out = "the ICE server `turn:turn.example.com` was not used: it came without `username` and `credential`";
    for name in ["session", "whip"] {
        assert_eq!(notes(name), json!([left_out]).to_string(), "{name}");
    }
    assert_eq!(notes("offer"), "[]");
    told_by_offer(&proxy);
    told_by_session(&proxy);
    told_by_fastrtc(&proxy);
    told_by_whip(&proxy, &old);
}

fn told_by_offer(proxy: &Proxy) {
    let [offer] = &proxy.exchanges("POST /api/offer ")[..] else { panic!("one offer") };
    assert_eq!(offer.request.json()["request_data"], json!({ "user": 7 }));
    told_to(&offer.response.json()["pc_id"], &proxy.exchanges("PATCH /api/offer "));
}

fn told_by_session(proxy: &Proxy) {
    let [start] = &proxy.exchanges("POST /start?tenant=7 ")[..] else { panic!("one session") };
    let asked = json!({ "transport": "webrtc", "enableDefaultIceServers": false, "body": { "user": 7 } });
    assert_eq!(start.request.json(), asked);
    let path = format!("/sessions/{}/api/offer", start.response.json()["sessionId"].as_str().expect("a session"));
    let [offer] = &proxy.exchanges(&format!("POST {path} "))[..] else { panic!("one offer") };
    assert_eq!(offer.request.json().get("request_data"), None);
    told_to(&offer.response.json()["pc_id"], &proxy.exchanges(&format!("PATCH {path} ")));
}

/// PATCHes with this `pc_id`, the last of which is the end of the candidates.
fn told_to(id: &Value, patches: &[Exchange]) {
    assert!(id.is_string() && patches.len() > 1, "{patches:?}");
    for patch in patches {
        assert_eq!(patch.status(), "200", "{patch:?}");
        let told = patch.request.json();
        assert_eq!(told["pc_id"], *id);
        assert_eq!((&told["candidates"][0]["sdp_mid"], &told["candidates"][0]["sdp_mline_index"]), (&json!("0"), &json!(0)));
    }
    let candidate = |patch: &Exchange| patch.request.json()["candidates"][0]["candidate"].as_str().expect("a candidate").to_owned();
    let (last, others) = patches.split_last().expect("a candidate");
    assert!(others.iter().all(|patch| candidate(patch).contains("typ srflx")), "{others:?}");
    assert_eq!(candidate(last), "");
}

fn told_by_fastrtc(proxy: &Proxy) {
    let posts = proxy.exchanges("POST /webrtc/offer ");
    let (offer, candidates) = posts.split_first().expect("an offer");
    let id = &offer.request.json()["webrtc_id"];
    assert!(id.is_string() && !candidates.is_empty(), "{posts:?}");
    for told in candidates {
        let (request, response) = (told.request.json(), told.response.json());
        assert_eq!((&request["type"], &request["webrtc_id"], &request["candidate"]["sdpMid"]), (&json!("ice-candidate"), id, &json!("0")));
        assert!(request["candidate"]["candidate"].as_str().is_some_and(|text| text.contains("typ srflx")), "{request}");
        assert_eq!(response["status"], "success", "{response}");
    }
}

/// `Location` is relative, and counts from where the redirect led: the old host hears of nothing but the question for servers
/// and the offer.
fn told_by_whip(proxy: &Proxy, old: &Proxy) {
    assert_eq!([old.exchanges("OPTIONS /old ").len(), old.exchanges("POST /old ").len(), old.exchanges("").len()], [1, 1, 2]);
    let [offer] = &proxy.exchanges("POST /whip?script=booking ")[..] else { panic!("one offer") };
    assert_eq!((offer.status(), offer.request.header("content-type")), ("201", "application/sdp"));
    let resource = offer.response.header("location");
    let patches = proxy.exchanges(&format!("PATCH {resource} "));
    let credentials: Vec<&str> = offer.request.body.lines().filter(|line| line.starts_with("a=ice-")).take(2).collect();
    assert!(patches.len() > 1 && credentials.len() == 2, "{patches:?}");
    for patch in &patches {
        assert_eq!((patch.status(), patch.request.header("if-match")), ("204", offer.response.header("etag")));
        assert_eq!(patch.request.header("content-type"), "application/trickle-ice-sdpfrag");
        let lines: Vec<&str> = patch.request.body.lines().collect();
        assert!(credentials.iter().all(|line| lines.contains(line)) && lines.contains(&"a=mid:0"), "{lines:?}");
    }
    let (last, others) = patches.split_last().expect("a candidate");
    assert!(last.request.body.ends_with("a=end-of-candidates\r\n"), "{last:?}");
    let is_late = |patch: &Exchange| patch.request.body.lines().any(|line| line.starts_with("a=candidate:") && line.contains("typ srflx"));
    assert!(others.iter().all(is_late), "{others:?}");
    let ends = proxy.exchanges(&format!("DELETE {resource} "));
    assert_eq!(ends.iter().map(Exchange::status).collect::<Vec<_>>(), ["200"]);
}

/// What names servers where the target has none: one that cannot be used, and one that is not written as the stack takes it.
///
/// A session has them in its answer, WHIP in `Link`.
fn with_servers(request: &Message, mut response: Message, stun: &str) -> Message {
    if request.line.starts_with("POST /start") {
        let mut body = response.json();
        body["iceConfig"] = json!({ "iceServers": [{ "urls": "turn:turn.example.com" }, { "urls": [stun] }] });
        response.body = body.to_string();
    }
    if request.line.starts_with("OPTIONS /whip") {
        let links = format!("<turn:turn.example.com>; rel=\"ice-server\", <{stun}>; rel=\"ice-server\"");
        response.headers.push(("Link".to_owned(), links));
    }
    response
}

/// Without the candidates in its description.
fn bare(mut message: Message) -> Message {
    let without = |sdp: &str| {
        let lines =
            sdp.split_inclusive("\r\n").filter(|line| !line.starts_with("a=candidate:") && !line.starts_with("a=end-of-candidates"));
        lines.collect::<String>()
    };
    if message.body.starts_with("v=0") {
        message.body = without(&message.body);
    } else if let Ok(mut body) = serde_json::from_str::<Value>(&message.body)
        && let Some(sdp) = body.get("sdp").and_then(Value::as_str).map(without)
    {
        body["sdp"] = sdp.into();
        message.body = body.to_string();
    }
    message
}

/// One that keeps the method.
fn redirect(to: &str) -> Message {
    let headers = vec![("location".to_owned(), to.to_owned())];
    Message { line: "HTTP/1.1 307 Temporary Redirect".to_owned(), headers, ..Message::default() }
}

/// A STUN server (RFC 8489) whose answers come late; returns `127.0.0.1:port`.
fn late_stun() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("port");
    let address = socket.local_addr().expect("address").to_string();
    std::thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let std::net::SocketAddr::V4(client) = from else { continue };
            if length < 20 || buffer[..2] != [0, 1] {
                continue;
            }
            let cookie = [0x21, 0x12, 0xA4, 0x42];
            // Binding success with XOR-MAPPED-ADDRESS.
            let mut answer = vec![1, 1, 0, 12];
            answer.extend_from_slice(&buffer[4..20]);
            answer.extend_from_slice(&[0, 0x20, 0, 8, 0, 1]);
            answer.extend(client.port().to_be_bytes().iter().zip(cookie).map(|(byte, key)| byte ^ key));
            answer.extend(client.ip().octets().iter().zip(cookie).map(|(byte, key)| byte ^ key));
            let socket = socket.try_clone().expect("socket");
            std::thread::spawn(move || {
                std::thread::sleep(LATE);
                let _gone = socket.send_to(&answer, from);
            });
        }
    });
    address
}

fn scenario(folder: &Path, name: &str, target: &str) -> String {
    let path = folder.join(format!("{name}.yaml"));
    std::fs::write(&path, format!("name: {name}\ntarget: {{ webrtc: {{ {target} }} }}\nsteps:{STEPS}")).expect("scenario");
    path.to_string_lossy().into_owned()
}
