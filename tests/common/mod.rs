//! What the end-to-end tests share.

#![expect(dead_code, reason = "each test file uses its own part of this")]

pub mod parts;
pub mod sip;
pub mod sipp;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Four tests of a file may call at a time: a call is mostly waiting, and two cores transcribe for all of them.
static SEATS: [Mutex<()>; 4] = [const { Mutex::new(()) }; 4];

/// A turn beside other tests'.
pub fn seat() -> MutexGuard<'static, ()> {
    loop {
        for seat in &SEATS {
            match seat.try_lock() {
                Ok(taken) => return taken,
                Err(TryLockError::Poisoned(taken)) => return taken.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A turn that no other test has: for what is judged to the millisecond, or keeps the recogniser busy.
pub fn turn() -> [MutexGuard<'static, ()>; 4] {
    [0, 1, 2, 3].map(|seat| SEATS[seat].lock().unwrap_or_else(PoisonError::into_inner))
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program under test, run in the project's folder.
pub fn goldencall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goldencall"));
    command.current_dir(root()).env("CI", "true").env_remove("GOLDENCALL_LOG").env_remove("GOLDENCALL_TARGET");
    command
}

/// One run with all its reports in a folder of its own.
pub struct Run {
    pub folder: TempDir,
    pub output: Output,
}

impl Run {
    pub fn of(arguments: &[&str]) -> Self {
        Self::with(goldencall(), arguments)
    }

    pub fn with(mut command: Command, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let output = command
            .arg("run")
            .args(arguments)
            .arg("--out")
            .arg(folder.path().join("out"))
            .arg("--report-junit")
            .arg(folder.path().join("junit.xml"))
            .arg("--report-json")
            .arg(folder.path().join("report.json"))
            .output()
            .expect("goldencall runs");
        Self { folder, output }
    }

    pub fn code(&self) -> i32 {
        self.output.status.code().unwrap_or(-1)
    }

    pub fn text(&self) -> String {
        let (out, err) = (String::from_utf8_lossy(&self.output.stdout), String::from_utf8_lossy(&self.output.stderr));
        format!("{out}\n{err}")
    }

    /// Fails with everything that was printed unless the exit code is this one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{}", self.text());
        self
    }

    pub fn junit(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("junit.xml")).expect("junit.xml")
    }

    pub fn json(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join("report.json")).expect("report.json");
        serde_json::from_str(&text).expect("JSON")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Whether a program is here.
pub fn installed(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program}")]).output().is_ok_and(|output| output.status.success())
}

/// Whether a program of another maker is here. Outside of CI, `build.rs` marks the tests whose peer is missing as ignored, with
/// the reason; where one is run all the same, a missing peer is a failure.
pub fn peer(program: &str) -> bool {
    let found = installed(program);
    if !found {
        missing(program);
    }
    found
}

/// Fails: without its peer, a test shows nothing.
pub fn missing(what: &str) {
    panic!("{what} is missing: run tests/peers/install");
}

/// A UDP port that is free now.
pub fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// A TCP port that is free now.
pub fn free_tcp_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// A process that ends with its test. What it wrote to stderr is shown when the test fails.
pub struct Running {
    pub child: Child,
    log: Option<File>,
}

impl Running {
    /// Starts a process and leaves its output alone.
    pub fn new(child: Child) -> Self {
        Self { child, log: None }
    }

    /// Starts a peer and waits for the line `ready` on its output.
    #[track_caller]
    pub fn ready(command: &mut Command) -> Self {
        let (running, line) = Self::until(command, "ready");
        assert!(line.is_some(), "{command:?} ended before it was ready");
        running
    }

    /// Starts a process and waits for the first line of its output that contains this text. The rest is read away.
    pub fn until(command: &mut Command, text: &str) -> (Self, Option<String>) {
        let log = tempfile::tempfile().expect("a log");
        let stderr = log.try_clone().expect("a log");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().expect("the process starts");
        let mut lines = BufReader::new(child.stdout.take().expect("output")).lines();
        let found = lines.by_ref().map_while(Result::ok).find(|line| line.contains(text));
        std::thread::spawn(move || lines.for_each(drop));
        (Self { child, log: Some(log) }, found)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
        if let (true, Some(log)) = (std::thread::panicking(), &mut self.log) {
            let mut text = Vec::new();
            let _start = log.seek(SeekFrom::Start(0));
            let _read = log.read_to_end(&mut text);
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<&str> = text.lines().collect();
            eprintln!("the peer's log ends:\n{}", lines[lines.len().saturating_sub(60)..].join("\n"));
        }
    }
}

/// `goldencall bot` in a process of its own, on ports of its own, and where it listens for SIP.
pub fn sample_bot() -> (Running, SocketAddr) {
    sample_bot_at("127.0.0.1:0")
}

/// The same, with SIP at this address.
pub fn sample_bot_at(listen: &str) -> (Running, SocketAddr) {
    let mut command = goldencall();
    command.args(["bot", "--listen", listen, "--web", "127.0.0.1:0", "--audiosocket", "127.0.0.1:0"]);
    let (bot, line) = Running::until(&mut command, "sip:");
    let address = line.as_deref().and_then(|line| line.trim().rsplit('@').next()).expect("the bot's address");
    (bot, address.parse().expect("an address"))
}

/// The sample bot with further arguments, and where its web side listens.
pub fn sample_bot_on_the_web(more: &[&str]) -> (Running, String) {
    let any = "127.0.0.1:0";
    let mut command = goldencall();
    command.args(["bot", "--listen", any, "--web", any, "--audiosocket", any]).args(more);
    let (bot, line) = Running::until(&mut command, "twilio+ws://");
    let line = line.expect("an address");
    (bot, line.trim_start_matches("twilio+ws://").split('/').next().expect("an address").to_owned())
}

/// Waits for a process, at most so long; then it is ended.
#[expect(clippy::disallowed_methods, reason = "a test waits for processes by the wall clock")]
pub fn wait(mut child: Child, most: Duration) -> Output {
    let start = Instant::now();
    while child.try_wait().expect("status").is_none() && start.elapsed() < most {
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ended = child.kill();
    child.wait_with_output().expect("output")
}

/// The Python of the peers that tests/peers/install installs.
pub fn python() -> Option<PathBuf> {
    let python = root().join("tests/peers/.venv/bin/python");
    if !python.exists() {
        missing("the peers' Python environment");
        return None;
    }
    Some(python)
}

/// A peer that runs on Node.js.
pub fn node(script: &str) -> Option<Command> {
    if !root().join("tests/peers/node/node_modules").exists() {
        missing("the peers' Node.js packages");
        return None;
    }
    let mut command = Command::new("node");
    command.arg(root().join("tests/peers/node").join(script));
    peer("node").then_some(command)
}
