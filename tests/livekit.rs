//! `goldencall run` against the sample bot as a LiveKit room, and what both write against LiveKit's own libraries.

#![expect(clippy::disallowed_methods, reason = "a test waits for processes by the wall clock")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{Run, goldencall, missing, root, seat, turn};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::{Error, Message, client::IntoClientRequest};

#[test]
fn the_sample_bot_passes_in_a_livekit_room() {
    let _seat = seat();
    let run = Run::of(&["scenarios/booking.yaml", "--target", "bot:booking?over=livekit"]).expect(0);
    let report = run.json();
    let call = &report["calls"][0];
    assert_eq!(call["target"], "bot:booking?over=livekit", "{call}");
    // The room and the participant, as the server's log names them.
    assert!(call.to_string().contains("/PA_"), "{call}");
    let latencies: Vec<f64> = call["turns"].as_array().expect("turns").iter().filter_map(|turn| turn["latency_ms"].as_f64()).collect();
    assert!(latencies.len() >= 3 && latencies.iter().all(|latency| (0.0..1500.0).contains(latency)), "{latencies:?}");
}

#[test]
fn a_bot_that_leaves_the_room_has_hung_up() {
    let _turn = turn();
    let run = Run::of(&["scenarios/booking.yaml", "--target", "bot:booking?over=livekit&fault=drops"]).expect(4);
    assert!(run.text().contains("the call ended"), "{}", run.text());
}

#[test]
fn a_room_without_an_agent_is_an_error_that_says_so() {
    let _seat = seat();
    let start = Instant::now();
    let run = Run::of(&["scenarios/booking.yaml", "--target", "bot:booking?over=livekit&fault=no_answer"]).expect(3);
    assert!(start.elapsed() < Duration::from_secs(8));
    assert!(run.text().contains("no agent joined the LiveKit room"), "{}", run.text());
    assert_eq!(run.json()["calls"][0]["error"]["kind"], "no_answer");
}

#[test]
fn a_wrong_secret_is_an_error_that_quotes_the_server() {
    let _seat = seat();
    let bot = RunningBot::start();
    let run = to_room(&bot.url, "mistaken").expect(3);
    let text = run.text();
    assert!(text.contains("answered HTTP 401: invalid token") && text.contains("check `api_key` and `api_secret`"), "{text}");
    assert_eq!(run.json()["calls"][0]["error"]["kind"], "unauthorized");
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn livekit_reads_what_goldencall_and_the_sample_bot_write() {
    let python = root().join("tests/peers/.venv/bin/python");
    if !python.exists() {
        return missing("livekit-protocol in tests/peers/.venv");
    }
    let _seat = seat();
    let bot = RunningBot::start();
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let written = Written::default();
    let proxy = runtime.block_on(listen_in(bot.url.clone(), written.clone()));
    to_room(&format!("ws://{proxy}"), "secret").expect(0);
    let read = check(&python, &written);
    let kinds =
        |name: &str| -> Vec<&str> { read.iter().filter(|line| line[name].is_object()).filter_map(|line| line["kind"].as_str()).collect() };
    for kind in ["add_track", "offer", "answer", "trickle", "ping_req", "leave"] {
        assert!(kinds(kind).contains(&kind), "goldencall wrote no {kind}: {read:#?}");
    }
    for kind in ["join", "track_published", "update", "pong_resp"] {
        assert!(kinds(kind).contains(&kind), "the sample bot wrote no {kind}: {read:#?}");
    }
    let claims = &read[0]["claims"];
    assert_eq!((claims["identity"].as_str(), claims["video"]["room"].as_str()), (Some("caller"), Some("booking")), "{claims}");
    assert_eq!((&claims["video"]["room_join"], &claims["video"]["can_publish"]), (&json!(true), &json!(true)), "{claims}");
    // A server finds the published track again by this name.
    let find = |kind: &str| read.iter().find_map(|line| line[kind].is_object().then(|| &line[kind])).expect(kind);
    let offer =
        read.iter().filter_map(|line| line["offer"]["sdp"].as_str()).find(|sdp| sdp.contains("a=sendonly") && sdp.contains("goldencall"));
    let cid = find("add_track")["cid"].as_str().expect("cid");
    assert!(offer.is_some_and(|sdp| sdp.contains(&format!("a=msid:goldencall {cid}"))), "{offer:?}");
}

/// `goldencall run scenarios/booking.yaml` against a room at a URL.
fn to_room(url: &str, secret: &str) -> Run {
    let folder = tempfile::tempdir().expect("folder");
    let config = folder.path().join("goldencall.yaml");
    let keys = format!("api_key: devkey, api_secret: {secret}, room: booking, identity: caller");
    std::fs::write(&config, format!("targets:\n  room: {{ webrtc: {{ url: \"{url}\", signalling: livekit, {keys} }} }}\n")).expect("file");
    let config = config.to_string_lossy().into_owned();
    let arguments = ["scenarios/booking.yaml", "--config", &config, "--target", "room"];
    Run::of(&arguments)
}

/// `goldencall bot` and where its LiveKit door is.
struct RunningBot {
    process: Child,
    url: String,
}

impl RunningBot {
    fn start() -> Self {
        let any = "127.0.0.1:0";
        let mut process =
            goldencall().args(["bot", "--listen", any, "--web", any, "--audiosocket", any]).stdout(Stdio::piped()).spawn().expect("bot");
        let lines = BufReader::new(process.stdout.take().expect("stdout")).lines();
        let url = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("livekit+").map(str::to_owned)).expect("a LiveKit door");
        Self { process, url }
    }
}

impl Drop for RunningBot {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// What went over the signalling, in the form that check.py takes.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<Value>>>);

impl Written {
    fn add(&self, name: &str, value: impl Into<Value>) {
        self.0.lock().expect("lock").push(json!({ name: value.into() }));
    }
}

/// Stands between goldencall and the bot and writes down what both say.
async fn listen_in(bot: String, written: Written) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(carry(stream, bot.clone(), written.clone()));
        }
    });
    address
}

#[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
async fn carry(stream: TcpStream, bot: String, written: Written) {
    let mut asked = None;
    let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        asked = Some((request.uri().clone(), request.headers().get("authorization").cloned()));
        Ok(response)
    };
    let caller = tokio_tungstenite::accept_hdr_async(stream, callback).await.expect("a WebSocket");
    let (uri, authorization) = asked.expect("a request");
    let authorization = authorization.expect("a token");
    let token = authorization.to_str().expect("text").trim_start_matches("Bearer ").to_owned();
    written.add("token", token);
    let mut request = format!("{}{}", bot.trim_end_matches('/'), uri.path_and_query().expect("path")).into_client_request().expect("URL");
    request.headers_mut().insert("authorization", authorization);
    let (server, _) = tokio_tungstenite::connect_async(request).await.expect("the bot");
    let ((to_caller, from_caller), (to_server, from_server)) = (caller.split(), server.split());
    tokio::join!(pump(from_caller, to_server, "request", &written), pump(from_server, to_caller, "response", &written));
}

async fn pump(
    mut from: impl Stream<Item = Result<Message, Error>> + Unpin,
    mut to: impl Sink<Message> + Unpin,
    name: &str,
    written: &Written,
) {
    while let Some(Ok(message)) = from.next().await {
        if let Message::Binary(bytes) = &message {
            written.add(name, STANDARD.encode(bytes));
        }
        if to.send(message).await.is_err() {
            return;
        }
    }
}

/// What LiveKit's own libraries read of it.
fn check(python: &PathBuf, written: &Written) -> Vec<Value> {
    let lines: Vec<String> = written.0.lock().expect("lock").iter().map(Value::to_string).collect();
    let mut child = Command::new(python)
        .arg(root().join("tests/peers/livekit/check.py"))
        .env("LIVEKIT_API_KEY", "devkey")
        .env("LIVEKIT_API_SECRET", "secret")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python");
    child.stdin.take().expect("stdin").write_all(lines.join("\n").as_bytes()).expect("written");
    let output = child.wait_with_output().expect("python");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.lines().count() == lines.len(), "{text}");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
