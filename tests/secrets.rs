//! What the user's credentials are, and where they go: to the host that the user named, and into no output.

#![expect(clippy::disallowed_methods, reason = "a test waits for a peer by the wall clock")]

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{Run, goldencall, sample_bot, seat};

/// Answers every request with this, and hands on the head of each.
fn server(answer: impl Fn(&str) -> String + Send + 'static) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address");
    let (sender, heads) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = Vec::new();
            let mut part = [0; 4096];
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut part) {
                    Ok(length @ 1..) => head.extend_from_slice(&part[..length]),
                    _ => break,
                }
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let _gone = stream.write_all(answer(&head).as_bytes());
            let _test_over = sender.send(head);
        }
    });
    (address, heads)
}

fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// One call with this target, written into goldencall.yaml.
fn call(folder: &Path, target: &str, more: &[&str]) -> Run {
    std::fs::write(folder.join("goldencall.yaml"), format!("targets: {{ bot: {target} }}\n")).expect("config");
    std::fs::write(folder.join("call.yaml"), "name: call\nsteps:\n  - bot: { within: 3s }\n  - hangup: caller\n").expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder).env("API_KEY", "hunter22-of-the-user").env("TOKEN", "0123456789abcdef");
    Run::with(command, &[&["call.yaml", "--target", "bot"], more].concat())
}

#[test]
fn an_answer_that_sends_the_stream_elsewhere_takes_no_credentials_along() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (stranger, heads) = server(|_| response("403 Forbidden", "", ""));
    let document = format!("<Response><Connect><Stream url=\"ws://{stranger}/ws\"/></Connect></Response>");
    let (answers, asked) = server(move |_| response("200 OK", "Content-Type: application/xml\r\n", &document));
    let target = |trusted: &str| {
        format!(
            "{{ websocket: {{ answer_url: \"http://{answers}/twiml\", protocol: twilio, auth_token: \"${{TOKEN}}\", \
             headers: {{ X-Api-Key: \"${{API_KEY}}\" }}{trusted} }} }}"
        )
    };
    let run = call(folder.path(), &target(""), &[]).expect(3);
    let asked = asked.recv().expect("the request");
    assert!(
        asked.to_lowercase().contains("x-api-key: hunter22-of-the-user") && asked.to_lowercase().contains("x-twilio-signature"),
        "{asked}"
    );
    let head = heads.recv().expect("a handshake").to_lowercase();
    assert!(!head.contains("x-api-key") && !head.contains("hunter22") && !head.contains("signature"), "{head}");
    let notes = run.json()["calls"][0]["notes"].to_string();
    assert!(notes.contains("did not go there") && notes.contains("trusted_hosts"), "{notes}");
    call(folder.path(), &target(&format!(", trusted_hosts: [\"{stranger}\"]")), &[]).expect(3);
    let head = heads.recv().expect("a handshake").to_lowercase();
    assert!(head.contains("x-api-key: hunter22-of-the-user") && head.contains("x-twilio-signature"), "{head}");
}

#[test]
fn a_redirect_to_another_host_takes_no_header_fields_along() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (stranger, heads) = server(|_| response("403 Forbidden", "", ""));
    let (named, asked) = server(move |_| response("307 Temporary Redirect", &format!("Location: http://{stranger}/offer\r\n"), ""));
    let target = format!(
        "{{ webrtc: {{ url: \"http://{named}/offer\", signalling: whip, token: \"${{TOKEN}}\", headers: {{ X-Api-Key: \"${{API_KEY}}\" }} }} }}"
    );
    let run = call(folder.path(), &target, &[]).expect(3);
    let named = asked.recv().expect("the request").to_lowercase();
    assert!(named.contains("x-api-key: hunter22") && named.contains("authorization: bearer 0123456789abcdef"), "{named}");
    for head in heads.try_iter() {
        let head = head.to_lowercase();
        assert!(!head.contains("hunter22") && !head.contains("0123456789abcdef"), "{head}");
    }
    assert!(run.text().contains("did not go along to another host"), "{}", run.text());
}

/// A SIP peer over UDP on loopback: answers each request by this, and stops after so long.
fn sip(
    most: Duration,
    answer: impl Fn(SocketAddr, &str) -> Vec<String> + Send + 'static,
) -> (SocketAddr, std::thread::JoinHandle<Vec<String>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("port");
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    let address = socket.local_addr().expect("address");
    let serving = std::thread::spawn(move || {
        let (start, mut got, mut datagram) = (Instant::now(), Vec::new(), [0; 8192]);
        while start.elapsed() < most {
            let Ok((length, from)) = socket.recv_from(&mut datagram) else { continue };
            let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
            for message in answer(address, &text) {
                socket.send_to(message.as_bytes(), from).expect("sent");
            }
            got.push(text);
        }
        got
    });
    (address, serving)
}

/// A response to a request, with these header fields and this body.
fn answered(request: &str, status: &str, more: &str, body: &str) -> String {
    let copied = ["Via:", "From:", "Call-ID:", "CSeq:"];
    let lines = request.lines().filter(|line| copied.iter().any(|name| line.starts_with(name))).map(|line| format!("{line}\r\n"));
    let to = request.lines().find(|line| line.starts_with("To:")).unwrap_or_default();
    let tag = if to.contains(";tag=") { "" } else { ";tag=peer" };
    format!("SIP/2.0 {status}\r\n{}{to}{tag}\r\n{more}Content-Length: {}\r\n\r\n{body}", lines.collect::<String>(), body.len())
}

#[test]
fn a_transfer_to_a_stranger_takes_no_credentials_along() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (stranger, asked) = sip(Duration::from_secs(8), |_, request| {
        let challenge = "WWW-Authenticate: Digest realm=\"x\", nonce=\"of a stranger\", algorithm=MD5\r\n";
        if request.starts_with("INVITE") { vec![answered(request, "401 Unauthorized", challenge, "")] } else { Vec::new() }
    });
    let (bot, talked) = sip(Duration::from_secs(8), move |own, request| {
        let method = request.split(' ').next().unwrap_or_default();
        let sdp = "v=0\r\no=b 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
        let more = format!("Contact: <sip:bot@{own}>\r\nContent-Type: application/sdp\r\n");
        match method {
            "INVITE" => vec![answered(request, "200 OK", &more, sdp)],
            "ACK" => {
                let caller = request.lines().find_map(|line| line.strip_prefix("Via: SIP/2.0/UDP ")?.split(';').next()).unwrap_or_default();
                let field = |name: &str| request.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
                let (from, to) = (field("From:").replacen("From:", "To:", 1), field("To:").replacen("To:", "From:", 1));
                let refer = format!(
                    "REFER sip:ci@{caller} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-r;rport\r\nMax-Forwards: 70\r\n{from}\r\n{to}\r\n\
                     {}\r\nCSeq: 7 REFER\r\nContact: <sip:bot@{own}>\r\nRefer-To: <sip:human@{stranger}>\r\nRefer-Sub: false\r\nContent-Length: 0\r\n\r\n",
                    field("Call-ID:")
                );
                vec![refer]
            }
            "BYE" => vec![answered(request, "200 OK", "", "")],
            _ => Vec::new(),
        }
    });
    let target = format!(
        "{{ sip: {{ uri: \"sip:bot@{bot}\", username: ci, password: \"${{TOKEN}}\", follow_transfer: true, headers: {{ X-Api-Key: \"${{API_KEY}}\" }} }} }}"
    );
    let run = call(folder.path(), &target, &[]);
    let bots = talked.join().expect("the bot").concat();
    assert!(bots.contains("X-Api-Key: hunter22-of-the-user"), "{bots}");
    let strangers = asked.join().expect("the stranger").concat();
    assert!(strangers.contains("INVITE sip:human@"), "{strangers}\n{}", run.text());
    assert!(!strangers.contains("Authorization") && !strangers.contains("X-Api-Key"), "{strangers}");
    assert!(run.json()["calls"][0]["notes"].to_string().contains("was not followed"), "{}", run.json());
}

/// Every file in a folder.
fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("folder").flatten() {
        if entry.path().is_dir() { files(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

#[test]
fn no_output_has_a_secret_and_a_secret_that_is_a_word_of_the_journal_breaks_nothing() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    let config = format!(
        "targets: {{ bot: {{ sip: {{ uri: \"sip:booking@{address}\", username: \"${{WORD}}\", password: \"${{KEY}}\", \
         headers: {{ X-Api-Key: \"${{KEY}}\", X-Other: \"${{ODD}}\", X-Event: \"${{WORD}}\" }} }} }} }}\n"
    );
    std::fs::write(folder.path().join("goldencall.yaml"), config).expect("config");
    let text = "name: \"A call with ${KEY}\"\nsteps:\n  - bot: { says: { contains: \"not what it says: ${ODD}\" }, within: 5s }\n  - hangup: caller\n";
    std::fs::write(folder.path().join("call.yaml"), text.replace("${KEY}", "hunter22-of-the-user")).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder.path()).env("GOLDENCALL_LOG", "trace").env("COLUMNS", "60");
    command.env("KEY", "hunter22-of-the-user").env("ODD", "p\"a&s w/9").env("WORD", "call_finished");
    let run = Run::with(command, &["call.yaml", "--target", "bot", "--pcap", "--trace-sip", "trace.txt"]).expect(4);
    // The name of a recording is made of what the user called the scenario.
    let mut outputs = vec![("the log".to_owned(), run.text().replace("hunter22-of-the-user.", ""))];
    let mut found = Vec::new();
    files(run.folder.path(), &mut found);
    found.push(folder.path().join("trace.txt"));
    for path in found {
        let name = path.display().to_string();
        outputs.push((name, String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).replace("hunter22-of-the-user.", "")));
    }
    assert!(outputs.iter().any(|(name, _)| name.ends_with(".pcap")) && outputs[0].1.contains("X-Api-Key: [redacted]"), "{}", outputs[0].1);
    for (name, text) in &outputs {
        for secret in ["hunter22-of-the-user", "p\"a&s w/9", "p\\\"a&s w/9", "p&quot;a&amp;s w/9"] {
            let at = text.find(secret).map(|at| text[at.saturating_sub(200)..].chars().take(500).collect::<String>());
            assert_eq!(at, None, "{secret} is in {name}");
        }
    }
    let report = goldencall().arg("report").arg(run.path("out")).output().expect("report");
    let said = String::from_utf8_lossy(&report.stdout);
    assert!(report.status.success() && said.contains("FAIL  A call with [redacted]"), "{said}");
}

#[test]
fn a_secret_that_is_too_short_to_be_masked_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let config = "targets: { bot: { sip: { uri: \"sip:bot@127.0.0.1\", username: ci, password: \"${PIN}\" } } }\n";
    std::fs::write(folder.path().join("goldencall.yaml"), config).expect("config");
    std::fs::write(folder.path().join("call.yaml"), "name: call\nsteps:\n  - bot: hello\n").expect("scenario");
    let mut command: Command = goldencall();
    let output = command.current_dir(folder.path()).env("PIN", "123").args(["check", "call.yaml"]).output().expect("goldencall");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("`password` is too short to be masked in reports") && said.contains("at least 4"),
        "{said}"
    );
    assert!(!said.contains("123"), "{said}");
}
