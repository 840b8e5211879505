//! What a call did and how it was judged, as text for snapshots.

use std::fmt::Write;

use crate::call::{CheckResult, Output, TurnResult};
use crate::scenario::Scenario;
use crate::time::human;

use super::simulation::{self, Outcome};
use super::timeline::Timeline;

/// The name of an outcome, origin or check as JSON has it.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).expect("JSON").as_str().unwrap_or_default().to_owned()
}

fn check(check: &CheckResult) -> String {
    let mut text = format!("  {} {}: {} | {}", word(&check.outcome), check.check.name(), check.expected, check.actual);
    if !check.reason.is_empty() {
        write!(text, "\n    because {}", check.reason).expect("a string");
    }
    if !check.diff.is_empty() {
        write!(text, "\n    diff {}", check.diff).expect("a string");
    }
    text
}

fn turn(turn: &TurnResult) -> String {
    let mut text = format!("step {} (turn {}): {}\n", turn.step, turn.turn, word(&turn.outcome));
    for one in &turn.checks {
        text += &check(one);
        text.push('\n');
    }
    for heard in &turn.utterances {
        writeln!(text, "  heard {} to {}: {:?}", heard.span.start, heard.span.end, heard.text).expect("a string");
    }
    let times = [
        ("latency", turn.latency),
        ("answer latency", turn.answer_latency),
        ("barge-in stop", turn.barge_in_stop),
        ("dead air", turn.dead_air),
        ("held back", turn.held_back),
    ];
    let times: Vec<String> = times.iter().filter_map(|(name, time)| time.map(|time| format!("{name} {}", human(time)))).collect();
    if let (Some(origin), Some(at)) = (&turn.origin, turn.origin_at) {
        writeln!(text, "  from {} at {at}: {}", word(origin), times.join(", ")).expect("a string");
    }
    if !turn.captured.is_empty() {
        writeln!(text, "  captured {:?}", turn.captured).expect("a string");
    }
    text
}

fn output(output: &Output) -> String {
    match output {
        Output::Turn(turn) => format!("verdict on step {}", turn.step),
        other => format!("{other:?}"),
    }
}

fn render(outcome: &Outcome) -> String {
    let mut text = String::new();
    for (at, one) in &outcome.outputs {
        writeln!(text, "{at} {}", output(one)).expect("a string");
    }
    for one in &outcome.turns {
        text.push('\n');
        text += &turn(one);
    }
    if !outcome.over {
        text += "\nNOT OVER\n";
    }
    text
}

/// The log of a call of a parsed scenario.
pub fn of_scenario(scenario: Scenario, timeline: &str) -> String {
    render(&simulation::run(scenario, Timeline::parse(timeline), std::time::Duration::ZERO))
}

/// The log of a call of a scenario in YAML.
pub fn of(steps: &str, timeline: &str) -> String {
    of_scenario(simulation::scenario(steps), timeline)
}
