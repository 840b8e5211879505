//! Bots whose audio a provider would drop, or that send it in a form in which it is noise, and bots that hang up too early: each
//! fails, and the failure says why.

mod common;

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Run, goldencall, root, turn};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

type Socket = WebSocket<TcpStream>;

const STEPS: &str = "
  - bot: { says: Thanks for calling Acme Dental. How can I help you today?, within: 4s }
  - hangup: caller
";

/// A bot on Twilio's media socket that does this once it knows its stream; returns its address.
fn bot(act: impl Fn(&mut Socket, &str) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut socket = tungstenite::accept(stream).expect("a WebSocket");
            let mut stream = String::new();
            while stream.is_empty() {
                let Ok(message) = socket.read() else { return };
                let message: Value = serde_json::from_str(message.to_text().unwrap_or_default()).unwrap_or_default();
                stream = message["start"]["streamSid"].as_str().unwrap_or_default().to_owned();
            }
            act(&mut socket, &stream);
            while socket.read().is_ok() {}
        }
    });
    format!("twilio+ws://{address}/ws")
}

/// The greeting, as 16-bit samples at 8 kHz.
fn greeting() -> Vec<i16> {
    let mut reader = hound::WavReader::open(root().join("audio/bot/booking-greeting.wav")).expect("WAV");
    reader.samples::<i16>().map(|sample| sample.expect("a sample")).collect()
}

fn mulaw(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| audio_codec_algorithms::encode_ulaw(*sample)).collect()
}

/// Sends audio in pieces of 20 ms, all at once; without a stream where `stream` is empty.
fn say(socket: &mut Socket, stream: &str, bytes: &[u8]) {
    for piece in bytes.chunks(160) {
        let mut media = json!({"event": "media", "media": {"payload": STANDARD.encode(piece)}});
        if !stream.is_empty() {
            media["streamSid"] = stream.into();
        }
        let _gone = socket.send(Message::text(media.to_string()));
    }
}

fn linear() -> Vec<u8> {
    greeting().iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Name, bot, and what its failure must say; nothing of one that passes.
fn bots() -> Vec<(&'static str, String, &'static str)> {
    let wav = std::fs::read(root().join("audio/bot/booking-greeting.wav")).expect("WAV");
    let crashed = CloseFrame { code: CloseCode::Error, reason: "no GPU left".into() };
    vec![
        ("right", bot(|socket, stream| say(socket, stream, &mulaw(&greeting()))), ""),
        (
            "without streamSid",
            bot(|socket, _| say(socket, "", &mulaw(&greeting()))),
            "the bot's `media` message has no `streamSid`; Twilio drops such a message (warning 31951) (",
        ),
        (
            "another stream",
            bot(|socket, _| say(socket, "MZ0", &mulaw(&greeting()))),
            "the bot's `media` message names another `streamSid` than the stream's; Twilio drops such a message (warning 31951) (",
        ),
        (
            "PCM as mu-law",
            bot(|socket, stream| say(socket, stream, &linear())),
            "the bot's audio looks like 16-bit linear samples (L16), where PCMU is expected",
        ),
        (
            "WAV header",
            bot(move |socket, stream| say(socket, stream, &wav)),
            "the bot's audio begins with a WAV header (RIFF): send the samples alone",
        ),
        (
            "close code",
            bot(move |socket, _| drop(socket.close(Some(crashed.clone())))),
            "the bot closed the WebSocket with code 1011 (internal error): no GPU left",
        ),
        (
            "hangs up first",
            bot(|socket, stream| {
                say(socket, stream, &mulaw(&greeting()));
                std::thread::sleep(Duration::from_millis(greeting().len() as u64 / 8 + 100));
                let _gone = socket.close(None);
            }),
            "before the caller was to",
        ),
    ]
}

#[test]
fn a_bot_that_is_not_heard_or_leaves_too_early_fails_and_the_failure_says_why() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("folder");
    let bots = bots();
    let mut files = Vec::new();
    for (index, (name, target, _)) in bots.iter().enumerate() {
        let path = folder.path().join(format!("{index}.yaml"));
        std::fs::write(&path, format!("name: {name}\ntarget: \"{target}\"\nsteps:{STEPS}")).expect("scenario");
        files.push(path.to_string_lossy().into_owned());
    }
    let mut command = goldencall();
    command.current_dir(folder.path());
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = Run::with(command, &[&files[..], &["--jobs", "2"]].concat()).expect(4);
    let (report, junit) = (run.json(), run.junit());
    // The terminal breaks long lines.
    let text = run.text().split_whitespace().collect::<Vec<_>>().join(" ");
    for (call, (name, target, why)) in report["calls"].as_array().expect("calls").iter().zip(&bots) {
        let outcome = if why.is_empty() { "passed" } else { "failed" };
        assert_eq!((call["scenario"].as_str(), call["outcome"].as_str()), (Some(*name), Some(outcome)), "{}", run.text());
        let told = call["notes"].to_string() + &call["turns"].to_string();
        assert!(told.contains(why), "{name}: {told}");
        assert!(text.contains(why) && junit.contains(&format!("(called {target})")) != why.is_empty(), "{name}: {text}");
    }
    assert!(run.text().starts_with("calling twilio+ws://127.0.0.1:"), "{}", run.text());
}
