//! Bad days: killed, crashed, no room on the disk, two runs at once. What is on disk afterwards must not look like success.

#![expect(clippy::disallowed_methods, reason = "a test waits for processes by the wall clock")]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{goldencall, seat};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// A greeting, and the end.
const SHORT: &str = "name: A line\ntarget: bot:booking\nsteps:\n  - bot: { within: 5s }\n  - hangup: caller\n";

fn scenario(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("line.yaml");
    std::fs::write(&file, text).expect("a scenario");
    (folder, file)
}

fn run(file: &Path, out: &Path, more: &[&str]) -> Command {
    let mut command = goldencall();
    // No goldencall.yaml, no thresholds.
    command.current_dir(file.parent().expect("a folder")).arg("run").arg(file).arg("--out").arg(out).args(more);
    command
}

fn text(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().expect("goldencall runs");
    (output.status.code(), format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

/// Waits until so many calls have a result on disk.
fn wait_for_results(out: &Path, count: usize) {
    let start = Instant::now();
    let results = || std::fs::read_to_string(out.join("events.jsonl")).unwrap_or_default().matches("\"event\":\"call_finished\"").count();
    while results() < count {
        assert!(start.elapsed() < Duration::from_secs(60), "no result");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).expect("pid")), signal).expect("signal");
}

fn json(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).expect("a file")).expect("JSON")
}

#[test]
fn a_killed_run_is_not_green() {
    let _seat = seat();
    let (folder, file) = scenario(SHORT);
    let (out, elsewhere) = (folder.path().join("out"), folder.path().join("elsewhere.xml"));
    let more = ["--repeat", "3", "--jobs", "1", "--report-junit", elsewhere.to_str().expect("UTF-8")];
    // The reports of a green run before.
    let (code, said) = text(&mut run(&file, &out, &more[4..]));
    assert_eq!(code, Some(0), "{said}");
    assert!(!std::fs::read_to_string(&elsewhere).expect("junit").contains("<error"));
    std::fs::remove_file(out.join("events.jsonl")).expect("the events of the run before");
    let mut child = run(&file, &out, &more).stdout(Stdio::null()).spawn().expect("run");
    wait_for_results(&out, 1);
    let (code, said) = text(&mut run(&file, &out, &[]));
    assert!(code == Some(3) && said.contains("is in use by another run (process ") && said.contains("--out DIR"), "{said}");
    signal(&child, Signal::SIGKILL);
    child.wait().expect("end");
    for junit in [&out.join("junit.xml"), &elsewhere] {
        let junit = std::fs::read_to_string(junit).expect("junit");
        assert!(junit.contains("tests=\"3\" ") && junit.matches("type=\"unfinished\"").count() == 2, "{junit}");
    }
    let results = json(&out.join("results.json"));
    assert_eq!((&results["complete"], &results["errors"], &results["passed"]), (&false.into(), &2.into(), &1.into()));
    let (code, said) = text(goldencall().arg("report").arg(&out));
    assert!(
        code == Some(3)
            && said.contains("1 passed, 0 failed, 2 errors, greeting")
            && said.contains("; the run broke off, 2 calls without a result"),
        "{said}"
    );
    assert_eq!(said.matches("goldencall was killed or crashed").count(), 2, "{said}");
    // The folder is free again, and the next run is whole.
    let (code, said) = text(&mut run(&file, &out, &more));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(json(&out.join("results.json"))["complete"], true);
}

#[test]
fn a_stall_of_the_tester_is_not_the_bots_failure() {
    let _seat = seat();
    let (folder, file) = scenario("");
    std::fs::copy(common::root().join("scenarios/booking.yaml"), &file).expect("a scenario");
    let text = std::fs::read_to_string(&file).expect("a scenario");
    let audio = common::root().join("scenarios/../audio");
    std::fs::write(&file, text.replace("../audio", audio.to_str().expect("UTF-8"))).expect("a scenario");
    let (_bot, address) = common::sample_bot();
    let out = folder.path().join("out");
    let target = format!("sip:booking@{address}");
    let child = run(&file, &out, &["--target", &target]).stdout(Stdio::piped()).spawn().expect("run");
    let speaks = || std::fs::read_to_string(out.join("events.jsonl")).is_ok_and(|events| events.contains("speech_start"));
    let start = Instant::now();
    while !speaks() {
        assert!(start.elapsed() < Duration::from_secs(60), "the caller does not speak");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, Signal::SIGSTOP);
    std::thread::sleep(Duration::from_millis(2000));
    signal(&child, Signal::SIGCONT);
    let output = common::wait(child, Duration::from_secs(60));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("while the caller spoke") && said.contains("the tester stalled for "), "{said}");
    let results = json(&out.join("results.json"));
    let call = &results["calls"][0];
    let stalled = |stall: &Value| stall["end_ns"].as_i64().unwrap_or(0) - stall["start_ns"].as_i64().unwrap_or(0);
    let longest = call["stalls"].as_array().expect("stalls").iter().map(stalled).max();
    assert!(longest.is_some_and(|longest| (1_900_000_000..4_000_000_000).contains(&longest)), "{call}");
    assert_eq!((&call["outcome"], &call["error"]["kind"]), (&"error".into(), &"tester".into()), "{call}");
}

#[test]
fn a_run_that_is_asked_to_quit_leaves_whole_reports() {
    let _seat = seat();
    let (folder, file) = scenario(SHORT);
    let out = folder.path().join("out");
    let mut child = run(&file, &out, &["--repeat", "3", "--jobs", "1"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("run");
    wait_for_results(&out, 1);
    signal(&child, Signal::SIGQUIT);
    assert_eq!(child.wait().expect("end").code(), Some(3));
    let results = json(&out.join("results.json"));
    assert_eq!((&results["complete"], results["calls"].as_array().map(Vec::len)), (&false.into(), Some(3)));
}

#[test]
fn a_lost_recording_is_an_error_and_kept_ones_are_private() {
    let _seat = seat();
    let (folder, file) = scenario(SHORT);
    let out = folder.path().join("out");
    std::fs::create_dir_all(out.join("calls/001-a-line.wav")).expect("a folder in the recording's place");
    let (code, said) = text(&mut run(&file, &out, &["--pcap"]));
    assert!(code == Some(3) && said.contains("PASS  A line") && said.contains("error: the recording could not be written to"), "{said}");
    assert!(json(&out.join("results.json"))["calls"][0]["lost"][0].as_str().is_some_and(|lost| lost.contains("recording")));
    std::fs::remove_dir(out.join("calls/001-a-line.wav")).expect("removed");
    let (code, said) = text(&mut run(&file, &out, &["--pcap"]));
    assert_eq!(code, Some(0), "{said}");
    for kept in ["calls/001-a-line.wav", "calls/001-a-line.pcap"] {
        assert_eq!(std::fs::metadata(out.join(kept)).expect("a file").permissions().mode() & 0o777, 0o600, "{kept}");
    }
}

#[test]
fn reports_have_the_mode_that_the_umask_leaves_and_any_scenario_has_a_recording() {
    let _seat = seat();
    let name = "long ".repeat(80);
    let (folder, file) = scenario(&SHORT.replace("A line", name.trim()));
    let out = folder.path().join("out");
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 027 && exec \"$@\"", "sh"]).arg(env!("CARGO_BIN_EXE_goldencall"));
    shell.current_dir(folder.path());
    let (code, said) = text(shell.env("CI", "true").arg("run").arg(&file).arg("--out").arg(&out));
    assert_eq!(code, Some(0), "{said}");
    for report in ["junit.xml", "results.json"] {
        assert_eq!(std::fs::metadata(out.join(report)).expect("a report").permissions().mode() & 0o777, 0o640, "{report}");
    }
    let recording = json(&out.join("results.json"))["calls"][0]["recording"].as_str().map(PathBuf::from).expect("a recording");
    assert!(recording.is_file(), "{}", recording.display());
}

#[test]
fn a_report_without_room_is_an_error_where_the_results_are_read() {
    let _seat = seat();
    let (folder, file) = scenario(SHORT);
    let output = run(&file, &folder.path().join("out"), &["--report-junit", "/dev/full"]).output().expect("goldencall runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("error: a report could not be written: /dev/full: No space left on device"), "{said}");
}

#[test]
fn files_that_never_end_are_bounded_and_named() {
    let start = Instant::now();
    let (code, said) = text(goldencall().args(["check", "/dev/zero"]));
    assert!(code == Some(1) && said.contains("/dev/zero: it goes on; at most 16 MB are read"), "{said}");
    let (folder, file) = scenario("name: A line\nsteps:\n  - caller: { audio: long.wav }\n  - bot: hello\n");
    let long = folder.path().join("long.wav");
    std::fs::File::create(&long).and_then(|file| file.set_len(2 << 30)).expect("a sparse file");
    let (code, said) = text(goldencall().arg("check").arg(&file));
    assert!(code == Some(2) && said.contains("long.wav") && said.contains("it has 2147483648 bytes; at most 128 MB are read"), "{said}");
    let (code, said) = text(goldencall().args(["report", "/dev/zero"]));
    assert!(code == Some(1) && said.contains("line 1 is not a goldencall event: it is too long"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(60));
}
