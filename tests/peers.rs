//! Against software that we did not write: sipp, baresip and pjsua2, as bots that goldencall calls and as callers that
//! ring the sample bot.

#![expect(clippy::disallowed_methods, reason = "a test waits for processes by the wall clock")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::sip::{audio, baresip, scenario_file, wait_for_sip};
use common::sipp::{raw_ulaw, sipp};
use common::{Run, Running, free_port, goldencall, peer, python, root, sample_bot, seat, wait};

/// A sipp scenario with its recording filled in.
fn sipp_scenario(folder: &Path, name: &str, recording: &str) -> PathBuf {
    let raw = folder.join("recording.ulaw");
    raw_ulaw(&audio(recording), &raw);
    let text = std::fs::read_to_string(root().join("tests/peers/sipp").join(format!("{name}.xml"))).expect("scenario");
    let path = folder.join(format!("{name}.xml"));
    std::fs::write(&path, text.replace("RECORDING", &raw.to_string_lossy())).expect("scenario");
    path
}

const GREETING: &str = "  - bot: Thanks for calling Acme Dental. How can I help you today?\n  - caller: { audio: AUDIO/caller/booking-thats-all.wav }\n  - hangup: caller\n";

/// goldencall calls the target from a folder of its own, without the project's configuration.
fn call(folder: &Path, steps: &str, target: &str) -> Run {
    let mut command = goldencall();
    command.current_dir(folder);
    Run::with(command, &[&scenario_file(folder, steps), "--target", target])
}

/// goldencall calls a sipp scenario; both sides must be content with how the call went.
#[track_caller]
fn call_sipp(name: &str, steps: &str, code: i32) -> Option<Run> {
    if !peer("sipp") {
        return None;
    }
    let folder = tempfile::tempdir().expect("folder");
    let port = free_port();
    let bot = sipp(&sipp_scenario(folder.path(), name, "bot/booking-greeting.wav"), port, &[]).spawn().expect("sipp");
    std::thread::sleep(Duration::from_millis(500));
    let run = call(folder.path(), steps, &format!("sip:bot@127.0.0.1:{port}"));
    let output = wait(bot, Duration::from_secs(20));
    assert!(output.status.success(), "sipp: {}\n{}", String::from_utf8_lossy(&output.stderr), run.text());
    Some(run.expect(code))
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn sipp_as_a_bot_that_pauses_its_rtp() {
    let _seat = seat();
    let Some(run) = call_sipp("bot", GREETING, 0) else { return };
    let report = run.json();
    let greeting = report["calls"][0]["turns"][0]["latency_ms"].as_f64().expect("latency");
    assert!((0.0..1000.0).contains(&greeting), "{report}");
    assert_eq!(report["calls"][0]["codec"], "PCMU");
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn sipp_with_early_media() {
    let _seat = seat();
    let Some(run) = call_sipp("early", GREETING, 0) else { return };
    let call = run.json()["calls"][0].clone();
    let (spoke, setup) = (call["turns"][0]["utterances"][0]["start_ms"].as_f64(), call["setup_ms"].as_f64());
    assert!(spoke.zip(setup).is_some_and(|(spoke, setup)| spoke < setup - 300.0), "the bot speaks before it answers: {call}");
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn sipp_that_hangs_up_without_a_word() {
    let _seat = seat();
    let Some(run) = call_sipp("drops", GREETING, 4) else { return };
    assert!(run.text().contains("the bot hung up"), "{}", run.text());
    let call = run.json()["calls"][0].clone();
    assert_eq!(call["codec"], "PCMA");
    assert!(call["post_dial_delay_ms"].is_f64(), "a bot that does not ring is measured by its answer: {call}");
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn sipp_that_rejects() {
    let _seat = seat();
    for (name, kind, code) in [("busy", "busy", "486"), ("not-found", "rejected", "404")] {
        let Some(run) = call_sipp(name, GREETING, 3) else { return };
        assert_eq!(run.json()["calls"][0]["error"]["kind"], kind);
        assert!(run.text().contains(code), "{}", run.text());
    }
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn sipp_that_rings_gets_a_cancel() {
    let _seat = seat();
    if !peer("sipp") {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let port = free_port();
    let bot = sipp(&sipp_scenario(folder.path(), "rings", "bot/booking-greeting.wav"), port, &[]).spawn().expect("sipp");
    let config = format!("targets: {{ slow: {{ sip: {{ uri: \"sip:bot@127.0.0.1:{port}\", ring_timeout: 2s }} }} }}\n");
    std::fs::write(folder.path().join("goldencall.yaml"), config).expect("config");
    std::thread::sleep(Duration::from_millis(500));
    let run = call(folder.path(), GREETING, "slow");
    let output = wait(bot, Duration::from_secs(20));
    assert!(output.status.success(), "sipp: {}\n{}", String::from_utf8_lossy(&output.stderr), run.text());
    assert_eq!(run.expect(3).json()["calls"][0]["error"]["kind"], "no_answer");
}

#[test]
#[cfg_attr(missing_sipp, ignore = "sipp is not installed: run tests/peers/install")]
fn sipp_rings_the_sample_bot() {
    let _seat = seat();
    if !peer("sipp") {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    let scenario = sipp_scenario(folder.path(), "caller", "caller/booking-request.wav");
    let caller = sipp(&scenario, free_port(), &["-s", "booking", &address.to_string()]).spawn().expect("sipp");
    let output = wait(caller, Duration::from_secs(40));
    assert!(output.status.success(), "sipp: {}", String::from_utf8_lossy(&output.stderr));
}

/// Loudness of a recording, so that "it heard something" has a number.
fn loudness(wav: &Path) -> f64 {
    let mut reader = hound::WavReader::open(wav).unwrap_or_else(|error| panic!("{}: {error}", wav.display()));
    let samples: Vec<f64> = reader.samples::<i16>().filter_map(Result::ok).map(f64::from).collect();
    (samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

#[test]
#[cfg_attr(missing_baresip, ignore = "baresip is not installed: run tests/peers/install")]
fn baresip_as_a_bot() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let port = free_port();
    let Some(mut command) = baresip(folder.path(), port, "bot/long-terms.wav", "audio_codecs=PCMU,PCMA", &[]) else { return };
    let _bot = Running::new(command.stdout(Stdio::null()).spawn().expect("baresip"));
    wait_for_sip(port);
    let steps = "  - bot:\n      says: { contains: [calls may be recorded, monday through friday] }\n      latency: 3s\n      end_silence: 200ms\n  - hangup: caller\n";
    call(folder.path(), steps, &format!("sip:bot@127.0.0.1:{port}")).expect(0);
}

#[test]
#[cfg_attr(missing_baresip, ignore = "baresip is not installed: run tests/peers/install")]
fn baresip_rings_the_sample_bot() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    let dial = format!("/dial sip:booking@{address}");
    let Some(mut command) = baresip(folder.path(), free_port(), "bot/long-terms.wav", "audio_codecs=PCMU,PCMA", &[]) else { return };
    let caller = command.args(["-e", &dial, "-t", "9"]).stdout(Stdio::piped()).spawn().expect("baresip");
    let said = String::from_utf8_lossy(&wait(caller, Duration::from_secs(30)).stdout).into_owned();
    assert!(said.contains("Call established") && said.contains("incoming rtp for 'audio' established"), "{said}");
}

fn agent(python: &Path, arguments: &[&str]) -> Running {
    Running::ready(Command::new(python).arg(root().join("tests/peers/pjsua/agent.py")).args(arguments))
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn pjsua2_as_a_bot_that_updates_the_dialog() {
    let _seat = seat();
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("folder");
    let heard = folder.path().join("heard.wav");
    let port = free_port().to_string();
    let greeting = audio("bot/booking-greeting.wav");
    let _bot = agent(&python, &["bot", &port, &greeting.to_string_lossy(), &heard.to_string_lossy(), "40"]);
    call(folder.path(), GREETING, &format!("sip:bot@127.0.0.1:{port}")).expect(0);
    assert!(loudness(&heard) > 50.0, "the bot heard the caller");
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn pjsua2_rings_the_sample_bot() {
    let _seat = seat();
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("folder");
    let heard = folder.path().join("heard.wav");
    let (_bot, address) = sample_bot();
    let request = audio("caller/booking-request.wav");
    let mut caller =
        agent(&python, &["call", &format!("sip:booking@{address}"), &request.to_string_lossy(), &heard.to_string_lossy(), "8"]);
    let start = Instant::now();
    while caller.child.try_wait().expect("status").is_none() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(loudness(&heard) > 100.0, "the caller heard the bot");
}
