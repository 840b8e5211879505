//! Attacks: each ends in time, within bounded memory, and decides no verdict but that of the bot that makes it.

#![expect(clippy::disallowed_methods, reason = "a test measures by the wall clock")]

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{free_tcp_port, goldencall, root, sample_bot, seat};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message};

/// Bytes that the process under attack may hold at most.
const MOST_MEMORY: u64 = 600 << 20;

/// What an attack came to.
struct Attacked {
    output: Output,
    /// Most memory that the process had, in bytes.
    memory: u64,
    took: Duration,
}

impl Attacked {
    fn text(&self) -> String {
        format!("{}\n{}", String::from_utf8_lossy(&self.output.stdout), String::from_utf8_lossy(&self.output.stderr))
    }

    /// Fails with everything that was printed unless the process ended so, within its bounds; the row is for docs/security.md.
    #[track_caller]
    fn expect(self, name: &str, code: i32, most: Duration) -> Self {
        let (megabytes, seconds) = (self.memory >> 20, self.took.as_secs_f64());
        eprintln!("| {name} | {megabytes} MB | {seconds:.1} s | {:?} |", self.output.status.code());
        assert_eq!(self.output.status.code(), Some(code), "{name}: {}", self.text());
        assert!(self.memory < MOST_MEMORY, "{name}: {megabytes} MB");
        assert!(self.took < most, "{name}: {seconds} s");
        self
    }
}

/// The most resident memory of a process so far.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Runs a command to its end while it is attacked.
fn attacked(command: &mut Command, attack: impl FnOnce()) -> Attacked {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let (id, (stop, stopped)) = (child.id(), mpsc::channel::<()>());
    let watching = std::thread::spawn(move || {
        let mut memory = 0;
        while stopped.recv_timeout(Duration::from_millis(20)) == Err(mpsc::RecvTimeoutError::Timeout) {
            memory = peak(id).max(memory);
        }
        memory
    });
    attack();
    while child.try_wait().expect("status").is_none() && start.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(stop);
    let _ended = child.kill();
    let took = start.elapsed();
    Attacked { output: child.wait_with_output().expect("output"), memory: watching.join().expect("the memory"), took }
}

fn call(folder: &Path, config: &str, steps: &str, more: &[&str]) -> Command {
    std::fs::write(folder.join("goldencall.yaml"), config).expect("config");
    std::fs::write(folder.join("call.yaml"), format!("name: call\nsteps:\n{steps}")).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder).args(["run", "call.yaml", "--out", "out"]).args(more);
    command
}

fn results(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("out/results.json")).expect("results")).expect("JSON")
}

const GREETED: &str = "  - bot: { says: { contains: calling Acme Dental }, within: 5s }\n  - hangup: caller\n";

fn wait_for(port: u16) {
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(30), "nothing listens");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn post(port: u16, headers: &str, body: &[u8]) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    let head = format!("POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let _gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut answer = String::new();
    let _gone = stream.read_to_string(&mut answer);
    answer
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("packed");
    encoder.finish().expect("packed")
}

#[test]
fn the_receiver_of_spans_stands_bombs_floods_and_idle_connections() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    let port = free_tcp_port();
    let config = format!("telemetry: {{ otlp: \"127.0.0.1:{port}\", wait: 1s }}\n");
    let mut command = call(folder.path(), &config, GREETED, &["--target", &format!("sip:booking@{address}")]);
    let done = attacked(&mut command, || {
        wait_for(port);
        let _idle: Vec<_> = (0..500).map(|_| TcpStream::connect(("127.0.0.1", port))).collect();
        // Millions of empty spans and of empty lists in a few kilobytes.
        let packed = "Content-Encoding: gzip\r\n";
        let protobuf = format!("Content-Type: application/x-protobuf\r\n{packed}");
        let mut bomb = vec![0x0a, 0x86, 0x80, 0xc0, 0x03, 0x12, 0x80, 0x80, 0xc0, 0x03];
        bomb.extend([0x12, 0x00].repeat(3 << 20));
        let json = format!("Content-Type: application/json\r\n{packed}");
        let lists = format!("{{\"resourceSpans\":[{}[]]}}", "[],".repeat(2 << 20));
        for _ in 0..4 {
            let answer = post(port, &protobuf, &gzip(&bomb));
            assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
            post(port, &json, &gzip(lists.as_bytes()));
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_nanos() as u64;
        let span = |k: usize| json!({"traceId": format!("{:032x}", k % 7000), "spanId": format!("{k:016x}"), "name": "llm", "startTimeUnixNano": now, "endTimeUnixNano": now});
        for batch in 0..11 {
            let spans: Vec<Value> = (0..10_000).map(|k| span(batch * 10_000 + k)).collect();
            let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string();
            post(port, "Content-Type: application/json\r\n", body.as_bytes());
        }
    });
    done.expect("bombs, 110 000 foreign spans and 500 idle connections at the receiver of spans", 0, Duration::from_secs(90));
}

/// A bot on a media socket that does this once the stream has begun.
fn socket_bot(act: impl Fn(&mut tungstenite::WebSocket<TcpStream>, &str) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let Ok(mut socket) = tungstenite::accept(stream) else { continue };
            let mut id = String::new();
            while id.is_empty() {
                let Ok(message) = socket.read() else { break };
                let message: Value = serde_json::from_str(message.to_text().unwrap_or_default()).unwrap_or_default();
                id = message["start"]["streamSid"].as_str().unwrap_or_default().to_owned();
            }
            act(&mut socket, &id);
        }
    });
    format!("twilio+ws://{address}/ws")
}

#[test]
fn a_bot_that_asks_and_never_reads_is_given_up() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let target = socket_bot(|socket, stream| {
        for k in 0..400_000 {
            let mark = json!({"event": "mark", "streamSid": stream, "mark": {"name": format!("{k}{}", "x".repeat(900))}});
            if socket.send(Message::text(mark.to_string())).is_err() {
                return;
            }
        }
        std::thread::sleep(Duration::from_secs(60));
    });
    let done = attacked(&mut call(folder.path(), "", GREETED, &["--target", &target]), || {});
    let done = done.expect("a media socket that asks for 400 000 answers and reads none", 3, Duration::from_secs(60));
    assert!(done.text().contains("the bot does not read its socket: 12000 messages wait for it"), "{}", done.text());
}

#[test]
fn function_calls_without_end_cost_no_time() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let target = socket_bot(|socket, _| {
        for k in 0..60_000 {
            let data = json!({"function_name": "book", "tool_call_id": format!("{k}"), "args": {"n": k}});
            let report = json!({"label": "rtvi-ai", "type": "llm-function-call", "id": "1", "data": data});
            if socket.send(Message::text(report.to_string())).is_err() {
                return;
            }
        }
        while socket.read().is_ok() {}
    });
    let steps = "  - bot: { within: 8s, calls: [cancel] }\n  - hangup: caller\n";
    let done = attacked(&mut call(folder.path(), "", steps, &["--target", &target]), || {});
    done.expect("60 000 function calls", 4, Duration::from_secs(40));
}

/// A SIP bot that answers and says nothing, while a stranger at 127.0.0.2 says its greeting to the caller.
fn silent_bot_with_a_ventriloquist() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("port");
    let address = socket.local_addr().expect("address");
    let (media, stranger) = (UdpSocket::bind("127.0.0.1:0").expect("port"), UdpSocket::bind("127.0.0.2:0").expect("port"));
    std::thread::spawn(move || {
        let own = media.local_addr().expect("address").port();
        let mut datagram = [0; 8192];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            let request = String::from_utf8_lossy(&datagram[..length]).into_owned();
            let method = request.split(' ').next().unwrap_or_default();
            let copied = ["Via:", "From:", "Call-ID:", "CSeq:"];
            let lines: String =
                request.lines().filter(|line| copied.iter().any(|name| line.starts_with(name))).map(|line| format!("{line}\r\n")).collect();
            let to = request.lines().find(|line| line.starts_with("To:")).unwrap_or_default();
            let tag = if to.contains(";tag=") { "" } else { ";tag=bot" };
            let body = match method {
                "INVITE" => format!("v=0\r\no=b 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {own} RTP/AVP 0\r\n"),
                "BYE" => String::new(),
                _ => continue,
            };
            let more = "Contact: <sip:bot@127.0.0.1>\r\nContent-Type: application/sdp\r\n";
            let answer = format!("SIP/2.0 200 OK\r\n{lines}{to}{tag}\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len());
            socket.send_to(answer.as_bytes(), from).expect("sent");
            let port = request.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse::<u16>().ok());
            if let Some(port) = port {
                let stranger = stranger.try_clone().expect("a socket");
                std::thread::spawn(move || says_the_greeting(&stranger, port));
            }
        }
    });
    format!("sip:bot@{address}")
}

fn says_the_greeting(from: &UdpSocket, port: u16) {
    let mut reader = hound::WavReader::open(root().join("audio/bot/booking-greeting.wav")).expect("WAV");
    let samples: Vec<u8> = reader.samples::<i16>().map(|sample| audio_codec_algorithms::encode_ulaw(sample.expect("a sample"))).collect();
    for (number, piece) in samples.chunks(160).enumerate() {
        let mut packet = vec![0x80, 0];
        packet.extend((number as u16).to_be_bytes());
        packet.extend((number as u32 * 160).to_be_bytes());
        packet.extend([0, 0, 0, 9]);
        packet.extend(piece);
        let _gone = from.send_to(&packet, ("127.0.0.1", port));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_stranger_does_not_speak_for_a_silent_bot() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let target = silent_bot_with_a_ventriloquist();
    let done = attacked(&mut call(folder.path(), "", GREETED, &["--target", &target]), || {});
    let done = done.expect("a stranger's audio in a silent bot's call", 4, Duration::from_secs(40));
    let said = done.text();
    assert!(said.contains("of audio (") && said.contains("came from 127.0.0.2:") && said.contains("`media_from`"), "{said}");
    let config = format!("targets: {{ bot: {{ sip: {{ uri: \"{target}\", media_from: [127.0.0.2] }} }} }}\n");
    let done = attacked(&mut call(folder.path(), &config, GREETED, &["--target", "bot"]), || {});
    done.expect("the same where the user names its address", 0, Duration::from_secs(40));
    assert_eq!(results(folder.path())["passed"], 1);
}

#[test]
fn a_recogniser_that_never_stops_is_ended() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    let target = format!("sip:booking@{address}");
    for (name, script, said) in [
        ("a recogniser that prints without end", "exec yes words", "printed more than 1 MB for one segment"),
        ("a recogniser whose grandchild keeps its output open", "setsid sleep 20 & sleep 1; echo hello", "left a process behind"),
        ("a recogniser that hangs", "sleep 300 & wait", "did not finish in 30s"),
    ] {
        let config = format!("stt: {{ command: [sh, -c, \"{script}\"] }}\n");
        let done = attacked(&mut call(folder.path(), &config, GREETED, &["--target", &target]), || {});
        let done = done.expect(name, 3, Duration::from_secs(60));
        assert!(done.text().contains(said), "{name}: {}", done.text());
    }
}

#[test]
fn what_a_bot_says_is_no_command_to_whoever_reads_the_log() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let target = socket_bot(|socket, _| {
        let reason = "\u{1b}]52;c;aGk=\u{7}\n::error file=x::owned\n##vso[task.complete]\u{202e}";
        let frame = tungstenite::protocol::CloseFrame { code: 1011.into(), reason: reason.into() };
        let _gone = socket.close(Some(frame));
        while socket.read().is_ok() {}
    });
    let mut command = call(folder.path(), "", GREETED, &["--target", &target]);
    let done = attacked(&mut command, || {});
    for (name, text) in [
        ("the terminal", done.text()),
        ("junit.xml", std::fs::read_to_string(folder.path().join("out/junit.xml")).expect("a report")),
        ("results.json", std::fs::read_to_string(folder.path().join("out/results.json")).expect("a report")),
        ("events.jsonl", std::fs::read_to_string(folder.path().join("out/events.jsonl")).expect("events")),
    ] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']) && !text.contains("\\u001b"), "{name}: {text}");
    }
    let lines = done.text();
    assert!(!lines.lines().any(|line| line.trim_start().starts_with("::")) && !lines.contains("##vso["), "{lines}");
}
