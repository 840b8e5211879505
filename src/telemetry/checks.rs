//! The checks of a turn that rest on what the bot told.

use std::collections::BTreeMap;
use std::time::Duration;

use super::bounds::{CallVerdict, StageVerdict, judge_stage, match_call};
use super::breakdown::TurnTelemetry;
use super::report::{Stage, ToolCall};
use crate::call::{CheckKind, CheckResult};
use crate::scenario::{BotStep, Bound, ExpectedCall};
use crate::time::{human, human_unsigned};

/// Why spans were left out.
pub const AMBIGUOUS: &str = "spans of two calls came at the same time; let the bot continue the call's `traceparent`, or run with --jobs 1";

/// Judges the limits on stages and the expected function calls of a step.
pub fn checks(step: &BotStep, told: &TurnTelemetry, variables: &BTreeMap<String, String>) -> Vec<CheckResult> {
    let stages = step.stages.iter().map(|(stage, bound)| stage_check(*stage, *bound, told));
    stages.chain(step.calls.iter().map(|call| call_check(call, told, variables))).collect()
}

fn stage_check(stage: Stage, bound: Bound, told: &TurnTelemetry) -> CheckResult {
    let expected = format!("{stage} at most {}", human_unsigned(bound.limit));
    let (actual, failed) = match judge_stage(stage, bound.limit, told) {
        StageVerdict::Met(time) => (human(time), None),
        StageVerdict::Exceeded(time) => {
            let over = time.saturating_sub(limit(bound.limit));
            (human(time), Some(format!("{stage} took {}, {} over its budget", human(time), human(over))))
        }
        StageVerdict::NoData => ("not told".to_owned(), Some(silent(told, &format!("how long its {stage} took")))),
    };
    CheckResult::judged(CheckKind::Stage(stage), bound.location, expected, actual, failed)
}

fn limit(limit: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(limit).unwrap_or(jiff::SignedDuration::MAX)
}

fn call_check(expected: &ExpectedCall, told: &TurnTelemetry, variables: &BTreeMap<String, String>) -> CheckResult {
    let arguments = expected.arguments(variables);
    let wanted = match &arguments {
        Some(arguments) => format!("a call of `{}` with {arguments}", expected.name),
        None => format!("a call of `{}`", expected.name),
    };
    let failed = match match_call(&expected.name, arguments.as_ref(), &told.calls) {
        CallVerdict::Met => None,
        CallVerdict::Missing { called } if called.is_empty() && !told.source.rtvi && !told.source.otlp => {
            Some(silent(told, "which functions it called"))
        }
        CallVerdict::Missing { .. } => Some(format!("the bot did not call `{}`", expected.name)),
        CallVerdict::WrongArguments { differences } => {
            Some(format!("`{}` was called with other arguments: {}", expected.name, differences.join("; ")))
        }
    };
    CheckResult::judged(CheckKind::Calls, expected.location, wanted, called(&told.calls), failed)
}

/// What the bot called, for people.
fn called(calls: &[ToolCall]) -> String {
    let one = |call: &ToolCall| {
        let name = if call.name.is_empty() { "a function without a name" } else { &call.name };
        if call.arguments.is_null() { name.to_owned() } else { format!("{name} {}", call.arguments) }
    };
    if calls.is_empty() { "no call".to_owned() } else { calls.iter().map(one).collect::<Vec<_>>().join("; ") }
}

/// The bot told nothing of this, and what can be done.
fn silent(told: &TurnTelemetry, what: &str) -> String {
    if told.source.ambiguous {
        return format!("nothing tells {what}: {AMBIGUOUS}");
    }
    let fix = if told.source.rtvi || told.source.otlp {
        "turn its metrics on"
    } else {
        "let it send RTVI messages on the call, or spans to `telemetry: { otlp: ... }` of goldencall.yaml"
    };
    format!("the bot did not tell {what}; {fix}")
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::json;

    use super::super::breakdown::{Breakdown, Sources};
    use super::*;
    use crate::scenario::Location;

    fn told() -> TurnTelemetry {
        let breakdown = Breakdown { llm: Some(SignedDuration::from_millis(1400)), ..Breakdown::default() };
        let call = ToolCall { name: "book".to_owned(), arguments: json!({"day": "Tuesday"}), id: None };
        TurnTelemetry { breakdown, calls: vec![call], source: Sources { rtvi: true, ..Sources::default() }, ..TurnTelemetry::default() }
    }

    fn stage(stage: Stage, millis: u64, told: &TurnTelemetry) -> String {
        let bound = Bound { limit: Duration::from_millis(millis), location: Location::default(), explicit: true };
        shown(&stage_check(stage, bound, told))
    }

    fn call(name: &str, arguments: Option<serde_json::Value>, told: &TurnTelemetry) -> String {
        let expected = ExpectedCall { name: name.to_owned(), arguments, location: Location::default() };
        shown(&call_check(&expected, told, &BTreeMap::from([("day".to_owned(), "Tuesday".to_owned())])))
    }

    fn shown(check: &CheckResult) -> String {
        format!("{} {:?}: {} / {} / {}", check.check.name(), check.outcome, check.expected, check.actual, check.reason)
    }

    #[test]
    fn every_verdict_reads_well() {
        let nothing = TurnTelemetry::default();
        let mixed = TurnTelemetry { source: Sources { ambiguous: true, ..Sources::default() }, ..TurnTelemetry::default() };
        let lines = [
            stage(Stage::Llm, 1500, &told()),
            stage(Stage::Llm, 800, &told()),
            stage(Stage::Tts, 800, &told()),
            stage(Stage::Tts, 800, &nothing),
            stage(Stage::Tts, 800, &mixed),
            call("book", Some(json!({"day": "{{day}}"})), &told()),
            call("book", Some(json!({"day": "Friday"})), &told()),
            call("cancel", None, &told()),
            call("cancel", None, &nothing),
        ];
        insta::assert_snapshot!(lines.join("\n"));
    }
}
