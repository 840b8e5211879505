//! The media of SIP calls end to end: codecs, encryption, packet lengths, digits.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Stdio;

use common::sip::{audio, baresip, baresip_has, scenario_file, wait_for_sip};
use common::{Run, Running, free_port, goldencall, sample_bot, sample_bot_at, seat, turn};
use serde_json::Value;

/// The shortest dialogue of the sample bot: the caller speaks, the bot answers.
const SHORT: &str = "  - caller: { audio: AUDIO/caller/calibrate-1.wav, after: 200ms }\n  - bot: { says: { contains: got it }, latency: 3s, end_silence: 200ms }\n  - hangup: caller\n";

/// Writes a scenario of a target with these settings into a folder of its own.
fn write(folder: &Path, name: &str, target: &str, steps: &str) {
    let own = folder.join(name);
    std::fs::create_dir(&own).expect("folder");
    let path = scenario_file(&own, steps);
    let text = std::fs::read_to_string(&path)
        .expect("scenario")
        .replace("name: peer\n", &format!("name: {name}\ntarget: {{ sip: {{ {target} }} }}\n"));
    std::fs::write(path, text).expect("scenario");
}

fn run(folder: &Path, more: &[&str]) -> Run {
    let mut command = goldencall();
    command.current_dir(folder);
    Run::with(command, &[&[folder.to_str().expect("a path")], more].concat())
}

fn calls(report: &Value) -> Vec<(&str, &Value)> {
    let calls = report["calls"].as_array().expect("calls");
    calls.iter().map(|call| (call["scenario"].as_str().expect("a name"), call)).collect()
}

#[test]
fn every_codec_in_every_encryption() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    for codec in ["pcmu", "pcma", "g722", "opus"] {
        for srtp in ["off", "sdes", "dtls"] {
            let target = format!("uri: \"sip:calibrate@{address}\", codecs: [{codec}], srtp: {srtp}");
            write(folder.path(), &format!("{codec}-{srtp}"), &target, SHORT);
        }
    }
    let run = run(folder.path(), &["--jobs", "6"]).expect(0);
    let report = run.json();
    assert_eq!(calls(&report).len(), 12);
    for (name, call) in calls(&report) {
        let codec = call["codec"].as_str().expect("a codec").to_lowercase();
        assert!(name.starts_with(&codec), "{name} used {codec}");
        // The bot's pause and its way of hearing the end of speech: 700 ms, whatever the codec's own delay is.
        let latency = call["turns"][0]["latency_ms"].as_f64().expect("a latency");
        assert!((650.0..800.0).contains(&latency), "{name}: {latency} ms\n{}", run.text());
        assert_eq!(call["reception"]["lost"], 0, "{name}");
    }
}

#[test]
fn calls_over_ipv6() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot_at("[::1]:0");
    for (name, more) in [("udp", "\""), ("tcp", ";transport=tcp\""), ("sdes", "\", srtp: sdes"), ("dtls", "\", srtp: dtls")] {
        write(folder.path(), name, &format!("uri: \"sip:calibrate@{address}{more}"), SHORT);
    }
    let run = run(folder.path(), &["--jobs", "4", "--pcap"]).expect(0);
    let report = run.json();
    for (name, call) in calls(&report) {
        assert_eq!(call["quality"]["lost"], 0, "{name}: {call}");
        assert!(call["quality"]["packets"].as_u64().is_some_and(|packets| packets > 50), "{name}: {call}");
    }
    assert_eq!(calls(&report).len(), 4);
}

#[test]
fn packets_of_every_length() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    for (codec, ptime) in [("pcmu", 10), ("g722", 30), ("pcma", 60), ("opus", 10), ("opus", 60)] {
        let target = format!("uri: \"sip:calibrate@{address}\", codecs: [{codec}], ptime: {ptime}ms");
        write(folder.path(), &format!("{codec}-{ptime}"), &target, SHORT);
    }
    let run = run(folder.path(), &["--jobs", "3"]).expect(0);
    let report = run.json();
    for (name, call) in calls(&report) {
        let ptime: f64 = name.rsplit('-').next().and_then(|ptime| ptime.parse().ok()).expect("a packet length");
        let latency = call["turns"][0]["latency_ms"].as_f64().expect("a latency");
        assert!((620.0..850.0).contains(&latency), "{name}: {latency} ms");
        let packets = call["reception"]["packets"].as_f64().expect("packets");
        let seconds = (call["duration_ms"].as_f64().expect("ms") - call["setup_ms"].as_f64().expect("ms")) / 1000.0;
        let length = seconds * 1000.0 / packets;
        assert!((length - ptime).abs() < ptime * 0.25, "{name}: {packets} packets in {seconds} s");
    }
}

/// The bot's menu: digits to it, words and digits back.
const MENU: &str = "  - bot: Hello, you've reached Acme Store. What can I do for you?\n  - caller: { dtmf: \"2\" }\n  - bot:\n      says: { contains: book an appointment }\n      dtmf: \"42#\"\n  - caller: { dtmf: \"4829#\" }\n  - bot: { says: { contains: has shipped }, end_silence: 200ms }\n  - hangup: caller\n";

#[test]
fn digits_both_ways() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    let settings = [
        ("rfc4733", ""),
        ("info", ", dtmf: info"),
        ("rfc4733-opus", ", codecs: [opus], ptime: 60ms"),
        ("rfc4733-sdes", ", codecs: [g722], srtp: sdes, ptime: 30ms"),
    ];
    for (name, more) in settings {
        write(folder.path(), name, &format!("uri: \"sip:menu@{address}\"{more}"), MENU);
    }
    let run = run(folder.path(), &["--jobs", "4"]).expect(0);
    let report = run.json();
    for (name, call) in calls(&report) {
        assert_eq!(call["turns"][1]["latency_from"], "caller_dtmf", "{name}");
        // The script's 600 ms, counted from the beginning of the last digit, which lasts 100 ms.
        let latency = call["turns"][1]["latency_ms"].as_f64().expect("a latency");
        assert!((350.0..900.0).contains(&latency), "{name}: {latency}");
        let network = call["turns"][1]["telemetry"]["stages_ms"]["network"].as_f64();
        assert!(network.is_some_and(|trip| trip < 50.0), "{name}: the bot's receiver reports tell the round trip: {network:?}");
        assert_eq!((&call["reception"]["lost"], &call["reception"]["duplicates"]), (&0.into(), &0.into()), "{name}");
    }
    let events = std::fs::read_to_string(run.path("out/events.jsonl")).expect("events");
    assert_eq!(events.matches("\"dtmf\":\"4\"").count(), 4, "each digit is told once");
}

#[test]
fn wrong_digits_fail_and_digits_that_cannot_be_sent_are_an_error() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    let wrong = MENU.replace("42#", "43#").replace("says: { contains: book an appointment }\n", "within: 6s\n");
    write(folder.path(), "wrong", &format!("uri: \"sip:menu@{address}\""), &wrong);
    let run = run(folder.path(), &[]).expect(4);
    assert!(run.text().contains("the bot sent `42#`"), "{}", run.text());
}

#[test]
fn digits_over_media_sockets_and_where_they_cannot_be_sent() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    // Words only: most providers' bots cannot send digits.
    let steps = MENU.replace("      dtmf: \"42#\"\n", "");
    for over in ["twilio", "vonage", "audiosocket"] {
        let own = folder.path().join(over);
        std::fs::create_dir(&own).expect("folder");
        let path = scenario_file(&own, &steps);
        let text = std::fs::read_to_string(&path).expect("scenario");
        let target = format!("name: {over}\ntarget: {{ bot: {{ script: menu, over: {over} }} }}\n");
        std::fs::write(path, text.replace("name: peer\n", &target)).expect("scenario");
    }
    // AudioSocket names no script: its bot has the first one, which knows no keys.
    std::fs::remove_dir_all(folder.path().join("audiosocket")).expect("removed");
    run(folder.path(), &["--jobs", "2"]).expect(0);
    let teler = tempfile::tempdir().expect("folder");
    let path = scenario_file(teler.path(), &steps);
    let text = std::fs::read_to_string(&path).expect("scenario");
    std::fs::write(path, text.replace("name: peer\n", "name: teler\ntarget: { bot: { script: menu, over: teler } }\n")).expect("scenario");
    let run = run(teler.path(), &[]).expect(3);
    assert!(run.text().contains("teler has no message for digits"), "{}", run.text());
}

/// Passes one call's signalling between goldencall and a bot; of the keys that goldencall offers only this suite's come through.
fn only_suite(bot: SocketAddr, suite: &'static str) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut buffer, mut caller) = ([0; 4096], None);
        // Ends with the test's process; a party that is gone answers with ICMP.
        loop {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
            let text = String::from_utf8_lossy(&buffer[..length]);
            let (text, to) = if from == bot { (text.into_owned(), caller) } else { (with_only(&text, suite), Some(bot)) };
            caller = if from == bot { caller } else { Some(from) };
            if let Some(to) = to {
                let _gone = socket.send_to(text.as_bytes(), to);
            }
        }
    });
    address
}

fn with_only(message: &str, suite: &str) -> String {
    let Some((head, body)) = message.split_once("\r\n\r\n") else { return message.to_owned() };
    let kept = body.split_inclusive("\r\n").filter(|line| !line.starts_with("a=crypto:") || line.contains(suite));
    let body: String = kept.collect();
    let head = head.split("\r\n").map(|line| match line.split_once(':') {
        Some((name, _)) if name.eq_ignore_ascii_case("content-length") => format!("{name}: {}", body.len()),
        _ => line.to_owned(),
    });
    format!("{}\r\n\r\n{body}", head.collect::<Vec<_>>().join("\r\n"))
}

#[test]
fn the_bot_may_choose_any_suite_that_is_offered() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, address) = sample_bot();
    let suites = ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AES_256_CM_HMAC_SHA1_80"];
    for suite in suites {
        let relay = only_suite(address, suite);
        write(folder.path(), suite, &format!("uri: \"sip:calibrate@{relay}\", srtp: sdes"), SHORT);
    }
    let trace = folder.path().join("trace.txt");
    let run = run(folder.path(), &["--jobs", "3", "--trace-sip", &trace.to_string_lossy()]).expect(0);
    let report = run.json();
    assert_eq!(calls(&report).len(), 3);
    for (suite, call) in calls(&report) {
        assert_eq!(call["reception"]["lost"], 0, "{suite}");
    }
    // Once in the offer and once in the answer to it.
    let trace = std::fs::read_to_string(trace).expect("a trace");
    for suite in suites {
        assert_eq!(trace.matches(&format!(" {suite} ")).count(), 4, "{suite}: offered in three calls, chosen in one\n{trace}");
    }
}

/// What baresip plays: its file must have the rate and the channels of the codec.
fn recording(folder: &Path, times: u16, channels: u16) -> String {
    let mut reader = hound::WavReader::open(audio("bot/long-terms.wav")).expect("WAV");
    let samples: Vec<i32> = reader.samples::<i16>().map(|sample| sample.expect("sample").into()).collect();
    let path = folder.join("recording.wav");
    let spec = hound::WavSpec { channels, sample_rate: 8000 * u32::from(times), ..reader.spec() };
    let mut writer = hound::WavWriter::create(&path, spec).expect("WAV");
    for pair in samples.windows(2) {
        for step in 0..i32::from(times) {
            let between = pair[0] + (pair[1] - pair[0]) * step / i32::from(times);
            (0..channels).for_each(|_| writer.write_sample(i16::try_from(between).expect("16 bits")).expect("sample"));
        }
    }
    writer.finalize().expect("WAV");
    path.to_string_lossy().into_owned()
}

/// baresip as the bot, with these parameters of its account, a module and a recording; `None` where it is not there.
fn call_baresip(account: &str, module: Option<&str>, (times, channels): (u16, u16), target: &str) -> Option<Run> {
    let folder = tempfile::tempdir().expect("folder");
    let port = free_port();
    let recording = recording(folder.path(), times, channels);
    let modules: Vec<&str> = module.into_iter().collect();
    let mut command = baresip(folder.path(), port, &recording, account, &modules)?;
    if module.is_some_and(|module| !baresip_has(module)) {
        return None;
    }
    let _bot = Running::new(command.stdout(Stdio::null()).spawn().expect("baresip"));
    wait_for_sip(port);
    let steps =
        "  - bot:\n      says: { contains: calls may be recorded }\n      latency: 3s\n      end_silence: 200ms\n  - hangup: caller\n";
    write(folder.path(), "baresip", &format!("uri: \"sip:bot@127.0.0.1:{port}\"{target}"), steps);
    Some(run(&folder.path().join("baresip"), &[]))
}

const MONO: (u16, u16) = (1, 1);

#[test]
#[cfg_attr(missing_baresip, ignore = "baresip is not installed: run tests/peers/install")]
fn baresip_with_sdes() {
    let _seat = seat();
    let Some(run) = call_baresip("mediaenc=srtp-mand;audio_codecs=PCMU", Some("srtp.so"), MONO, ", srtp: sdes") else { return };
    run.expect(0);
    let plain = call_baresip("audio_codecs=PCMU", None, MONO, ", srtp: sdes").expect("baresip").expect(3);
    assert!(plain.text().contains("488") || plain.text().contains("plain RTP/AVP"), "{}", plain.text());
}

#[test]
#[cfg_attr(missing_baresip, ignore = "baresip is not installed: run tests/peers/install")]
fn baresip_with_dtls() {
    let _seat = seat();
    let Some(run) = call_baresip("mediaenc=dtls_srtp;audio_codecs=PCMU", Some("dtls_srtp.so"), MONO, ", srtp: dtls") else { return };
    run.expect(0);
}

#[test]
#[cfg_attr(missing_baresip, ignore = "baresip is not installed: run tests/peers/install")]
fn baresip_with_wide_codecs() {
    let _seat = seat();
    for (name, module, file, codec) in [("G722/16000/1", "g722.so", (2, 1), "g722"), ("opus/48000/2", "opus.so", (6, 2), "opus")] {
        let target = format!(", codecs: [{codec}, pcmu]");
        let Some(run) = call_baresip(&format!("audio_codecs={name}"), Some(module), file, &target) else { return };
        let used = run.expect(0).json()["calls"][0]["codec"].as_str().map(str::to_lowercase);
        assert_eq!(used.as_deref(), Some(codec));
    }
}
