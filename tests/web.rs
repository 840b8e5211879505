//! Every way into the sample bot, over real sockets: WebRTC signalling and providers' media sockets.

mod common;

use std::cell::LazyCell;
use std::path::Path;

use common::{Run, Running, free_port, free_tcp_port, goldencall, root, sample_bot_on_the_web, seat, turn};
use serde_json::Value;

/// Greeting and one exchange.
const STEPS: &str = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - caller: { audio: AUDIO/caller/booking-request.wav }
  - bot: { says: { contains: [which day] } }
  - hangup: caller
";

/// One scenario a target; the targets stand in the file.
fn scenario(folder: &Path, name: &str, target: &str, steps: &str) -> String {
    let path = folder.join(format!("{}.yaml", name.replace([' ', ':'], "-")));
    let steps = steps.replace("AUDIO", &root().join("audio").display().to_string());
    std::fs::write(&path, format!("name: {name}\ntarget: {target}\nsteps:{steps}")).expect("scenario");
    path.to_string_lossy().into_owned()
}

fn run(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = goldencall();
    command.current_dir(folder);
    Run::with(command, arguments)
}

fn calls(report: &Value) -> &Vec<Value> {
    report["calls"].as_array().expect("calls")
}

/// Turn latencies of a call, in milliseconds.
fn latencies(call: &Value) -> Vec<f64> {
    let turns = call["turns"].as_array().expect("turns").iter();
    let spoken = turns.filter(|turn| turn["latency_from"] == "caller_speech_end");
    spoken.map(|turn| turn["latency_ms"].as_f64().expect("a latency")).collect()
}

#[test]
fn the_sample_bot_answers_every_protocol_with_the_same_script() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let accesses = [
        ("webrtc", "opus"),
        ("fastrtc", "opus"),
        ("whip", "opus"),
        ("openai", "opus"),
        ("twilio", "PCMU"),
        ("telnyx", "PCMU"),
        ("plivo", "PCMU"),
        ("exotel", "L16/8000"),
        ("vonage", "L16/16000"),
        ("teler", "L16/8000"),
        ("jambonz", "L16/8000"),
        ("genesys", "PCMU"),
        ("audiosocket", "L16/8000"),
        ("pcm", "L16/16000"),
    ];
    let files: Vec<String> =
        accesses.iter().map(|(over, _)| scenario(folder.path(), over, &format!("\"bot:booking?over={over}\""), STEPS)).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = run(folder.path(), &[&files[..], &["--jobs", "7"]].concat()).expect(0);
    let report = run.json();
    assert_eq!(calls(&report).len(), accesses.len(), "{}", run.text());
    for (over, codec) in accesses {
        let call = calls(&report).iter().find(|call| call["scenario"] == over).expect(over);
        assert_eq!(call["codec"], codec, "{over}");
        assert!(latencies(call).iter().all(|latency| (600.0..1100.0).contains(latency)), "{over}: {:?}", latencies(call));
    }
}

/// The acceptance of transports: nothing above them knows which one carries the call.
#[test]
fn one_scenario_passes_over_sip_webrtc_and_twilio_with_the_same_latencies() {
    let _turn = turn();
    let file = root().join("scenarios/booking.yaml");
    let (sip, web) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_tcp_port()));
    let mut bot = goldencall();
    let (_bot, ready) = Running::until(bot.args(["bot", "--listen", &sip, "--web", &web, "--audiosocket", "127.0.0.1:0"]), "pcm+ws://");
    assert!(ready.is_some(), "the bot ended before it was ready");
    let targets = [
        format!("sip:booking@{sip}"),
        format!("webrtc+http://{web}/api/offer?script=booking"),
        format!("twilio+ws://{web}/socket/twilio?script=booking"),
    ];
    let to = |target: &str| latencies(&calls(&Run::of(&[&file.to_string_lossy(), "--target", target]).expect(0).json())[0]);
    // At the same time, so that a slow moment of the machine is one for all three.
    let measure = || {
        std::thread::scope(|scope| {
            let running = targets.each_ref().map(|target| scope.spawn(move || to(target)));
            running.map(|one| one.join().expect("a call"))
        })
    };
    // A process that is held up spoils one try; a difference between the transports shows in every one.
    let tries = [(); 3].map(|()| LazyCell::new(|| apart(&measure())));
    assert!(tries.iter().any(|differences| differences.is_empty()), "{:?}", tries.map(|differences| differences.clone()));
}

/// The turns in which three calls do not agree within 30 ms, or where the bot did not think for its 700 ms; its voice begins some
/// ms into its audio, and the greeting has no such bound.
fn apart([sip, webrtc, twilio]: &[Vec<f64>; 3]) -> Vec<[f64; 3]> {
    assert!(sip.len() >= 3 && sip.len() == webrtc.len() && sip.len() == twilio.len(), "{sip:?} {webrtc:?} {twilio:?}");
    let turns = (0..sip.len()).map(|turn| (turn, [sip[turn], webrtc[turn], twilio[turn]]));
    let differs = |(turn, all): &(usize, [f64; 3])| {
        let (least, most) = (all.iter().copied().fold(f64::MAX, f64::min), all.iter().copied().fold(f64::MIN, f64::max));
        most - least > 30.0 || (*turn > 0 && !(680.0..780.0).contains(&least))
    };
    turns.filter(differs).map(|(_, all)| all).collect()
}

/// The caller speaks over a long reply. Sent at once, it plays on unless the bot takes back what is queued (`clear`).
const INTERRUPTED: &str = "
  - bot: { says: { contains: before we start }, stops_within: 600ms }
  - caller: { audio: AUDIO/caller/interrupt.wav, barge_in: 2s }
  - bot: { says: { contains: which day works best }, latency: 1500ms }
  - hangup: caller
";

#[test]
fn a_burst_is_heard_as_the_provider_plays_it_and_both_times_are_told() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, web) = sample_bot_on_the_web(&[]);
    let target = |provider: &str, script: &str| format!("\"{provider}+ws://{web}/socket/{provider}?script={script}&bursts=true\"");
    let interrupted = ["twilio", "plivo", "teler"]
        .map(|provider| scenario(folder.path(), &format!("{provider} interrupted"), &target(provider, "terms"), INTERRUPTED));
    let file = scenario(folder.path(), "bursts", &target("twilio", "booking"), STEPS);
    let [twilio, plivo, teler] = &interrupted;
    let run = run(folder.path(), &[&file, twilio, plivo, teler, "--jobs", "4"]).expect(0);
    let report = run.json();
    let bursts = calls(&report).iter().find(|call| call["scenario"] == "bursts").expect("a call");
    let turn = &bursts["turns"][1];
    let (heard, arrived) = (turn["latency_ms"].as_f64().expect("heard"), turn["arrival_latency_ms"].as_f64().expect("arrived"));
    assert!((600.0..1100.0).contains(&heard), "{turn}");
    // The whole reply came at once; its first word lies some 40 ms into it.
    assert!(heard - arrived > 10.0 && heard - arrived < 200.0, "{turn}");
    let spoken = turn["utterances"].as_array().expect("utterances").last().expect("one");
    let length = spoken["end_ms"].as_f64().expect("end") - spoken["start_ms"].as_f64().expect("start");
    assert!(length > 1000.0, "a burst is not squeezed: {turn}");
    assert!(turn["telemetry"]["stages_ms"]["playout"].as_f64().is_some_and(|playout| (heard - arrived - playout).abs() < 0.01), "{turn}");
}

#[test]
fn providers_ask_the_answer_url_first() {
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let (_bot, web) = sample_bot_on_the_web(&["--auth-token", "topsecret"]);
    let providers = ["twilio", "telnyx", "plivo", "exotel", "vonage", "teler"];
    // Telnyx signs with a key of another kind; Exotel and Teler sign nothing.
    let signing = ["twilio", "plivo", "vonage"];
    let target = |name: &str| {
        let token = if signing.contains(&name) { ", auth_token: topsecret" } else { "" };
        format!("{{ websocket: {{ protocol: {name}, answer_url: \"http://{}/answer/{name}?script=booking\"{token} }} }}", web)
    };
    let files: Vec<String> = providers.iter().map(|name| scenario(folder.path(), name, &target(name), STEPS)).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = run(folder.path(), &[&files[..], &["--jobs", "6"]].concat()).expect(0);
    assert_eq!(calls(&run.json()).len(), providers.len());
    assert!(!run.text().contains("topsecret"));
    turned_away(folder.path(), &web, &signing.map(|name| (name, target(name).replace("topsecret", "mistaken"))));
}

/// Wrong tokens, at the answer URL and at Twilio's handshake, and an answer URL that is not there.
fn turned_away(folder: &Path, web: &str, mistaken: &[(&str, String)]) {
    let twilio = &mistaken[0].1;
    let handshake = format!("{{ websocket: {{ protocol: twilio, url: \"ws://{web}/socket/twilio\", auth_token: mistaken }} }}");
    let others = [("lost", twilio.replace("/answer/twilio", "/nowhere")), ("handshake", handshake)];
    let all: Vec<&(&str, String)> = mistaken.iter().chain(&others).collect();
    let files: Vec<String> = all.iter().map(|(name, target)| scenario(folder, &format!("{name} mistaken"), target, STEPS)).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = run(folder, &[&files[..], &["--jobs", "5"]].concat()).expect(3);
    assert!(!run.text().contains("mistaken\""), "{}", run.text());
    for call in calls(&run.json()) {
        let (name, message) = (call["scenario"].as_str().expect("a name"), call["error"]["message"].as_str().expect("an error"));
        let told = match name.split(' ').next().expect("a provider") {
            "lost" => "/nowhere?script=booking answered HTTP 404".to_owned(),
            provider => {
                assert_eq!(call["error"]["kind"], "unauthorized", "{message}");
                let whose = if provider == "handshake" { "twilio" } else { provider };
                format!("the signature is not {whose}'s by this bot's token; check `auth_token` and `headers` of the target")
            }
        };
        assert!(message.contains(&told), "{message}");
        assert!(!message.contains("mistaken"), "{message}");
    }
}
