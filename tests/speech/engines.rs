//! The engines outside this process, against a small server and shell scripts.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use goldencall::internals::speech::{CommandConfig, CommandTranscriber, HttpConfig, HttpTranscriber, SttError, Transcriber};

/// A server that answers one request; gives its address and, at the end, the request.
fn server(answer: String, delay: Duration) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut block = [0u8; 4096];
        loop {
            let count = stream.read(&mut block).unwrap();
            request.extend_from_slice(&block[..count]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let length = text.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
            let body = request.windows(4).position(|w| w == b"\r\n\r\n").map(|at| request.len() - at - 4);
            if count == 0 || body.is_some() && body >= length {
                std::thread::sleep(delay);
                let _ = stream.write_all(answer.as_bytes());
                return text;
            }
        }
    };
    (address, std::thread::spawn(serve))
}

fn response(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn http(base: &str) -> HttpTranscriber {
    HttpTranscriber::new(HttpConfig {
        base: base.to_owned(),
        model: "whisper-1".to_owned(),
        language: Some("en".to_owned()),
        key: Some("sk-secret".to_owned()),
        timeout: Duration::from_millis(1500),
    })
    .unwrap()
}

#[test]
fn the_http_engine_sends_the_clip_and_reads_the_text() {
    for base in ["", "/v1", "/v1/"] {
        let (address, request) = server(response("200 OK", r#"{"text":" Hello there. "}"#), Duration::ZERO);
        let engine = http(&format!("{address}{base}"));
        assert_eq!(engine.name(), "http whisper-1");
        assert_eq!(engine.transcribe(&[0.1; 1600]).unwrap(), "Hello there.");
        let request = request.join().unwrap();
        assert!(request.starts_with("POST /v1/audio/transcriptions HTTP/1.1"), "{request}");
        for part in
            ["Bearer sk-secret", "name=\"file\"", "audio/wav", "RIFF", "name=\"model\"\r\n\r\nwhisper-1", "name=\"language\"\r\n\r\nen"]
        {
            assert!(request.contains(part), "{part} is missing in {request}");
        }
    }
}

/// An error without the port, which differs from run to run.
fn message(error: &SttError, address: &str) -> String {
    error.to_string().replace(address, "http://server")
}

#[test]
fn the_http_engine_says_what_went_wrong_and_never_the_key() {
    let refused = response("401 Unauthorized", r#"{"error":"Incorrect API key: sk-secret"}"#);
    let (address, _) = server(refused, Duration::ZERO);
    insta::assert_snapshot!(message(&http(&address).transcribe(&[0.1; 160]).unwrap_err(), &address), @r#"the transcription server at http://server/v1/audio/transcriptions answered 401: {"error":"Incorrect API key: ***"}; check `stt.http.model` and `stt.http.key`"#);

    let (address, _) = server(response("500 Internal Server Error", &"x".repeat(1000)), Duration::ZERO);
    let error = http(&address).transcribe(&[0.1; 160]).unwrap_err();
    assert!(matches!(&error, SttError::Refused { status: 500, body, .. } if body.len() == 300), "{error}");

    let (address, _) = server(response("200 OK", "<html>hello</html>"), Duration::ZERO);
    insta::assert_snapshot!(message(&http(&address).transcribe(&[0.1; 160]).unwrap_err(), &address), @"the transcription server at http://server/v1/audio/transcriptions gave no JSON with a `text` field (<html>hello</html>): check that `stt.http.url` is a transcription API");

    let (address, _) = server(response("200 OK", r#"{"text":"late"}"#), Duration::from_secs(4));
    insta::assert_snapshot!(message(&http(&address).transcribe(&[0.1; 160]).unwrap_err(), &address), @"no answer from the transcription server at http://server/v1/audio/transcriptions (nothing within 1.5s): check `stt.http.url` and that the server runs");

    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = http(&format!("http://{unused}")).transcribe(&[0.1; 160]).unwrap_err();
    assert!(matches!(error, SttError::Unreachable { .. }), "{error}");

    let engine = http("http://localhost");
    assert!(!format!("{engine:?}").contains("sk-secret"));
}

#[cfg(unix)]
fn shell(script: &str, args: &[&str]) -> CommandTranscriber {
    let mut all = vec!["-c".to_owned(), script.to_owned(), "sh".to_owned()];
    all.extend(args.iter().map(|arg| (*arg).to_owned()));
    CommandTranscriber::new(CommandConfig { program: "sh".to_owned(), args: all, timeout: Duration::from_secs(2) })
}

#[cfg(unix)]
#[test]
fn the_command_engine_hands_the_clip_over_by_path_or_by_pipe() {
    let by_path = shell(r#"test -f "$1" && wc -c < "$1""#, &["{wav}"]);
    assert_eq!(by_path.transcribe(&[0.1; 1600]).unwrap(), "3244");
    let by_pipe = shell("head -c 4", &[]);
    assert_eq!(by_pipe.transcribe(&[0.1; 160_000]).unwrap(), "RIFF");
}

#[cfg(unix)]
#[test]
fn the_command_engine_says_what_went_wrong() {
    let failing = shell("echo 'no model loaded' >&2; exit 3", &["{wav}"]);
    insta::assert_snapshot!(failing.transcribe(&[0.1; 160]).unwrap_err(), @"the transcription program sh failed with exit status: 3 (no model loaded): run it by hand on a WAV file to see why");
    let slow = shell("exec sleep 30", &["{wav}"]);
    insta::assert_snapshot!(slow.transcribe(&[0.1; 160]).unwrap_err(), @"the transcription program sh did not finish in 2s: use a faster model");
    let config = CommandConfig { program: "no-such-program".to_owned(), args: vec![], timeout: Duration::from_secs(1) };
    insta::assert_snapshot!(CommandTranscriber::new(config).transcribe(&[0.1; 160]).unwrap_err(), @"the transcription program no-such-program cannot be started (No such file or directory (os error 2)): install it or correct `stt.command`");
}
