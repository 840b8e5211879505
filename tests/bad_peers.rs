//! Peers that answer wrongly: each is a clear error of the call, within a bounded time and memory, and never the bot's
//! failed expectation.

#![expect(clippy::disallowed_methods, reason = "a test bounds the run by the wall clock")]

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use common::{Run, goldencall, root, turn};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

const STEPS: &str = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - caller: { audio: AUDIO/caller/booking-request.wav }
  - hangup: caller
";

/// Serves every connection with this until the test is over; returns `127.0.0.1:port`.
fn serve(talk: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address").to_string();
    let talk = std::sync::Arc::new(talk);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let talk = std::sync::Arc::clone(&talk);
            std::thread::spawn(move || talk(stream));
        }
    });
    address
}

/// Reads a whole HTTP request; false where there is none.
fn takes_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let complete = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).and_then(|value| value.trim().parse().ok());
        body.len() >= length.unwrap_or(0)
    };
    while !complete(&request) {
        match stream.read(&mut buffer) {
            Ok(length @ 1..) => request.extend_from_slice(&buffer[..length]),
            _ => return false,
        }
    }
    true
}

/// An HTTP server with one answer to everything.
fn http(status: &'static str, kind: &'static str, body: &'static str) -> String {
    serve(move |mut stream| {
        if !takes_request(&mut stream) {
            return;
        }
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        let _gone = stream.write_all(answer.as_bytes());
    })
}

/// A WebSocket bot that does this once it has the first message.
fn socket(act: impl Fn(&mut WebSocket<TcpStream>) + Send + Sync + 'static) -> String {
    serve(move |stream| {
        let Ok(mut socket) = tungstenite::accept(stream) else { return };
        if socket.read().is_ok() {
            act(&mut socket);
        }
        // Whoever does not close stays silent until the caller hangs up.
        while socket.read().is_ok() {}
    })
}

fn says(text: &'static str) -> String {
    socket(move |socket| drop(socket.send(Message::text(text))))
}

/// Like [`says`], in the stream that Twilio's second message names.
fn says_in_stream(text: &'static str) -> String {
    socket(move |socket| {
        let start = socket.read().map(|start| start.to_string()).unwrap_or_default();
        let start: serde_json::Value = serde_json::from_str(&start).unwrap_or_default();
        let text = text.replace("STREAM", start["streamSid"].as_str().unwrap_or_default());
        let _gone = socket.send(Message::text(text));
    })
}

const MB: usize = 1 << 20;

/// Sends 100 MB in pieces of a megabyte, each after its header, until the other side has enough.
fn floods(stream: &mut TcpStream, header: impl Fn(usize) -> Vec<u8>) {
    let piece = vec![0; MB];
    for number in 0..100 {
        if stream.write_all(&header(number)).and_then(|()| stream.write_all(&piece)).is_err() {
            return;
        }
    }
}

/// The header of a binary frame.
fn frame(first: u8, bytes: usize) -> Vec<u8> {
    [&[first, 127], (bytes as u64).to_be_bytes().as_slice()].concat()
}

const VIDEO_ONLY: &str = "{\"type\":\"answer\",\"sdp\":\"v=0\\r\\no=- 1 1 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\nm=video 9 UDP/TLS/RTP/SAVPF 96\\r\\na=rtpmap:96 VP8/90000\\r\\n\"}";

/// Name, target, and whether the text stays the same on every machine.
fn peers() -> Vec<(&'static str, String)> {
    let web = |kind: &str, address: String| format!("{kind}+http://{address}/offer");
    let ws = |kind: &str, address: String| format!("{kind}+ws://{address}/ws");
    let page = "<html>not found here</html>";
    vec![
        ("webrtc 404", web("webrtc", http("404 Not Found", "text/html", page))),
        ("webrtc 500", web("webrtc", http("500 Internal Server Error", "application/json", r#"{"detail":"no GPU left"}"#))),
        ("whip 503", web("whip", http("503 Service Unavailable", "text/plain", "at capacity"))),
        ("webrtc broken JSON", web("webrtc", http("200 OK", "application/json", r#"{"sdp": "v=0"#))),
        ("webrtc other JSON", web("webrtc", http("200 OK", "application/json", r#"{"hello": "world"}"#))),
        ("webrtc no audio", web("webrtc", http("200 OK", "application/json", VIDEO_ONLY))),
        ("whip no SDP", web("whip", http("201 Created", "text/html", page))),
        (
            "fastrtc failed",
            web(
                "fastrtc",
                http("200 OK", "application/json", r#"{"status":"failed","meta":{"error":"concurrency_limit_reached","limit":1}}"#),
            ),
        ),
        ("openai without token", web("openai", http("401 Unauthorized", "application/json", r#"{"error":{"message":"Missing key"}}"#))),
        // Once it has read everything: what is left unread makes a reset of the close, or not.
        (
            "webrtc closes",
            web(
                "webrtc",
                serve(|mut stream| {
                    let _taken = takes_request(&mut stream);
                }),
            ),
        ),
        ("socket 403", ws("twilio", http("403 Forbidden", "text/plain", "bad signature"))),
        (
            "socket closes mid-message",
            ws(
                "vonage",
                socket(|socket| {
                    let stream = socket.get_mut();
                    let _gone = stream.write_all(&frame(0x82, 640_000)).and_then(|()| stream.write_all(&[0; 65_536]));
                    let _gone = stream.shutdown(std::net::Shutdown::Both);
                }),
            ),
        ),
        (
            "socket 100 MB frame",
            ws("vonage", socket(|socket| floods(socket.get_mut(), |number| if number == 0 { frame(0x82, 100 * MB) } else { Vec::new() }))),
        ),
        // One message in a hundred frames, none of which is the last.
        (
            "socket 100 MB in frames",
            ws("vonage", socket(|socket| floods(socket.get_mut(), |number| frame(if number == 0 { 2 } else { 0 }, MB)))),
        ),
        (
            "webrtc 100 MB answer",
            web(
                "webrtc",
                serve(|mut stream| {
                    if takes_request(&mut stream) {
                        let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n");
                        floods(&mut stream, |_| Vec::new());
                    }
                }),
            ),
        ),
        ("socket wrong base64", ws("twilio", says_in_stream(r#"{"event":"media","streamSid":"STREAM","media":{"payload":"%%%"}}"#))),
        ("socket no JSON", ws("twilio", says("hello"))),
        ("socket unknown event", ws("twilio", says_in_stream(r#"{"event":"dance","streamSid":"STREAM"}"#))),
        ("socket other protocol", ws("teler", says(r#"{"event":"media","media":{"payload":"AAAA"}}"#))),
        ("socket half a sample", ws("vonage", socket(|socket| drop(socket.send(Message::binary(vec![1, 2, 3])))))),
        (
            "socket floods",
            ws(
                "pcm",
                socket(|socket| {
                    for _ in 0..40 {
                        let _gone = socket.send(Message::binary(vec![0; 1 << 20]));
                    }
                }),
            ),
        ),
        ("genesys refuses", ws("genesys", socket(|socket| drop(socket.close(None))))),
        (
            "audiosocket nonsense",
            format!(
                "audiosocket://{}",
                serve(|mut stream| {
                    let _gone = stream.write_all(&[0x77, 0xff, 0xff]);
                    let mut rest = Vec::new();
                    let _gone = stream.read_to_end(&mut rest);
                })
            ),
        ),
        ("nobody there", "twilio+ws://127.0.0.1:9/ws".to_owned()),
    ]
}

/// The most memory that any finished process of this test had, in kB; each of them has the models (some 350 MB).
fn most_memory() -> i64 {
    use nix::sys::resource::{UsageWho, getrusage};
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage").max_rss()
}

#[test]
fn every_bad_peer_is_a_clear_error() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("folder");
    let peers = peers();
    let steps = STEPS.replace("AUDIO", &root().join("audio").display().to_string());
    let mut files = Vec::new();
    for (index, (name, target)) in peers.iter().enumerate() {
        let path = folder.path().join(format!("{index:02}.yaml"));
        std::fs::write(&path, format!("name: {name}\ntarget: \"{target}\"\nsteps:{steps}")).expect("scenario");
        files.push(path.to_string_lossy().into_owned());
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let nobody = files.last().expect("the last");
    Run::of(&[nobody]).expect(3);
    let alone = most_memory();
    let began = Instant::now();
    let mut command = goldencall();
    command.current_dir(folder.path());
    let run = Run::with(command, &[&files[..], &["--jobs", "8"]].concat()).expect(3);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let report = run.json();
    let calls = report["calls"].as_array().expect("calls");
    assert_eq!((calls.len(), report["failed"].as_u64()), (peers.len(), Some(0)), "{}", run.text());
    let ports = regex::Regex::new(r"127\.0\.0\.1:\d{2,5}").expect("pattern");
    let times = regex::Regex::new(r" \(at [\d.]+ s\)").expect("pattern");
    let streams = regex::Regex::new(r"MZ[0-9a-f]{32}").expect("pattern");
    let line = |call: &serde_json::Value| {
        let message = call["error"]["message"].as_str().unwrap_or("no error");
        let message = times.replace_all(message, " (at TIME)").into_owned();
        let message = ports.replace_all(&message, "127.0.0.1:PORT").into_owned();
        let message = streams.replace_all(&message, "STREAM").into_owned();
        format!("{}: {}\n    {message}", call["scenario"].as_str().unwrap_or_default(), call["error"]["kind"])
    };
    let lines: Vec<String> = calls.iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"));
    let most = most_memory();
    eprintln!("{most} kB at most, {alone} kB for a call to nobody");
    assert!(!cfg!(target_os = "linux") || most < alone + 96 * 1024, "{most} kB, where a call to nobody takes {alone} kB");
}
