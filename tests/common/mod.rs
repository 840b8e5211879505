//! What the end-to-end tests share.

#![expect(dead_code, reason = "each test file uses its own part of this")]

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tempfile::TempDir;

/// Calls of one test file take turns: two cores cannot give every test a machine of its own.
static TURN: Mutex<()> = Mutex::new(());

pub fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Whether a program of another maker is here. In CI a missing one is a failure, elsewhere the test is left out
/// and says so.
pub fn peer(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().is_ok_and(|output| output.status.success());
    if !found {
        missing(program);
    }
    found
}

pub fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} is missing: run tests/peers/install");
    eprintln!("left out: {what} is not installed (tests/peers/install installs it)");
}

/// A UDP port that is free now.
pub fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}
