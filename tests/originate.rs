//! Calls that a provider places: its REST API, its callbacks and its media stream, against a provider of this test's own.

#![expect(clippy::disallowed_methods, reason = "a test waits for processes by the wall clock")]

#[path = "originate/bridge.rs"]
mod bridge;
mod common;
#[path = "originate/provider.rs"]
mod provider;

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Run, free_tcp_port, goldencall, root, sample_bot_on_the_web, seat};
use goldencall::internals::clock::CallClock;
use goldencall::internals::originate::OriginateTransport;
use goldencall::internals::scenario::{Config, Secrets, Source};
use goldencall::internals::telemetry::TraceContext;
use goldencall::internals::transport::{Dial, Transport};
use nix::sys::signal::Signal;
use provider::{ACCOUNT, Fate, Provider, TOKEN};
use serde_json::Value;

/// Greeting and one exchange.
const SHORT: &str = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - caller: { audio: AUDIO/caller/booking-request.wav }
  - bot: { says: { contains: [which day] } }
";
/// As much as a bot hears that then hangs up.
const GREETING_AND_REQUEST: &str = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - caller: { audio: AUDIO/caller/booking-request.wav }
";
const BOOKED: &str = "  - caller: { audio: AUDIO/caller/booking-tuesday.wav }
  - bot: { says: { similar: You are booked for Tuesday at 3 PM. } }
  - caller: { audio: AUDIO/caller/booking-thats-all.wav }
  - bot: Thank you for calling Acme Dental. Goodbye.
";
const HANG_UP: &str = "  - hangup: caller\n";

/// A folder with a `goldencall.yaml` whose targets call over this provider.
fn project(provider: &Provider, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let (port, api) = (free_tcp_port(), provider.address);
    let common = format!(
        "to: \"+15550100\", from: \"+15550101\", listen: \"127.0.0.1:{port}\", url: \"http://127.0.0.1:{port}\", api: \"http://{api}\"{more}"
    );
    let config = format!(
        "targets:
  twilio: {{ originate: {{ provider: twilio, account: {ACCOUNT}, auth_token: \"${{TOKEN}}\", parameters: {{ tenant: \"A & B\" }}, {common} }} }}
  teler: {{ originate: {{ provider: teler, api_key: \"${{TOKEN}}\", {common} }} }}
"
    );
    std::fs::write(folder.path().join("goldencall.yaml"), config).expect("configuration");
    folder
}

fn scenario(folder: &Path, name: &str, target: &str, steps: &[&str]) -> String {
    let steps = steps.concat().replace("AUDIO", &root().join("audio").display().to_string());
    let path = folder.join(format!("{name}.yaml"));
    std::fs::write(&path, format!("name: {name}\ntarget: {target}\nsteps:{steps}")).expect("scenario");
    path.to_string_lossy().into_owned()
}

fn run(folder: &Path, token: &str, arguments: &[&str]) -> Run {
    let mut command = goldencall();
    command.current_dir(folder).env("TOKEN", token);
    Run::with(command, arguments)
}

/// One call that does not come about.
fn refused(fate: Fate, target: &str, token: &str, more: &str) -> (String, Value, Vec<String>) {
    let _seat = seat();
    let provider = Provider::start(fate, "127.0.0.1:9");
    let folder = project(&provider, more);
    let file = scenario(folder.path(), "call", target, &[SHORT, HANG_UP]);
    let run = run(folder.path(), token, &[&file, "--retries", "0"]).expect(3);
    assert!(!run.text().contains(TOKEN));
    let call = calls(&run.json())[0].clone();
    // What the provider's console and the bot's logs know the call by.
    let known = ["CA1", "1", "2"].iter().any(|id| call["call_id"] == *id);
    assert!(known || token != TOKEN, "{call}");
    (run.text(), call, provider.log())
}

fn calls(report: &Value) -> &Vec<Value> {
    report["calls"].as_array().expect("calls")
}

/// Each turn's latency is that of the sample bot, whatever lies between.
fn sane(call: &Value) {
    let turns = call["turns"].as_array().expect("turns").iter();
    let spoken: Vec<&Value> = turns.filter(|turn| turn["latency_from"] == "caller_speech_end").collect();
    assert!(
        !spoken.is_empty() && spoken.iter().all(|turn| (600.0..1100.0).contains(&turn["latency_ms"].as_f64().expect("a latency"))),
        "{spoken:?}"
    );
}

fn hang_ups(log: &[String]) -> Vec<&str> {
    log.iter().filter_map(|line| line.strip_prefix("hang up ")).collect()
}

#[test]
fn a_booking_over_twilio_passes() {
    let _seat = seat();
    let (_bot, web) = sample_bot_on_the_web(&[]);
    let provider = Provider::start(Fate::Stranger, &web);
    let folder = project(&provider, "");
    let file = scenario(folder.path(), "booking", "twilio", &[SHORT, BOOKED, HANG_UP]);
    let run = run(folder.path(), TOKEN, &[&file]).expect(0);
    let report = run.json();
    let call = &calls(&report)[0];
    sane(call);
    assert_eq!((&call["call_id"], &call["codec"], &call["target"]), (&"CA1".into(), &"PCMU".into(), &"originate:twilio:+15550100".into()));
    assert!(call["post_dial_delay_ms"].is_f64(), "{call}");
    let log = provider.log();
    assert!(log.contains(&"stranger: 403".to_owned()) && hang_ups(&log) == ["CA1: Status=completed"], "{log:?}");
    let notes = call["notes"].to_string();
    assert!(notes.contains("it was turned away (403)") && notes.contains("is not an https:// URL"), "{notes}");
}

#[test]
fn a_dialogue_over_teler_passes_and_the_caller_hangs_up() {
    let _seat = seat();
    let (_bot, web) = sample_bot_on_the_web(&[]);
    let provider = Provider::start(Fate::Answered, &web);
    let folder = project(&provider, "");
    let file = scenario(folder.path(), "short", "teler", &[SHORT, HANG_UP]);
    let run = run(folder.path(), TOKEN, &[&file]).expect(0);
    let report = run.json();
    let call = &calls(&report)[0];
    sane(call);
    assert_eq!((&call["call_id"], &call["codec"]), (&"1".into(), &"L16/8000".into()));
    assert_eq!(hang_ups(&provider.log()), ["1"], "{:?}", provider.log());
}

/// Twilio says that the call is over; Teler's socket is closed, which says nothing of the call.
#[test]
fn the_bot_hangs_up() {
    let _seat = seat();
    let (_bot, web) = sample_bot_on_the_web(&["--fault", "drops"]);
    let provider = Provider::start(Fate::Answered, &web);
    let folder = project(&provider, "");
    let steps = GREETING_AND_REQUEST.to_owned() + "  - hangup: bot\n";
    let files = ["twilio", "teler"].map(|target| scenario(folder.path(), target, target, &[&steps]));
    let run = run(folder.path(), TOKEN, &[&files[0], &files[1], "--jobs", "2"]).expect(0);
    assert_eq!(calls(&run.json()).len(), 2);
    let log = provider.log();
    assert!(hang_ups(&log).iter().all(|ended| !ended.starts_with("CA")), "{log:?}");
}

#[test]
fn two_calls_share_a_listener() {
    let _seat = seat();
    let (_bot, web) = sample_bot_on_the_web(&[]);
    let provider = Provider::start(Fate::Answered, &web);
    let folder = project(&provider, "");
    let files = ["one", "two"].map(|name| scenario(folder.path(), name, "twilio", &[SHORT, HANG_UP]));
    let run = run(folder.path(), TOKEN, &[&files[0], &files[1], "--jobs", "2"]).expect(0);
    calls(&run.json()).iter().for_each(sane);
    let log = provider.log();
    let mut ended = hang_ups(&log);
    ended.sort_unstable();
    assert_eq!(ended, ["CA1: Status=completed", "CA2: Status=completed"]);
    let second = log.iter().position(|line| line == "initiated: 204").expect("the first call");
    let first_end = log.iter().position(|line| line.starts_with("hang up")).expect("an end");
    assert_eq!(log[second..first_end].iter().filter(|line| *line == "in-progress: 204").count(), 2, "{log:?}");
}

#[test]
fn busy() {
    let (text, call, log) = refused(Fate::Busy, "twilio", TOKEN, "");
    assert_eq!(call["error"]["kind"], "busy", "{text}");
    assert!(text.contains("+15550100 is busy, Twilio says: busy") && hang_ups(&log).is_empty(), "{text}\n{log:?}");
}

#[test]
fn a_request_that_teler_stumbles_over_is_made_again_with_the_same_key() {
    let (text, call, log) = refused(Fate::Stumbles, "teler", TOKEN, "");
    assert_eq!(call["error"]["kind"], "busy", "{text}");
    let asked: Vec<&String> = log.iter().filter(|line| line.starts_with("asked ")).collect();
    assert!(asked.len() == 2 && asked[0] == asked[1] && hang_ups(&log).is_empty(), "{log:?}");
}

#[test]
fn no_answer_takes_the_call_back() {
    let (text, call, log) = refused(Fate::Rings, "twilio", TOKEN, ", ring_timeout: 1s");
    assert_eq!(call["error"]["kind"], "no_answer", "{text}");
    assert!(text.contains("+15550100 rang and did not answer within 1 s"), "{text}");
    assert_eq!(hang_ups(&log), ["CA1: Status=completed"]);
}

#[test]
fn a_call_that_may_go_on_is_told() {
    let (text, call, _) = refused(Fate::Deaf, "twilio", TOKEN, ", ring_timeout: 1s");
    assert_eq!(call["error"]["kind"], "no_answer", "{text}");
    let message = call["error"]["message"].as_str().expect("a message");
    assert!(message.contains("Besides, Twilio did not end the call CA1, which may go on and cost: HTTP 503"), "{message}");
}

#[test]
fn bad_credentials_name_the_account() {
    let (text, call, log) = refused(Fate::Answered, "twilio", "wrong-token", "");
    assert_eq!(call["error"]["kind"], "unauthorized", "{text}");
    assert!(text.contains(&format!("does not let account {ACCOUNT} in: Authenticate (HTTP 401, Twilio's code 20003")), "{text}");
    assert!(log.is_empty());
}

#[test]
fn a_stream_with_another_signature_is_turned_away_and_the_call_ended() {
    let (text, call, log) = refused(Fate::Forged, "twilio", TOKEN, "");
    assert_eq!(call["error"]["kind"], "unauthorized", "{text}");
    assert!(text.contains("was turned away (403); check that `url`"), "{text}");
    assert!(log.contains(&"stream: 403".to_owned()) && hang_ups(&log) == ["CA1: Status=completed"], "{log:?}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let _seat = seat();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let provider = Provider::start(Fate::Answered, "127.0.0.1:9");
    let folder = project(&provider, "");
    let config = folder.path().join("goldencall.yaml");
    let text = std::fs::read_to_string(&config).expect("configuration");
    let (before, after) = text.split_once("listen: \"127.0.0.1:").expect("listen");
    let after = after.split_once('"').expect("a port").1;
    std::fs::write(&config, format!("{before}listen: \"{address}\"{after}")).expect("configuration");
    let file = scenario(folder.path(), "call", "twilio", &[SHORT, HANG_UP]);
    let run = run(folder.path(), TOKEN, &[&file, "--retries", "0"]).expect(3);
    assert!(run.text().contains(&format!("cannot listen on {address} for the provider")), "{}", run.text());
    assert!(provider.log().is_empty());
}

/// Ends a run by a signal once this is true; its exit code.
fn interrupted(mut child: Child, signal: Signal, when: impl Fn() -> bool) -> Option<i32> {
    let start = Instant::now();
    while !when() && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("pid"));
    nix::sys::signal::kill(pid, signal).expect("signal");
    child.wait().expect("end").code()
}

fn started(folder: &Path, file: &str) -> Child {
    let mut command = goldencall();
    command.current_dir(folder).env("TOKEN", TOKEN).args(["run", file]).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("goldencall")
}

#[test]
fn an_interrupted_run_hangs_up() {
    let _seat = seat();
    let (_bot, web) = sample_bot_on_the_web(&[]);
    let provider = Provider::start(Fate::Answered, &web);
    let folder = project(&provider, "");
    let file = scenario(folder.path(), "short", "twilio", &[SHORT, BOOKED]);
    let events = folder.path().join("goldencall-results/events.jsonl");
    let answered = || std::fs::read_to_string(&events).is_ok_and(|text| text.contains("transcript"));
    let code = interrupted(started(folder.path(), &file), Signal::SIGHUP, answered);
    assert_eq!((code, hang_ups(&provider.log())), (Some(3), vec!["CA1: Status=completed"]));
}

#[test]
fn a_run_that_is_interrupted_while_it_asks_takes_the_call_back() {
    let _seat = seat();
    let provider = Provider::start(Fate::Slow, "127.0.0.1:9");
    let folder = project(&provider, "");
    let file = scenario(folder.path(), "short", "twilio", &[SHORT, HANG_UP]);
    let code = interrupted(started(folder.path(), &file), Signal::SIGTERM, || provider.log().contains(&"asked".to_owned()));
    assert_eq!((code, hang_ups(&provider.log())), (Some(3), vec!["CA1: Status=completed"]));
}

/// As it is when the task of a call breaks.
#[test]
fn a_call_that_is_let_go_of_is_hung_up() {
    let _seat = seat();
    let (_bot, web) = sample_bot_on_the_web(&[]);
    let provider = Provider::start(Fate::Answered, &web);
    let folder = project(&provider, "");
    let config = std::fs::read_to_string(folder.path().join("goldencall.yaml")).expect("configuration").replace("${TOKEN}", TOKEN);
    let config = Config::parse(&Arc::new(Source { path: "goldencall.yaml".into(), text: config.into() }), &Secrets::default())
        .expect("a configuration");
    let target = config.resolve_target("twilio").expect("a target");
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let transport = OriginateTransport::default();
        let (events, _incoming) = tokio::sync::mpsc::unbounded_channel();
        let dial = Dial { target, clock: CallClock::start(), trace: TraceContext::random(), capture: None, events: events.into() };
        drop(transport.dial(dial).await.expect("a call"));
        transport.shut_down().await;
    });
    assert_eq!(hang_ups(&provider.log()), ["CA1: Status=completed"]);
}
