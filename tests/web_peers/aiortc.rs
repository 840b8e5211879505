//! A bot on plain aiortc, good and bad.

use std::process::Command;
use std::time::{Duration, Instant};

use super::common::{Run, Running, free_tcp_port, python, root, seat};
use super::support::{BOT_HANGS_UP, CALLER_HANGS_UP, SHORT, call_of, passes, plausible, run, scenario};

/// The bot, and where it takes offers.
fn bot(arguments: &[&str]) -> Option<(Running, String)> {
    let port = free_tcp_port().to_string();
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/peers/aiortc/bot.py")).args(["--port", &port]).args(arguments);
    Some((Running::ready(&mut command), format!("http://127.0.0.1:{port}/api/offer")))
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn aiortc_opus() {
    let _seat = seat();
    let Some((_bot, url)) = bot(&["--turns", "1"]) else { return };
    passes(&format!("webrtc+{url}"), &[SHORT, BOT_HANGS_UP], "opus");
}

/// The bot answers with one codec; goldencall offers all of them.
#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn aiortc_with_g711() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let Some((_mu, mu)) = bot(&["--codec", "pcmu"]) else { return };
    let Some((_a, a)) = bot(&["--codec", "pcma"]) else { return };
    let file = |name: &str, url: &str| scenario(folder.path(), name, &format!("webrtc+{url}"), &[SHORT, CALLER_HANGS_UP]);
    let report = run(folder.path(), &[&file("PCMU", &mu), &file("PCMA", &a), "--jobs", "2"]).expect(0).json();
    for codec in ["PCMU", "PCMA"] {
        let call = call_of(&report, codec);
        assert_eq!(call["codec"], codec);
        plausible(call, 1);
    }
}

/// A bot that answers wrongly makes an error with these words, within the target's time-out or at once.
#[track_caller]
fn goes_wrong(bad: &str, kind: &str, words: &[&str]) {
    let _seat = seat();
    let Some((_bot, url)) = bot(&["--bad", bad]) else { return };
    let folder = tempfile::tempdir().expect("folder");
    let target = format!("{{ webrtc: {{ url: \"{url}\", timeout: 6s }} }}");
    let file = scenario(folder.path(), "bad", &target, &[SHORT, CALLER_HANGS_UP]);
    let start = Instant::now();
    let run: Run = run(folder.path(), &[&file]).expect(3);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let report = run.json();
    assert_eq!(report["calls"][0]["error"]["kind"], kind, "{}", run.text());
    let message = report["calls"][0]["error"]["message"].as_str().expect("a message");
    for words in words {
        assert!(message.contains(&words.replace("URL", &url)), "{words}\n{}", run.text());
    }
    assert!(!run.junit().contains("<failure"), "{}", run.junit());
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn aiortc_that_refuses_audio() {
    goes_wrong("no-audio", "bad_answer", &["URL gave an answer that refuses the audio (port 0)"]);
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn aiortc_with_another_certificate_than_it_tells() {
    goes_wrong(
        "fingerprint",
        "bad_answer",
        &[
            "no connection to URL: ICE found a way and the DTLS handshake failed; does the bot's certificate match the fingerprint of its answer?",
        ],
    );
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn aiortc_that_cannot_be_reached() {
    goes_wrong("no-ice", "no_response", &["webrtc+URL was not connected within 6 s: no ICE candidate pair works"]);
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn aiortc_that_fails_itself() {
    goes_wrong("http500", "rejected", &["URL answered HTTP 500", "the bot is broken"]);
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn aiortc_that_breaks_its_json_off() {
    goes_wrong("json", "bad_answer", &["URL", "JSON"]);
}
