//! Scenarios for bots that speak the sample bot's `booking` script, and what every report of such a call must say.

use std::path::Path;

use serde_json::Value;

use super::common::{Run, goldencall, root};

/// The greeting and one exchange.
pub const SHORT: &str = "
  - bot: Thanks for calling Acme Dental. How can I help you today?
  - caller: { audio: AUDIO/caller/booking-request.wav }
  - bot:
      says: { contains: [appointment, which day] }
";

/// The caller hangs up.
pub const CALLER_HANGS_UP: &str = "  - hangup: caller\n";

/// The bot hangs up.
pub const BOT_HANGS_UP: &str = "  - hangup: bot\n";

/// The rest of the booking, up to where someone hangs up.
pub const BOOKED: &str = "
  - caller: { audio: AUDIO/caller/booking-tuesday.wav }
  - bot:
      says: { similar: You are booked for Tuesday at 3 PM. }
      not: { contains: sorry }
      capture: { number: 'confirmation number is (\\d+)' }
  - caller: { audio: AUDIO/caller/booking-thats-all.wav }
  - bot: Thank you for calling Acme Dental. Goodbye.
";

/// Writes a scenario that calls a target (a URI or a mapping), and returns its path.
pub fn scenario(folder: &Path, name: &str, target: &str, steps: &[&str]) -> String {
    let path = folder.join(format!("{name}.yaml"));
    let steps = steps.concat().replace("AUDIO", &root().join("audio").to_string_lossy());
    let text = format!("name: {name}\ntarget: {target}\ndefaults: {{ latency: 3s }}\nsteps:\n{steps}");
    std::fs::write(&path, text).expect("scenario");
    path.to_string_lossy().into_owned()
}

/// Runs scenarios in a folder of their own, without the project's configuration.
pub fn run(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = goldencall();
    command.current_dir(folder);
    Run::with(command, arguments)
}

/// The call of this name.
#[track_caller]
pub fn call_of<'r>(report: &'r Value, name: &str) -> &'r Value {
    let mut calls = report["calls"].as_array().expect("calls").iter();
    calls.find(|call| call["scenario"] == name).unwrap_or_else(|| panic!("no call `{name}`: {report}"))
}

/// The latencies of the turns that answered the caller, in milliseconds: as many as there are, each as these bots think.
#[track_caller]
pub fn plausible(call: &Value, exchanges: usize) {
    let turns = call["turns"].as_array().expect("turns").iter();
    let answers = turns.filter(|turn| turn["latency_from"] == "caller_speech_end");
    let latencies: Vec<f64> = answers.map(|turn| turn["latency_ms"].as_f64().expect("a latency")).collect();
    assert_eq!(latencies.len(), exchanges, "{call}");
    assert!(latencies.iter().all(|latency| (500.0..3000.0).contains(latency)), "{latencies:?}");
}

/// How often a scenario has the caller speak.
pub fn exchanges(steps: &[&str]) -> usize {
    steps.concat().matches("- caller:").count()
}

/// Calls one target by one scenario, and judges what the report says of it.
#[track_caller]
pub fn passes(target: &str, steps: &[&str], codec: &str) -> Run {
    let folder = tempfile::tempdir().expect("folder");
    let run = run(folder.path(), &[&scenario(folder.path(), "peer", target, steps)]).expect(0);
    let report = run.json();
    let call = call_of(&report, "peer");
    assert_eq!(call["codec"], codec);
    plausible(call, exchanges(steps));
    run
}
