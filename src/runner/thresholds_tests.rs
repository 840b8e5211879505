use std::sync::Arc;

use super::*;
use crate::media::quality::Quality;
use crate::scenario::{Config, Secrets, Source};
use crate::time::CallTime;

fn call(number: usize, scenario: &str, quality: Quality, ringing_ms: i64) -> CallResult {
    let mut result: CallResult = serde_json::from_value(serde_json::json!({
        "call": number, "scenario": scenario, "file": "a.yaml", "repetition": 1, "attempt": 1, "target": "sip:bot@host", "started": "",
        "outcome": "passed", "error": null, "setup_ns": 0, "duration": { "secs": 1, "nanos": 0 }, "call_id": null, "codec": "PCMU",
        "turns": [], "reception": { "packets": 0, "lost": 0, "reordered": 0, "duplicates": 0, "jitter_ms": 0.0 },
        "health": { "pacing_p99_ms": 0.0, "held_back_ms": 0.0, "transcript_lag_ms": 0.0 }, "notes": [], "recording": null,
    }))
    .expect("a result of an earlier version");
    result.quality = quality;
    result.post_dial_delay = Some(CallTime::from_millis(ringing_ms));
    result
}

fn judged(thresholds: &str, results: &[CallResult]) -> String {
    let source = Source { path: "goldencall.yaml".into(), text: format!("thresholds:\n{thresholds}").into() };
    let config = Config::parse(&Arc::new(source), &Secrets::default()).expect("a configuration");
    let lines = config.thresholds.iter().map(|threshold| {
        let result = judge(threshold, results);
        format!("{} {:?}: {} / {}", result.name, result.outcome, result.expected, result.actual)
    });
    lines.collect::<Vec<_>>().join("\n")
}

const EVERY: &str = "
  mos: '>= 3.8'
  mos.p50: 3
  loss: < 1%
  jitter.p95: < 30ms
  round_trip.p50: 200ms
  burst_loss: < 20%
  late: 0.5%
  gaps: 0
  clipping: < 0.1%
  level: '>= -30dB'
  post_dial_delay.p95: 2s
  setup.p95: < 1s
  pass_rate: '>= 95%'
";

#[test]
fn the_worst_call_counts_or_a_percentile() {
    let good = Quality {
        mos: Some(4.2),
        loss: Some(0.0),
        jitter_max_ms: Some(3.0),
        round_trip_ms: Some(20.0),
        burst_density: Some(0.0),
        late_share: Some(0.0),
        gaps: Some(0),
        clipping: Some(0.0),
        level_dbov: Some(-24.0),
        ..Quality::default()
    };
    let bad =
        Quality { mos: Some(3.417), loss: Some(0.042), gaps: Some(2), level_dbov: Some(-36.0), jitter_max_ms: Some(48.0), ..good.clone() };
    let results = [call(1, "Greeting", good, 400), call(2, "Booking", bad, 800)];
    insta::assert_snapshot!(judged(EVERY, &results));
}

#[test]
fn without_data_nothing_holds() {
    let mut result = call(1, "Over a socket", Quality::default(), 0);
    (result.post_dial_delay, result.setup) = (None, None);
    insta::assert_snapshot!(judged(EVERY, &[result]));
}
