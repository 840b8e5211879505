//! Pipecat bots: SmallWebRTC, and Pipecat's serializers of the telephony providers.

use std::process::Command;

use super::common::{Running, free_tcp_port, python, root, seat, turn};
use super::support::{BOOKED, CALLER_HANGS_UP, SHORT, call_of, exchanges, passes, plausible, run, scenario};

/// Bounds on what the bot tells of the turn before.
const TOLD: &str = "      llm: 2s
      tts: 1s
      endpointing: 2s
";

/// [`BOOKED`], where the bot calls a tool for it.
const BOOKED_BY_TOOL: &str = "
  - caller: { audio: AUDIO/caller/booking-tuesday.wav }
  - bot:
      says: { similar: You are booked for Tuesday at 3 PM. }
      calls: { book_appointment: { day: tuesday, time: '15:00' } }
";

const PROVIDERS: [(&str, &str); 5] =
    [("twilio", "PCMU"), ("telnyx", "PCMU"), ("plivo", "PCMU"), ("exotel", "L16/8000"), ("vonage", "L16/16000")];

fn bot(transport: &str, arguments: &[&str]) -> Option<(Running, u16)> {
    let port = free_tcp_port();
    let mut command = Command::new(python()?);
    command.arg(root().join("tests/peers/pipecat/bot.py")).args(["--transport", transport, "--port", &port.to_string()]);
    Some((Running::ready(command.args(arguments)), port))
}

/// The whole booking. The call of a tool has the model think twice before that reply, so each time is shorter.
#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn pipecat_webrtc() {
    let _turn = turn();
    let Some((_bot, port)) = bot("webrtc", &["--tool-call", "--think", "400"]) else { return };
    let steps = [SHORT, TOLD, BOOKED_BY_TOOL, CALLER_HANGS_UP];
    let run = passes(&format!("webrtc+http://127.0.0.1:{port}/api/offer"), &steps, "opus");
    let report = run.json();
    let turns = call_of(&report, "peer")["turns"].as_array().expect("turns");
    let (plain, tool) = (&turns[1]["telemetry"], &turns[2]["telemetry"]);
    assert_eq!(plain["source"], serde_json::json!({ "rtvi": true, "otlp": false }), "{plain}");
    assert_eq!(plain["user_text"], "caller turn 1");
    assert_eq!(plain["bot_text"], "Sure, I can help you book an appointment. Which day works best for you?");
    for (told, thinking) in [(plain, 400.0), (tool, 800.0)] {
        let stage = |name: &str| told["stages_ms"][name].as_f64().unwrap_or_else(|| panic!("no {name}: {told}"));
        // A sleep of the bot's may end a little early.
        assert!((thinking - 20.0..thinking + 300.0).contains(&stage("llm")), "{told}");
        assert!((200.0..2000.0).contains(&stage("endpointing")) && (0.0..500.0).contains(&stage("tts")), "{told}");
        assert!((0.0..100.0).contains(&stage("network")), "{told}");
        // The bot's own account covers nearly all of what the audio shows.
        assert!(told["unexplained_ms"].as_f64().is_some_and(|rest| (-250.0..400.0).contains(&rest)), "{told}");
        assert!(["endpointing", "llm"].iter().any(|stage| told["largest"] == *stage), "{told}");
    }
    assert_eq!(tool["calls"][0]["name"], "book_appointment");
    assert!(run.junit().contains("turn.2.llm_ms") && run.junit().contains("(the largest)"), "{}", run.junit());
}

/// Spans to goldencall's own receiver. The serializers of the providers carry no RTVI: what is told comes by OTLP alone.
#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn pipecat_spans() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let receiver = format!("127.0.0.1:{}", free_tcp_port());
    let Some((_bot, port)) = bot("twilio", &["--otlp", &format!("http://{receiver}")]) else { return };
    std::fs::write(folder.path().join("goldencall.yaml"), format!("telemetry: {{ otlp: \"{receiver}\", wait: 8s }}\n"))
        .expect("configuration");
    let file = scenario(
        folder.path(),
        "spans",
        &format!("twilio+ws://127.0.0.1:{port}/ws"),
        &[SHORT, "      llm: 3s\n      stt: 2s\n", CALLER_HANGS_UP],
    );
    let run = run(folder.path(), &[&file]).expect(0);
    let report = run.json();
    let turn = &call_of(&report, "spans")["turns"][1];
    // The bot's HTTP server continues the trace that the call's handshake names.
    assert_eq!(turn["telemetry"]["source"], serde_json::json!({ "rtvi": false, "otlp": true, "traceparent": true }), "{turn}");
    assert!(turn["telemetry"]["stages_ms"]["llm"].as_f64().is_some_and(|llm| (680.0..1000.0).contains(&llm)), "{turn}");
    assert!(run.junit().contains("turn.2.stt_ms"), "{}", run.junit());
}

fn steps(provider: &str) -> &'static [&'static str] {
    if provider == "twilio" { &[SHORT, BOOKED, CALLER_HANGS_UP] } else { &[SHORT, CALLER_HANGS_UP] }
}

/// All providers in one run; Twilio's bot books.
#[test]
#[cfg_attr(missing_python_peers, ignore = "the Python peers are not installed: run tests/peers/install")]
fn pipecat_serializers() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let bots: Vec<_> = std::thread::scope(|threads| {
        let starting = PROVIDERS.map(|(provider, _)| threads.spawn(|| bot(provider, &[])));
        starting.into_iter().map(|thread| thread.join().expect("a bot")).collect()
    });
    let mut arguments = vec!["--jobs".to_owned(), "2".to_owned()];
    for ((provider, _), bot) in PROVIDERS.iter().zip(&bots) {
        let Some((_, port)) = bot else { return };
        arguments.push(scenario(folder.path(), provider, &format!("{provider}+ws://127.0.0.1:{port}/ws"), steps(provider)));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = run(folder.path(), &arguments).expect(0).json();
    for (provider, codec) in PROVIDERS {
        let call = call_of(&report, provider);
        assert_eq!(call["codec"], codec, "{provider}");
        plausible(call, exchanges(steps(provider)));
    }
}
