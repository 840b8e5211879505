//! `goldencall.yaml`.

use std::time::Duration;

use insta::{assert_debug_snapshot, assert_snapshot};

use super::drawing::{config_mistakes, draw, secrets, source};
use crate::scenario::{Config, Secrets, SttEngine, Target};

#[test]
fn everything() {
    let text = "
scenarios: [scenarios, more/*.yaml]
target: lan
targets:
  lan: { sip: { uri: \"sip:bot@10.0.0.5\", username: ci, password: \"${SIP_PASSWORD}\", codecs: [pcma] } }
  sample: { bot: { script: booking, fault: \"late:4s\" } }
  plain: sip:bot@localhost:5060
defaults: { latency: 1200ms, end_silence: 500ms }
stt: { http: { url: \"http://localhost:8000\", key: secret-key } }
telemetry: { otlp: \"127.0.0.1:4318\", wait: 3s }
thresholds: { turn_latency.p95: 1500ms, setup.p50: 2s, pass_rate: 95% }
";
    let secrets = secrets();
    let config = Config::parse(&source("project/goldencall.yaml", text), &secrets).expect("a configuration");
    assert_debug_snapshot!(config);
    assert_eq!(secrets.redact("hunter22 and secret-key"), "[redacted] and [redacted]");
}

#[test]
fn nothing() {
    let config = Config::parse(&source("goldencall.yaml", "# nothing yet\n"), &secrets()).expect("a configuration");
    assert_eq!(config.stt, SttEngine::Embedded);
    assert_eq!(config.defaults.latency(), Duration::from_secs(2));
}

#[test]
fn recognisers() {
    let stt = |text: &str| Config::parse(&source("goldencall.yaml", &format!("stt: {text}\n")), &secrets()).map(|config| config.stt);
    assert_eq!(stt("embedded").expect("fine"), SttEngine::Embedded);
    assert_eq!(stt("{ embedded: }").expect("fine"), SttEngine::Embedded);
    let command = SttEngine::Command(vec!["whisper".to_owned(), "{wav}".to_owned()]);
    assert_eq!(stt("{ command: [whisper, \"{wav}\"] }").expect("fine"), command);
}

#[test]
fn targets_by_name_and_by_uri() {
    let text = "targets: { lan: sip:bot@10.0.0.5, sample: bot:booking }\n";
    let config = Config::parse(&source("goldencall.yaml", text), &secrets()).expect("a configuration");
    assert!(matches!(config.resolve_target("lan"), Ok(Target::Sip(sip)) if sip.uri == "sip:bot@10.0.0.5"));
    assert!(matches!(config.resolve_target("bot:"), Ok(Target::Bot(_))));
    assert_snapshot!(config.resolve_target("lam").expect_err("no such name"));
    assert_snapshot!("no_names", Config::default().resolve_target("lan").expect_err("no names"));
}

#[test]
fn unknown_keys() {
    assert_snapshot!(config_mistakes("threshold: {}\nnotify: { slack: x }\nstt: { comand: x }\n"));
}

#[test]
fn bad_thresholds() {
    assert_snapshot!(config_mistakes(
        "thresholds:\n  turn_latency.p101: 1s\n  turn_latncy.p95: 1s\n  turn_latency.p95: 95%\n  pass_rate: 1s\n  setup.p50: 0s\n  setup.p50: 1s\n"
    ));
}

#[test]
fn loads() {
    let text = "thresholds: { pass_rate: 95% }
load:
  thresholds:
    turn_latency.p95: 2s
    pass_rate: { threshold: 99%, abort_on_fail: true, delay_abort_eval: 1m }
";
    let config = Config::parse(&source("goldencall.yaml", text), &secrets()).expect("a configuration");
    let limits = config.load_thresholds.iter().map(|limit| (limit.threshold.name.as_str(), limit.abort_on_fail, limit.delay_abort_eval));
    assert_eq!(Vec::from_iter(limits), [("turn_latency.p95", false, Duration::ZERO), ("pass_rate", true, Duration::from_secs(60))]);
}

#[test]
fn bad_loads() {
    assert_snapshot!(config_mistakes(
        "thresholds: { pass_rate: { threshold: 95%, abort_on_fail: true } }
load:
  weights: { Book: 3 }
  thresholds:
    turn_latncy.p95: 1s
    setup: { abort_on_fail: true }
    pass_rate: { threshold: 99%, abort_on_fial: true }
    turn_latency.p95: { threshold: 1s, abort_on_fail: often }
    mos: { threshold: 3, delay_abort_eval: 1m }
"
    ));
}

#[test]
fn bad_quality_thresholds() {
    assert_snapshot!(config_mistakes(
        "thresholds:
  mos.p101: 3
  moss: 3.8
  mos: good
  loss: < 1
  burst: < 20%
  jitter.p95: 30
  gaps: '== 1.5'
  level: -30%
  post_dial_dely: 2s
  post_dial_delay.p95: < 2
  pass_rate: '>= 0.95'
  setup.p50: < 1%
"
    ));
}

#[test]
fn bad_recognisers() {
    assert_snapshot!(config_mistakes("stt: embeded\n"));
    assert_snapshot!("stt_two", config_mistakes("stt: { http: { url: \"http://a\" }, command: [a] }\n"));
    assert_snapshot!("stt_no_url", config_mistakes("stt: { http: { model: whisper-1 } }\n"));
    assert_snapshot!("stt_bad_url", config_mistakes("stt: { http: { url: localhost:8000, key: \"${STT_KEY}\" } }\n"));
    assert_snapshot!("stt_no_program", config_mistakes("stt: { command: [] }\n"));
}

#[test]
fn bad_telemetry() {
    assert_snapshot!(config_mistakes("telemetry: { oltp: 127.0.0.1:4318 }\n"));
    assert_snapshot!("telemetry_host", config_mistakes("telemetry: { otlp: \"localhost:4318\", wait: soon }\n"));
    assert_snapshot!("telemetry_empty", config_mistakes("telemetry: {}\n"));
}

#[test]
fn bad_targets() {
    assert_snapshot!(config_mistakes("target: lna\ntargets:\n  lan: sip:bot@10.0.0.5\n  lan: \"bot:\"\n  phone: { websocket: {} }\n"));
}

#[test]
fn a_transfer_is_not_followed_with_dtls() {
    let mistakes = config_mistakes("target: { sip: { uri: \"sip:bot@10.0.0.5\", srtp: dtls, follow_transfer: true } }\n");
    assert!(mistakes.contains("use `srtp: sdes`, or leave `follow_transfer` out"), "{mistakes}");
}

#[test]
fn bad_webrtc_targets() {
    assert_snapshot!(config_mistakes(
        "targets:
  a: { webrtc: { signaling: offer } }
  b: { webrtc: { url: \"ws://host/\", codecs: [] } }
  c: { webrtc: { url: \"http://u:secret@host/\", room: r } }
  d: { webrtc: { url: \"http://host/\", room: r, body: \"{\", ice_servers: [{ urls: [host:3478, \"turns:host:5349\"] }, {}] } }
  e: { webrtc: { url: \"ws://host/\", signalling: livekit, api_key: k } }
  f: { webrtc: { url: \"http://host/start?tenant=7\", ice_transport_policy: relay } }
  g: { webrtc: { url: \"http://host/start/offer\", ice_transport_policy: relay, ice_servers: [{ urls: \"stun:host\" }] } }
  h: { webrtc: { url: \"http://host/\", ice_servers: [{ urls: [\"stun:host\", \"turn:host\"], username: u }] } }
"
    ));
}

#[test]
fn bad_websocket_targets() {
    assert_snapshot!(config_mistakes(
        "targets:
  a: { websocket: { url: \"ws://host/\" } }
  b: { websocket: { url: \"http://host/\", protocol: twilo } }
  c: { websocket: { url: \"http://host/\", protocol: twilio } }
  d: { websocket: { protocol: twilio } }
  e: { websocket: { url: host, protocol: audiosocket } }
  f: { websocket: { url: \"ws://host/\", protocol: pcm, sample_rate: 7000, encoding: opus } }
  g: { websocket: { answer_url: \"http://host/\", protocol: genesys } }
"
    ));
}

#[test]
fn tokens_that_sign_nothing() {
    let target =
        |protocol: &str| format!("targets:\n  a: {{ websocket: {{ url: \"ws://host/\", protocol: {protocol}, auth_token: token }} }}\n");
    assert_snapshot!(config_mistakes(&target("exotel")));
    for protocol in ["teler", "jambonz", "genesys", "pcm"] {
        assert!(config_mistakes(&target(protocol)).contains("`auth_token` is not a setting of"), "{protocol}");
    }
    let signing = target("twilio");
    assert!(Config::parse(&source("goldencall.yaml", &signing), &secrets()).is_ok());
}

#[test]
fn originate_targets() {
    let text = "targets:
  us: { originate: { provider: twilio, to: \"+15550100\", from: \"+15550101\", account: AC12, auth_token: \"${SIP_PASSWORD}\", listen: \"0.0.0.0:8443\", url: \"https://ci.example.com/\" } }
  in: { originate: { provider: teler, to: \"+915550100\", from: \"+915550101\", api_key: topsecret, listen: \"[::1]:8443\", url: \"http://host/x\", api: \"http://localhost:9/v1/\", ring_timeout: 20s } }
";
    let secrets = secrets();
    let config = Config::parse(&source("goldencall.yaml", text), &secrets).expect("a configuration");
    assert_debug_snapshot!(config.targets);
    assert_eq!(secrets.redact("hunter22 and topsecret"), "[redacted] and [redacted]");
    let labels = ["us", "in"].map(|name| config.resolve_target(name).map(|target| target.label()));
    assert_eq!(labels, [Ok("originate:twilio:+15550100".to_owned()), Ok("originate:teler:+915550100".to_owned())]);
}

/// What people copy out of the documentation works.
#[test]
fn the_documentations_configurations() {
    let pages = [("twilio", include_str!("../../../docs/twilio.md")), ("teler", include_str!("../../../docs/teler.md"))];
    let names = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SIP_PASSWORD", "TELER_API_KEY", "TELER_SIP_PASSWORD"];
    let environment = names.map(|name| (name.to_owned(), "AC0123456789".to_owned()));
    let secrets = Secrets::new(environment.into());
    for (page, text) in pages {
        let blocks: Vec<&str> = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert_eq!(blocks.len(), 3, "{page}");
        for block in blocks {
            if let Err(problems) = Config::parse(&source("goldencall.yaml", block), &secrets) {
                panic!("{page}:\n{}", draw(&problems));
            }
        }
    }
}

#[test]
fn bad_originate_targets() {
    assert_snapshot!(config_mistakes(
        "targets:
  a: { originate: {} }
  b: { originate: { provider: twilo } }
  c: { originate: { provider: twilio } }
  d: { originate: { provider: teler } }
  e: { originate: { provider: twilio, to: 15550100, from: \"+1 555 0101\", account: \"../x\", auth_token: \"${NOPE}\", listen: \"8443\", url: ci.example.com } }
  f: { originate: { provider: teler, to: \"+15550100\", from: \"+15550101\", account: AC1, parameters: { a: b }, api_key: a-key, listen: \"0.0.0.0:0\", url: \"https://ci.example.com/?a=b\", api: \"ws://h/\", ring_timeout: 20m } }
  g: { originate: { provider: twilio, to: \"+15550100\", from: \"+15550101\", account: AC1, auth_tokn: x, listen: \"0.0.0.0:1\", url: \"https://h\" } }
"
    ));
    assert_snapshot!("originate_uri", crate::scenario::Target::from_uri("originate:twilio:+15550100").expect_err("no account"));
}
