//! `goldencall load` against the built-in sample bot, over real SIP and RTP on loopback.

#![expect(clippy::disallowed_methods, reason = "a test waits for processes by the wall clock")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{goldencall, root, seat, wait};
use serde_json::Value;
use tempfile::TempDir;

/// A suite of short calls in which no words are asked for, in a folder of its own: nothing is transcribed.
struct Suite(TempDir);

impl Suite {
    /// With a fault of the bot's and a `goldencall.yaml`.
    fn new(fault: Option<&str>, config: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path();
        std::os::unix::fs::symlink(root().join("audio"), path.join("audio")).expect("link");
        let script = "brief:\n  think: 300ms\n  replies: [audio/bot/order-one-moment.wav, audio/bot/order-one-moment.wav]\n\
                      leaves:\n  hangs_up: true\n  replies: [[audio/bot/order-one-moment.wav, 2s]]\n";
        std::fs::write(path.join("bot.yaml"), script).expect("script");
        let fault = fault.map(|fault| format!(", fault: \"{fault}\"")).unwrap_or_default();
        let target = format!("targets: {{ brief: {{ bot: {{ script: brief, file: bot.yaml{fault} }} }} }}\ntarget: brief\n");
        std::fs::write(path.join("goldencall.yaml"), target + config).expect("configuration");
        std::fs::create_dir(path.join("scenarios")).expect("folder");
        let greeting = "name: Greeting\nweight: 3\nsteps:\n  - bot: { latency: 2s }\n  - hangup: caller\n";
        let exchange = "name: Exchange\nsteps:\n  - bot: { latency: 2s }\n  - caller: { audio: ../audio/caller/balance-thanks.wav }\n  \
                        - bot: { latency: 2s }\n  - hangup: caller\n";
        std::fs::write(path.join("scenarios/greeting.yaml"), greeting).expect("scenario");
        std::fs::write(path.join("scenarios/exchange.yaml"), exchange).expect("scenario");
        Self(folder)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = goldencall();
        command.current_dir(self.0.path()).env_remove("GOLDENCALL_OUT").env_remove("GOLDENCALL_CONFIG").args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("it runs")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("goldencall-load").join(name)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("load.json")).expect("load.json")).expect("JSON")
    }

    fn junit(&self) -> String {
        std::fs::read_to_string(self.path("junit.xml")).expect("junit.xml")
    }

    fn recordings(&self, extension: &str) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.path("calls")).expect("calls").map(|entry| entry.expect("entry").path());
        let mut found: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|end| end == extension)).collect();
        found.sort();
        found
    }
}

fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn count(value: &Value) -> u64 {
    value.as_u64().expect("a count")
}

#[test]
fn callers_call_again_until_the_end_and_every_call_is_judged() {
    let _seat = seat();
    let suite = Suite::new(None, "thresholds: { turn_latency.p95: 2s }\n");
    let output = suite.run(&["load", "--calls-at-once", "4", "--ramp", "1s", "--hold", "14s"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report = suite.json();
    let whole = &report["whole"];
    // A call lasts three to six seconds.
    let passed = count(&whole["passed"]);
    assert!(passed >= 8 && count(&whole["started"]) == passed && count(&whole["calls_now"]) == 0, "{report:#}");
    assert!((2..=4).contains(&count(&whole["calls_peak"])), "{whole}");
    let rows = report["rows"].as_array().expect("rows");
    assert!(rows.len() >= 2 && rows.iter().map(|row| count(&row["passed"])).sum::<u64>() == passed, "{report:#}");
    assert!(whole["turn_latency_ms"]["p99"].as_f64().is_some_and(|late| late > 200.0 && late < 2000.0), "{whole}");
    assert!(whole["tester"]["cpu_cores"].as_f64().is_some_and(|cores| cores > 0.0), "{whole}");
    let shares = report["plan"]["scenarios"].as_array().expect("scenarios");
    let of = |name: &str| shares.iter().find(|share| share["scenario"] == name).map(|share| count(&share["started"])).expect(name);
    assert!(of("Greeting").abs_diff(of("Exchange") * 3) <= 3, "{shares:?}");
    // The goal where none is written: every call passes.
    assert!(said.contains("PASS  threshold pass_rate: at least 100.0 % (measured 100.0 %"), "{said}");
    assert!(said.contains("PASSED: every threshold held over the whole load"), "{said}");
    let junit = suite.junit();
    assert!(junit.contains("tests=\"3\" skipped=\"0\" failures=\"0\" errors=\"0\""), "{junit}");
    assert!(suite.recordings("wav").is_empty());
}

#[test]
fn a_bot_that_is_late_is_named_and_stops_the_load() {
    let _seat = seat();
    let limits = "thresholds: { pass_rate: 100% }\nload: { thresholds: { pass_rate: { threshold: 80%, abort_on_fail: true } } }\n";
    let suite = Suite::new(Some("late:3s"), limits);
    let start = Instant::now();
    let output = suite.run(&["load", "scenarios/exchange.yaml", "--calls-at-once", "3", "--ramp", "0", "--hold", "5m"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let report = suite.json();
    assert_eq!(
        (&report["verdict"], &report["kinds"][0]["kind"], &report["kinds"][0]["side"]),
        (&"failed".into(), &"latency".into(), &"bot".into())
    );
    let why = report["ending"]["aborted"].as_str().expect("aborted");
    assert!(why.starts_with("pass_rate: at least 80.0 % (measured 0.0 %") && said.contains(why), "{why}\n{said}");
    assert!(said.contains("first bad interval: 00:00 to "), "{said}");
    let junit = suite.junit();
    assert!(junit.contains("<failure") && junit.contains("type=\"latency\""), "{junit}");
    // Each failed call can be heard and read.
    let failed = count(&report["whole"]["failed"]) as usize;
    let (wavs, journals) = (suite.recordings("wav"), suite.recordings("jsonl"));
    assert!(failed > 0 && wavs.len() == failed && journals.len() == failed, "{report:#}");
    hound::WavReader::open(&wavs[0]).expect("WAV");
    let journal = journals[0].to_str().expect("a path");
    let shown = text(&suite.run(&["report", journal]));
    assert!(shown.contains("FAIL  Exchange") && shown.contains("latency"), "{shown}");
    let refused = text(&suite.run(&["report", "goldencall-load"]));
    assert!(refused.contains("goldencall-load holds a load"), "{refused}");
}

#[test]
fn an_interrupted_load_ends_its_calls_and_leaves_whole_reports() {
    let _seat = seat();
    for signal in [nix::sys::signal::Signal::SIGINT, nix::sys::signal::Signal::SIGTERM] {
        let suite = Suite::new(None, "");
        let mut command = suite.command(&["load", "--calls-at-once", "2", "--ramp", "0", "--hold", "5m"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("load");
        until_there(&suite.path("load.json"));
        std::thread::sleep(Duration::from_secs(4));
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("pid"));
        nix::sys::signal::kill(pid, signal).expect("signal");
        let interrupted = Instant::now();
        let output = wait(child, Duration::from_secs(20));
        let said = text(&output);
        assert!(interrupted.elapsed() < Duration::from_secs(8), "{:?}", interrupted.elapsed());
        assert_eq!(output.status.code(), Some(3), "{said}");
        let report = suite.json();
        let whole = &report["whole"];
        assert_eq!((&report["ending"], &report["verdict"]), (&"interrupted".into(), &"error".into()), "{report:#}");
        assert_eq!((&whole["failed"], &whole["errors"], &whole["calls_now"]), (&0.into(), &0.into(), &0.into()), "{report:#}");
        assert_eq!(count(&whole["started"]), count(&whole["passed"]) + count(&whole["cut_short"]), "{report:#}");
        assert!(count(&whole["cut_short"]) > 0, "{report:#}");
        assert!(suite.junit().contains("the load was interrupted") && said.contains("ERROR: the load was interrupted"), "{said}");
    }
}

fn until_there(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "{} is not written", path.display());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The bot hangs up two seconds after its greeting, which is wrong of it unless it was the tester that kept the caller from speaking.
#[test]
fn the_same_bot_fails_with_a_quick_tester_and_is_not_judged_with_a_slow_one() {
    let _seat = seat();
    let load = |seconds: u32| {
        let suite = Suite::new(None, &format!("stt: {{ command: [sh, -c, \"cat > /dev/null; sleep {seconds}; echo One moment\"] }}\n"));
        let steps = "target: { bot: { script: leaves, file: ../bot.yaml } }\nsteps:\n  - bot: { says: One moment, advance: match }\n  \
                     - caller: { audio: ../audio/caller/balance-request.wav }\n  - bot: { within: 3s }\n  - hangup: caller\n";
        std::fs::write(suite.0.path().join("scenarios/leaves.yaml"), steps).expect("scenario");
        let output = suite.run(&["load", "scenarios/leaves.yaml", "--calls-at-once", "1", "--ramp", "0", "--hold", "1s"]);
        (output.status.code(), suite.json(), text(&output))
    };
    let (code, report, said) = load(4);
    let whole = &report["whole"];
    assert_eq!((code, &whole["failed"], &whole["not_judged"], &whole["passed"]), (Some(3), &0.into(), &1.into(), &0.into()), "{said}");
    assert_eq!((&report["kinds"][0]["kind"], &report["kinds"][0]["side"]), (&"too_slow".into(), &"tester".into()), "{report:#}");
    assert!(said.contains("this machine could not carry 1 call at once: 1 of 1 calls (100.0 %) were not judged"), "{said}");
    let (code, report, said) = load(0);
    let whole = &report["whole"];
    assert_eq!((code, &whole["failed"], &whole["not_judged"]), (Some(4), &1.into(), &0.into()), "{said}");
    assert_eq!((&report["verdict"], &report["kinds"][0]["side"]), (&"failed".into(), &"bot".into()), "{report:#}");
}

#[test]
fn arrivals_above_the_most_calls_are_dropped_and_said() {
    let _seat = seat();
    let suite = Suite::new(None, "");
    let output = suite.run(&[
        "load",
        "scenarios/greeting.yaml",
        "--arrivals",
        "3/s",
        "--max-calls",
        "2",
        "--ramp",
        "0",
        "--hold",
        "8s",
        "--recordings",
        "all",
    ]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    let whole = &suite.json()["whole"];
    let (started, dropped) = (count(&whole["started"]), count(&whole["dropped"]));
    // The machine may skip none: every arrival is placed or counted.
    assert_eq!((started + dropped, &whole["failed"]), (24, &0.into()), "{whole}");
    assert!(dropped > 0 && count(&whole["calls_peak"]) <= 2, "{whole}");
    assert!(said.contains(&format!("{dropped} arrivals dropped: 2 calls were under way (--max-calls)")), "{said}");
    assert_eq!(suite.recordings("wav").len() as u64, started);
}

#[test]
fn mistakes_are_named_before_any_call() {
    let suite = Suite::new(None, "");
    let load = |more: &[&str]| {
        let output = suite.run(&[&["load", "--calls-at-once", "1", "--hold", "5s"], more].concat());
        (output.status.code(), text(&output))
    };
    let (code, said) = load(&["--weight", "Exchnge=3"]);
    assert!(code == Some(1) && said.contains("no scenario of this load is called `Exchnge`; there are `Exchange`, `Greeting`"), "{said}");
    let (code, said) = load(&["--weight", "Exchange=x"]);
    assert!(code == Some(1) && said.contains("write a whole number from 0 to 1000"), "{said}");
    let (code, said) = load(&["--weight", "Exchange=0", "--weight", "Greeting=0"]);
    assert!(code == Some(5) && said.contains("every scenario has weight 0"), "{said}");
    let suite = Suite::new(None, "thresholds: { pass_rate: { threshold: 80%, abort_on_fail: true } }\n");
    let said = text(&suite.run(&["check"]));
    assert!(said.contains("goldencall.yaml:3:28") && said.contains("`abort_on_fail` belongs to `load: { thresholds: ... }`"), "{said}");
}
