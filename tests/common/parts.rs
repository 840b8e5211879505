//! A small run that is split, and the comparison of its reports.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::goldencall;

/// Six calls of a second or two, one of which fails.
const NAMES: [&str; 3] = ["apple", "banana", "cherry"];

pub fn suite(folder: &Path) {
    std::fs::create_dir(folder.join("scenarios")).expect("folder");
    for name in NAMES {
        let words = if name == "banana" { "Goodbye for ever" } else { "Hello, you've reached Acme Store. What can I do for you?" };
        let text = format!("name: {name}\ntarget: bot:order\nsteps:\n  - bot: {{ says: \"{words}\", give_up: 1s }}\n  - hangup: caller\n");
        std::fs::write(folder.join(format!("scenarios/{name}.yaml")), text).expect("scenario");
    }
    std::fs::write(folder.join("goldencall.yaml"), "thresholds: { pass_rate: 50%, greeting_latency.p95: 1500ms }\n")
        .expect("configuration");
}

pub fn in_folder(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    goldencall().current_dir(folder).args(arguments).envs(variables.iter().copied()).output().expect("it runs")
}

/// Two reports that are the same. The bot is in the process that calls it: where that is held up, its voice has a gap, and other words may be
/// heard. That spoils one try; a difference in how a run is split shows in every one.
#[track_caller]
pub fn same_in_one_of_three(reports: impl Fn() -> [Value; 2]) {
    for _ in 0..2 {
        let [one, other] = reports();
        if one == other {
            return;
        }
    }
    let [one, other] = reports();
    assert_eq!(one, other);
}

/// A report without what differs from run to run: times and ids.
pub fn lasting(path: &Path) -> Value {
    let mut report: Value = serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON");
    strip(&mut report);
    report
}

fn strip(value: &mut Value) {
    const COUNTS: [&str; 11] = ["call", "repetition", "attempt", "turn", "step", "count", "passed", "failed", "errors", "skipped", "line"];
    const TEXTS_THAT_DIFFER: [&str; 6] = ["started", "run", "call_id", "trace_id", "recording", "actual"];
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::Number(_) if !COUNTS.contains(&name.as_str()) => *field = Value::Null,
                    Value::String(_) if TEXTS_THAT_DIFFER.contains(&name.as_str()) => *field = Value::Null,
                    other => strip(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
