//! A machine with only what a call needs: a network namespace with nothing but loopback, no multicast route, no IPv6, no
//! resolv.conf, no certificates, no HOME, no real-time priority.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::{goldencall, seat};

/// Where the models are: there is no HOME to find them by.
fn models() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    set("GOLDENCALL_MODEL_DIR").or_else(|| Some(cache?.join("goldencall/models"))).expect("a HOME")
}

#[test]
#[cfg_attr(missing_root, ignore = "needs root, for a network namespace")]
fn calls_do_without_what_they_can_do_without() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    // Inside there is no network to fetch them over.
    assert!(goldencall().args(["model", "pull"]).status().expect("goldencall").success());
    for over in ["webrtc", "whip", "sip", "twilio"] {
        let target = if over == "sip" { "bot:booking".to_owned() } else { format!("bot:booking?over={over}") };
        let steps = "  - bot: Thanks for calling Acme Dental. How can I help you today?\n  - hangup: caller\n";
        let text = format!("name: {over}\ntarget: \"{target}\"\nsteps:\n{steps}");
        std::fs::write(folder.path().join(format!("{over}.yaml")), text).expect("scenario");
    }
    let bare = "ip link set lo up && mount -t tmpfs none /etc/ssl && mount --bind /dev/null /etc/resolv.conf && exec setpriv --bounding-set=-sys_nice \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "sh", "-c", bare, "sh", env!("CARGO_BIN_EXE_goldencall"), "run"]);
    command.args(["webrtc.yaml", "whip.yaml", "sip.yaml", "twilio.yaml", "--jobs", "2"]).current_dir(folder.path());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("GOLDENCALL_MODEL_DIR", models());
    let output = command.output().expect("unshare");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("4 passed"), "{said}");
}
