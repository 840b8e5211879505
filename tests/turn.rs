//! Calls over a TURN server and nothing else: Debian's coturn between `goldencall run` and the sample bot.

#![expect(clippy::disallowed_methods, reason = "a test waits for processes by the wall clock")]

mod common;
#[path = "signalling/proxy.rs"]
mod proxy;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Run, Running, free_port, free_tcp_port, goldencall, peer, python, root, seat};
use proxy::Proxy;
use tempfile::TempDir;

/// Greeting and one exchange.
const STEPS: &str = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - caller: { audio: AUDIO/caller/booking-request.wav }
  - bot: { says: { contains: [which day] } }
  - hangup: caller
";

const GREETING: &str = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - hangup: caller
";

/// STUN and TURN on one port, as coturn has it, so that the answers of both have to be told apart.
#[test]
#[cfg_attr(missing_turnserver, ignore = "coturn is not installed: run tests/peers/install")]
fn a_call_goes_over_the_turn_server_and_nowhere_else() {
    if !peer("turnserver") {
        return;
    }
    let _seat = seat();
    let (server, bot) = (TurnServer::start(), Bot::start());
    let run = server.call(&bot, "topsecret").expect(0);
    let report = run.json();
    assert_eq!(report["calls"][0]["codec"], "opus", "{report}");
    assert!(!run.text().contains("topsecret"), "{}", run.text());
    // A caller who goes gives its allocations back; then coturn counts what went over them.
    let allocations = |log: &str, what: &str| log.matches(&format!("{what} realm=<acme.test>, username=<caller>")).count();
    let log = server.log_until(|log| allocations(log, "new,") > 0 && allocations(log, "new,") == allocations(log, "delete:"));
    assert!(log.contains("user <caller>: incoming packet ALLOCATE processed, success"), "{log}");
    assert!(log.contains("user <caller>: incoming packet CREATE_PERMISSION processed, success"), "{log}");
    assert!(log.contains("refreshed, realm=<acme.test>, username=<caller>, lifetime=0"), "{log}");
    // The bot alone speaks for some six seconds, at 50 packets a second.
    let (received, sent) = relayed(&log);
    assert!(received > 250 && sent > 150, "{received} packets from the bot and {sent} to it\n{log}");
}

#[test]
#[cfg_attr(missing_turnserver, ignore = "coturn is not installed: run tests/peers/install")]
fn a_wrong_turn_credential_is_named_at_once() {
    if !peer("turnserver") {
        return;
    }
    let _seat = seat();
    let (server, bot) = (TurnServer::start(), Bot::start());
    let start = Instant::now();
    let run = server.call(&bot, "mistaken").expect(3);
    let text = run.text();
    assert!(start.elapsed() < Duration::from_secs(8), "{text}");
    assert!(text.contains("no TURN server gave a relay address"), "{text}");
    assert!(text.contains("check `ice_servers`, their `username` and `credential`"), "{text}");
    assert!(!text.contains("mistaken"), "{text}");
    assert_eq!(run.json()["calls"][0]["error"]["kind"], "no_response");
    let log = server.log_until(|log| log.contains("credentials are incorrect"));
    assert!(!log.contains("ALLOCATE processed, success"), "{log}");
}

/// The target names no server: the session's own is used (`iceConfig` of Pipecat's `/start`), and nothing else is allowed.
#[test]
#[cfg_attr(missing_turnserver, ignore = "coturn is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_python_peers, not(missing_turnserver)), ignore = "the Python peers are not installed: run tests/peers/install")]
fn a_session_of_pipecats_brings_the_turn_server_of_its_runner() {
    if !peer("turnserver") {
        return;
    }
    let _seat = seat();
    let (server, port) = (TurnServer::start(), free_tcp_port().to_string());
    let servers = format!(r#"{{"urls": "turn:127.0.0.1:{}", "username": "caller", "credential": "topsecret"}}"#, server.port);
    let Some(python) = python() else { return };
    let mut pipecat = Command::new(python);
    pipecat.arg(root().join("tests/peers/pipecat/bot.py")).args(["--transport", "webrtc", "--port", &port, "--ice-servers", &servers]);
    let _pipecat = Running::ready(&mut pipecat);
    let proxy = Proxy::before(&format!("127.0.0.1:{port}"), |request| request, |_, response| response);
    let target = format!("url: \"http://{}/start\", ice_transport_policy: relay, body: '{{\"user\": 7}}'", proxy.address);
    let run = called(&target, GREETING).expect(0);
    assert_eq!(run.json()["calls"][0]["notes"], serde_json::json!([]));
    let [start] = &proxy.exchanges("POST /start ")[..] else { panic!("one session") };
    let asked = serde_json::json!({ "transport": "webrtc", "enableDefaultIceServers": false, "body": { "user": 7 } });
    assert_eq!((start.status(), start.request.header("content-type")), ("200", "application/json"));
    assert_eq!(start.request.json(), asked);
    assert_eq!(start.response.json()["iceConfig"]["iceServers"][0]["username"], "caller");
    // The bot has an allocation of its own by the same name, and gives it back when it ends.
    let log = server.log_until(|log| relayed(log).0 > 100);
    assert!(log.contains("user <caller>: incoming packet ALLOCATE processed, success"), "{log}");
}

/// Nobody listens there: the sentence is the same, within the target's timeout.
#[test]
fn a_turn_server_that_is_not_there_is_named_within_the_timeout() {
    let _seat = seat();
    let bot = Bot::start();
    let start = Instant::now();
    let run = call(&bot, &ice_server(free_port(), "topsecret"), "3s").expect(3);
    let text = run.text();
    assert!(start.elapsed() < Duration::from_secs(8), "{text}");
    assert!(text.contains("was not connected within 3 s: no TURN server gave a relay address"), "{text}");
}

/// One scenario against the sample bot, over TURN only.
fn call(bot: &Bot, ice_server: &str, timeout: &str) -> Run {
    let target = format!("url: \"{}\", ice_transport_policy: relay, timeout: {timeout}, ice_servers: [{ice_server}]", bot.url);
    called(&target, STEPS)
}

/// One scenario against a `webrtc` target.
fn called(target: &str, steps: &str) -> Run {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("relayed.yaml");
    let steps = steps.replace("AUDIO", &root().join("audio").display().to_string());
    std::fs::write(&file, format!("name: relayed\ntarget: {{ webrtc: {{ {target} }} }}\nsteps:{steps}")).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder.path());
    Run::with(command, &[&file.to_string_lossy()])
}

fn ice_server(port: u16, credential: &str) -> String {
    format!("{{ urls: [\"stun:127.0.0.1:{port}\", \"turn:127.0.0.1:{port}\"], username: caller, credential: {credential} }}")
}

/// `goldencall bot` in a process of its own.
struct Bot {
    url: String,
    _process: Running,
}

impl Bot {
    fn start() -> Self {
        let any = "127.0.0.1:0";
        let (process, line) =
            Running::until(goldencall().args(["bot", "--listen", any, "--web", any, "--audiosocket", any]), "webrtc+http");
        let line = line.expect("a WebRTC door");
        Self { url: line.trim_start_matches("webrtc+").to_owned(), _process: process }
    }
}

/// coturn on the loopback with one user, whose password is `topsecret`.
struct TurnServer {
    port: u16,
    log: PathBuf,
    _process: Running,
    _folder: TempDir,
}

impl TurnServer {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let (port, log) = (free_port(), folder.path().join("log"));
        let child = command(folder.path(), port, &log).spawn().expect("coturn starts");
        let server = Self { port, log, _process: Running::new(child), _folder: folder };
        server.log_until(|log| log.contains("UDP listener opened on"));
        server
    }

    fn call(&self, bot: &Bot, credential: &str) -> Run {
        call(bot, &ice_server(self.port, credential), "10s")
    }

    /// Its log as soon as it has something, or as it is after ten seconds.
    #[track_caller]
    fn log_until(&self, has: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            if has(&log) {
                return log;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "coturn's log has it not:\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// No configuration file, no database, no log or process id but in this folder.
fn command(folder: &Path, port: u16, log: &Path) -> Command {
    let mut command = Command::new("turnserver");
    command.args(["-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers"]);
    command.args(["--lt-cred-mech", "--realm=acme.test", "--user=caller:topsecret"]);
    command.args(["--no-tls", "--no-dtls", "--no-tcp", "--no-cli", "--no-rfc5780", "--no-multicast-peers"]);
    command.args(["--verbose", "--simple-log", "--no-stdout-log"]).arg(format!("--listening-port={port}"));
    let files = [("--log-file", log.to_owned()), ("--pidfile", folder.join("pid")), ("--userdb", folder.join("users"))];
    for (option, file) in files {
        command.arg(option).arg(file);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir(folder);
    command
}

/// Packets that came from peers and went to them by the user's allocations, once those are closed.
fn relayed(log: &str) -> (u64, u64) {
    let usage = log.lines().filter_map(|line| line.split_once("peer usage: realm=<acme.test>, username=<caller>, "));
    usage.fold((0, 0), |(received, sent), (_, counts)| {
        let count = |name: &str| {
            let value = counts.split(", ").find_map(|field| field.strip_prefix(name)).expect("a count");
            value.parse::<u64>().expect("a number")
        };
        (received + count("rp="), sent + count("sp="))
    })
}
