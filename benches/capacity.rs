//! The largest number of calls at once that this machine carries: every verdict right, no caller kept waiting, packets in time. The sample
//! bot runs beside it, in a process of its own.
//!
//! `cargo bench --bench capacity [-- FROM...]`: `sip`, `sip-media`, `webrtc`, each with a number to begin at (`sip=80`).

#![expect(clippy::disallowed_methods, reason = "a bench reads the wall clock")]

#[path = "support/bot.rs"]
mod bot;
#[path = "support/usage.rs"]
mod usage;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bot::SampleBot;
use serde_json::Value;

/// A caller who waits longer than this for the tester has been kept waiting.
const LONGEST_WAIT_MS: f64 = 20.0;
/// Packets later than this at the 99th percentile are not in time.
const PACING_P99_MS: f64 = 1.0;
/// How closely the limit is found, as a share of it.
const CLOSE_ENOUGH: f64 = 0.1;

/// A kind of call.
struct Kind {
    name: &'static str,
    scheme: &'static str,
    scenario: &'static str,
    /// How many calls at once are tried first.
    first: usize,
}

const KINDS: [Kind; 3] = [
    Kind { name: "sip", scheme: "sip", scenario: "scenarios/booking.yaml", first: 60 },
    Kind { name: "sip-media", scheme: "sip", scenario: "benches/capacity/media.yaml", first: 200 },
    Kind { name: "webrtc", scheme: "webrtc", scenario: "scenarios/booking.yaml", first: 60 },
];

/// What one try gave.
struct Try {
    carried: bool,
    row: String,
}

fn main() {
    let bot = SampleBot::start();
    println!("| calls | at once (peak) | passed | longest wait ms | pacing p99 ms | CPU % a call | MB a call | carried |");
    println!("|---|---|---|---|---|---|---|---|");
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    for kind in &KINDS {
        let first = asked.iter().find_map(|text| match text.split_once('=') {
            Some((name, first)) if name == kind.name => first.parse().ok(),
            _ => (text == kind.name).then_some(kind.first),
        });
        if asked.is_empty() || first.is_some() {
            println!("{}: {} calls at once are carried", kind.name, limit(kind, first.unwrap_or(kind.first), &bot));
        }
    }
}

/// Doubles while the calls are carried, then halves the distance to what is not.
fn limit(kind: &Kind, first: usize, bot: &SampleBot) -> usize {
    let mut carried = 0;
    let mut refused = None;
    let mut next = first;
    loop {
        let tried = attempt(kind, next, bot);
        println!("{}", tried.row);
        if tried.carried {
            carried = next;
        } else {
            refused = Some(next);
        }
        next = match refused {
            None => carried * 2,
            Some(refused) if ((refused - carried) as f64) < CLOSE_ENOUGH * refused as f64 || refused <= 1 => return carried,
            Some(refused) => carried.midpoint(refused),
        };
    }
}

/// As many calls at once, each place taken twice.
fn attempt(kind: &Kind, calls: usize, bot: &SampleBot) -> Try {
    let folder = tempfile::tempdir().expect("a folder");
    let (before, started) = (usage::children(), Instant::now());
    let target = bot.target(kind.scheme);
    let [jobs, repeat] = [calls, calls * 2].map(|count| count.to_string());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(env!("CARGO_BIN_EXE_goldencall"))
        .current_dir(root)
        .args(["run", kind.scenario, "--target", &target, "--repeat", &repeat, "--jobs", &jobs, "--ramp", "linear:8s", "--out"])
        .arg(folder.path())
        .output()
        .expect("it runs")
        .status;
    let seconds = started.elapsed().as_secs_f64();
    let after = usage::children();
    let report: Value = serde_json::from_slice(&std::fs::read(folder.path().join("results.json")).expect("a report")).expect("JSON");
    let all = report["calls"].as_array().expect("calls");
    let passed = all.iter().filter(|call| call["outcome"] == "passed").count();
    let worst = |what: &str| all.iter().filter_map(|call| call["health"][what].as_f64()).fold(0.0, f64::max);
    let peak = report["peak_calls"].as_u64().unwrap_or(0) as usize;
    let (wait, pacing) = (worst("held_back_ms"), worst("pacing_p99_ms"));
    let carried = status.success() && passed == all.len() && peak >= calls && wait <= LONGEST_WAIT_MS && pacing <= PACING_P99_MS;
    let cpu = 100.0 * (after.cpu_seconds - before.cpu_seconds) / seconds / calls as f64;
    let row = format!(
        "| {} | {calls} ({peak}) | {passed} of {} | {wait:.0} | {pacing:.2} | {cpu:.2} | {:.1} | {} |",
        kind.name,
        all.len(),
        after.peak_megabytes / calls as f64,
        if carried { "yes" } else { "no" }
    );
    Try { carried, row }
}
