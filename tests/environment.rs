//! Machines that lack something: goldencall works, or says in one sentence what is missing.

mod common;

use std::io::{Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use common::{goldencall, root, seat};

/// Where the models are: there may be no HOME to find them by.
fn models() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    set("GOLDENCALL_MODEL_DIR").or_else(|| Some(cache?.join("goldencall/models"))).expect("a HOME")
}

/// Runs a shell command in which `"$@"` is goldencall with these arguments, with nothing in the environment but PATH and the models.
fn in_shell(shell: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh", env!("CARGO_BIN_EXE_goldencall")]).args(arguments).current_dir(root());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("GOLDENCALL_MODEL_DIR", models());
    command.stdin(Stdio::null()).output().expect("a shell")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A call of a few seconds.
fn scenario(folder: &std::path::Path) -> String {
    let file = folder.join("call.yaml");
    std::fs::write(
        &file,
        "name: call\ntarget: bot:booking\nsteps:\n  - bot: { says: { contains: Acme Dental }, within: 5s }\n  - hangup: caller\n",
    )
    .expect("a scenario");
    file.display().to_string()
}

#[test]
fn few_descriptors_a_plain_locale_and_no_home() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    assert!(goldencall().args(["model", "pull"]).status().expect("goldencall").success());
    let (file, out) = (scenario(folder.path()), folder.path().join("out").display().to_string());
    std::fs::write(folder.path().join("goldencall.yaml"), "{}\n").expect("config");
    let config = folder.path().join("goldencall.yaml").display().to_string();
    let output = in_shell("ulimit -n 64; LC_ALL=C exec \"$@\"", &["run", &file, "--out", &out, "--config", &config]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
#[cfg_attr(missing_root, ignore = "needs root, to become another user and to mount")]
fn another_user_with_a_root_that_cannot_be_written() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    assert!(goldencall().args(["model", "pull"]).status().expect("goldencall").success());
    let (file, out) = (scenario(folder.path()), folder.path().join("out"));
    let config = folder.path().join("goldencall.yaml").display().to_string();
    std::fs::write(&config, "{}\n").expect("config");
    std::fs::create_dir(&out).expect("folder");
    // The program and the models where anybody can read them, as an image has them.
    let copied = "set -e; d=$1; shift; p=$1; shift; cp \"$p\" $d/goldencall; cp -r \"$GOLDENCALL_MODEL_DIR\" $d/models; chmod -R a+rX $d; chown -R nobody $d/out; \
        export GOLDENCALL_MODEL_DIR=$d/models; mount --bind $d $d; mount -o remount,bind,ro /; mount -t tmpfs -o ro none /dev/shm 2>/dev/null || true; \
        exec setpriv --reuid=65534 --clear-groups --bounding-set=-all $d/goldencall \"$@\"";
    let place = folder.path().display().to_string();
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", copied, "sh", &place, env!("CARGO_BIN_EXE_goldencall"), "run", &file]);
    command.args(["--out", &out.display().to_string(), "--config", &config]).current_dir("/");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("GOLDENCALL_MODEL_DIR", models());
    let output = command.output().expect("unshare");
    assert!(output.status.success() && said(&output).contains("1 passed"), "{}", said(&output));
}

#[test]
fn a_folder_that_cannot_be_written_is_one_sentence() {
    let output = in_shell("exec \"$@\"", &["run", "scenarios/booking.yaml", "--out", "/proc/goldencall"]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("error: /proc/goldencall") && !said.contains("panicked"), "{said}");
}

#[test]
fn variables_that_are_not_text_break_no_command() {
    for verb in [&["list", "scenarios"][..], &["check", "scenarios"], &["schema"], &["model", "path"], &["completions", "bash"]] {
        let mut command = goldencall();
        command
            .args(verb)
            .env("ODD", std::ffi::OsString::from_vec(vec![0xff, 0xfe]))
            .env(std::ffi::OsString::from_vec(vec![b'A', 0xff]), "x");
        let output = command.output().expect("goldencall");
        assert!(output.status.success(), "{verb:?}: {}", said(&output));
    }
}

#[test]
fn whoever_stops_reading_has_read_enough() {
    for verb in [&["list", "scenarios"][..], &["schema"], &["completions", "zsh"], &["match", "a b c", "a b d"], &["model", "list"]] {
        let mut command = goldencall();
        let mut child = command.args(verb).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("goldencall");
        drop(child.stdout.take());
        let mut errors = String::new();
        child.stderr.take().expect("errors").read_to_string(&mut errors).expect("text");
        let code = child.wait().expect("end").code();
        assert!(matches!(code, Some(0 | 4)) && !errors.contains("panicked"), "{verb:?}: {code:?} {errors}");
    }
}

#[test]
fn a_proxy_of_the_environment_is_not_used_for_this_machine() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address");
    let (sender, requests) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap_or(0);
            let _gone = stream.write_all(b"HTTP/1.1 486 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            // Closing with the rest unread would reset the connection.
            let _closed = stream.read_to_end(&mut Vec::new());
            let _test_over = sender.send(String::from_utf8_lossy(&request[..length]).into_owned());
        }
    });
    let file = folder.path().join("call.yaml");
    let target = format!("{{ webrtc: {{ url: \"http://{address}/offer\", signalling: whip }} }}");
    std::fs::write(&file, format!("name: call\ntarget: {target}\nsteps:\n  - bot: hello\n  - hangup: caller\n")).expect("a scenario");
    let mut command = goldencall();
    command.current_dir(folder.path()).args(["run", "call.yaml"]);
    let output = command.env("http_proxy", "http://127.0.0.1:9").env("HTTP_PROXY", "http://127.0.0.1:9").output().expect("goldencall");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("answered HTTP 486"), "{}", said(&output));
    let request = requests.recv().expect("a request");
    assert!(request.starts_with("POST /offer") || request.starts_with("OPTIONS /offer"), "{request}");
}

#[test]
fn a_run_of_odd_numbers_is_reported() {
    let folder = tempfile::tempdir().expect("folder");
    let started = r#"{"event":"run_started","version":"0.1.0","run":"1","started":"2026-01-01T00:00:00Z","targets":[],"calls":0,"jobs":1}"#;
    let finished = r#"{"event":"run_finished","thresholds":[],"seconds":1e300,"interrupted":false,"peak_calls":0}"#;
    std::fs::write(folder.path().join("events.jsonl"), format!("{started}\n{finished}\n")).expect("events");
    let mut command = goldencall();
    let output =
        command.arg("report").arg(folder.path()).arg("--report-junit").arg(folder.path().join("junit.xml")).output().expect("report");
    assert!(output.status.success(), "{}", said(&output));
}

/// Ten thousand scenarios in a release build: `list` and `check` take 2 s and 200 MB at most. A development build gets ten times as long.
#[test]
fn ten_thousand_scenarios_are_read_in_bounded_time_and_memory() {
    let folder = tempfile::tempdir().expect("folder");
    let audio = root().join("audio/caller/booking-request.wav").display().to_string();
    for number in 0..10_000 {
        let text = format!(
            "name: Scenario {number}\nsteps:\n  - bot: How can I help you today?\n  - caller: {{ audio: {audio} }}\n  - bot: Goodbye\n  - hangup: caller\n"
        );
        std::fs::write(folder.path().join(format!("{number:05}.yaml")), text).expect("a scenario");
    }
    for verb in ["list", "check"] {
        let mut command = goldencall();
        command.arg(verb).arg(folder.path()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("goldencall");
        let process = child.id();
        let watching = std::thread::spawn(move || {
            let mut most = 0;
            while let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) {
                let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let Some(kilobytes) = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()) else { break };
                most = most.max(kilobytes);
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            most
        });
        let mut text = String::new();
        child.stdout.take().expect("output").read_to_string(&mut text).expect("text");
        assert!(child.wait().expect("end").success());
        let megabytes = watching.join().expect("memory") / 1024;
        assert!(text.contains(if verb == "list" { "Scenario 9999" } else { "10000 scenarios, no mistakes" }), "{text}");
        assert!(megabytes < 200, "{verb}: {megabytes} MB");
    }
}
