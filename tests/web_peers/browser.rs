//! Headless Chromium rings the sample bot.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::common::{Running, goldencall, node, peer, root, turn, wait};

/// Seconds of silence before the caller speaks: the bot's greeting fits in, and the browser's start.
const PATIENCE: u32 = 7;

/// The microphone of the browser: silence, a recording, silence.
fn microphone(recording: &str, to: &Path) {
    let mut reader = hound::WavReader::open(root().join("audio/caller").join(recording)).expect("WAV");
    let rate = reader.spec().sample_rate;
    let mut writer = hound::WavWriter::create(to, reader.spec()).expect("WAV");
    let silence = |seconds: u32| std::iter::repeat_n(0_i16, (seconds * rate) as usize);
    let speech: Vec<i16> = reader.samples().map(|sample| sample.expect("sample")).collect();
    silence(PATIENCE).chain(speech).chain(silence(20)).for_each(|sample| writer.write_sample(sample).expect("sample"));
    writer.finalize().expect("WAV");
}

/// The spoken passages of one side, longer than a click.
fn passages(report: &Value, side: &str) -> Vec<(f64, f64)> {
    let all = report[side].as_array().expect("passages").iter();
    let all = all.map(|passage| (passage["from"].as_f64().expect("from"), passage["to"].as_f64().expect("to")));
    all.filter(|(from, to)| to - from > 0.3).collect()
}

#[test]
#[cfg_attr(missing_chromium, ignore = "Chromium is not installed: run tests/peers/install")]
#[cfg_attr(all(missing_node, not(missing_chromium)), ignore = "Node.js is not installed: run tests/peers/install")]
#[cfg_attr(
    all(missing_node_peers, not(any(missing_chromium, missing_node))),
    ignore = "the Node.js peers are not installed: run tests/peers/install"
)]
fn chromium_rings_the_sample_bot() {
    let _turn = turn();
    let Some(mut caller) = node("chromium-caller.mjs") else { return };
    if !peer("chromium") {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let wav = folder.path().join("microphone.wav");
    microphone("booking-request.wav", &wav);
    let any = "127.0.0.1:0";
    let mut sample = goldencall();
    sample.args(["bot", "--listen", any, "--web", any, "--audiosocket", any]);
    let (_bot, line) = Running::until(&mut sample, "webrtc+http:");
    let offer = line.expect("the sample bot's address").replace("webrtc+", "");
    caller.args(["--offer", &offer, "--seconds", "18", "--microphone"]).arg(&wav).arg("--profile").arg(folder.path().join("profile"));
    let output = wait(caller.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("node"), Duration::from_secs(60));
    let log = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{log}"));
    let states = ["connection", "ice", "dtls", "codec"].map(|name| report[name].as_str().unwrap_or_default());
    assert_eq!(states, ["connected", "connected", "connected", "audio/opus"], "{report}\n{log}");
    let (heard, said) = (passages(&report, "heard"), passages(&report, "said"));
    assert!(said.len() == 1 && heard.len() >= 2, "{report}\n{log}");
    let greeting = heard[0];
    assert!(greeting.0 < said[0].0, "the bot greets first: {report}");
    // The bot thinks for 0.7 s; playout in the browser and the steps of its statistics come on top.
    let answer = heard.iter().find(|(from, _)| *from > said[0].1).expect("an answer");
    let latency = answer.0 - said[0].1;
    assert!((0.3..2.5).contains(&latency), "{latency}: {report}");
    // Two sentences with a pause between, which may be heard as two passages.
    let spoken: f64 = heard.iter().filter(|(from, _)| *from >= answer.0).map(|(from, to)| to - from).sum();
    assert!(spoken > 2.0, "the second reply is a sentence: {report}");
}
