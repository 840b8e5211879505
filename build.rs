//! Looks for the third-party peers of the tests, so that `cargo test` reports those whose peer is missing as ignored, with the
//! reason, and not as passed. In CI none is ignored: there a missing peer is a failure.

use std::path::Path;
use std::process::{Command, Stdio};

/// Programs that `tests/peers/install` installs.
const PROGRAMS: &[&str] = &["baresip", "chromium", "dnsmasq", "kamailio", "node", "python3", "sipp", "slurmctld", "tshark", "turnserver"];

/// What it installs beside itself.
const FILES: &[(&str, &str)] = &[
    ("python_peers", "tests/peers/.venv/bin/python"),
    ("node_peers", "tests/peers/node/node_modules"),
    ("asterisk", "tests/peers/.asterisk/usr/sbin/asterisk"),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The script touches itself once it has installed something.
    println!("cargo::rerun-if-changed=tests/peers/install");
    println!("cargo::rerun-if-env-changed=CI");
    println!("cargo::rerun-if-env-changed=PATH");
    let programs = PROGRAMS.iter().map(|name| (*name, is_installed(name)));
    let files = FILES.iter().map(|(name, path)| (*name, Path::new(path).exists()));
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    for (name, found) in programs.chain(files).chain([("root", is_root())]) {
        println!("cargo::rustc-check-cfg=cfg(missing_{name})");
        if !found && !in_ci {
            println!("cargo::rustc-cfg=missing_{name}");
        }
    }
}

fn is_installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Whether packets can be recorded and a chroot entered.
fn is_root() -> bool {
    let sudo = || Command::new("sudo").args(["-n", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.starts_with(b"0\n")) || sudo()
}
