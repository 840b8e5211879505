//! The checks of a turn that rest on the bot's telemetry.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::function_calls::{CallVerdict, match_call};
use crate::call::verdict::{CheckKind, CheckResult};
use crate::scenario::{BotStep, Bound, ExpectedCall};
use crate::telemetry::{Stage, ToolCall, TurnTelemetry};
use crate::time::{human, human_unsigned, signed};

/// Calls of functions that a report lists.
const MOST_LISTED: usize = 20;
/// Why spans were left out.
pub const AMBIGUOUS_SPANS: &str = "spans of two calls, or more than there is room for, came at the same time; let the bot continue the call's `traceparent`, or run with --jobs 1";

/// Judges the limits on stages and the expected function calls of a step.
pub fn telemetry_checks(step: &BotStep, telemetry: &TurnTelemetry, variables: &BTreeMap<String, String>) -> Vec<CheckResult> {
    let stages = step.stages.iter().map(|(stage, bound)| stage_check(*stage, *bound, telemetry));
    stages.chain(step.calls.iter().map(|call| call_check(call, telemetry, variables))).collect()
}

/// How a limit on a stage came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StageVerdict {
    /// The stage took this long, no longer than the limit.
    Met(SignedDuration),
    /// The stage took this long, longer than the limit.
    Exceeded(SignedDuration),
    /// The bot reported nothing about the stage: the check fails.
    NoData,
}

/// Judges one stage of a turn; exactly the limit is met.
fn judge_stage(stage: Stage, limit: Duration, telemetry: &TurnTelemetry) -> StageVerdict {
    match telemetry.breakdown.stage(stage) {
        None => StageVerdict::NoData,
        Some(actual) if actual <= signed(limit) => StageVerdict::Met(actual),
        Some(actual) => StageVerdict::Exceeded(actual),
    }
}

fn stage_check(stage: Stage, bound: Bound, telemetry: &TurnTelemetry) -> CheckResult {
    let expected = format!("{stage} at most {}", human_unsigned(bound.limit));
    let (actual, failed) = match judge_stage(stage, bound.limit, telemetry) {
        StageVerdict::Met(time) => (human(time), None),
        StageVerdict::Exceeded(time) => {
            let over = time.saturating_sub(signed(bound.limit));
            (human(time), Some(format!("{stage} took {}, {} over its budget", human(time), human(over))))
        }
        StageVerdict::NoData => ("not reported".to_owned(), Some(silent(telemetry, &format!("how long its {stage} took")))),
    };
    CheckResult::judged(CheckKind::Stage(stage), bound.location, expected, actual, failed)
}

fn call_check(expected: &ExpectedCall, telemetry: &TurnTelemetry, variables: &BTreeMap<String, String>) -> CheckResult {
    let arguments = expected.arguments(variables);
    let wanted = match &arguments {
        Some(arguments) => format!("a call of `{}` with {arguments}", expected.name),
        None => format!("a call of `{}`", expected.name),
    };
    let failed = match match_call(&expected.name, arguments.as_ref(), &telemetry.calls) {
        CallVerdict::Met => None,
        CallVerdict::Missing { called } if called.is_empty() && !telemetry.source.rtvi && !telemetry.source.otlp => {
            Some(silent(telemetry, "which functions it called"))
        }
        CallVerdict::Missing { .. } => Some(format!("the bot did not call `{}`", expected.name)),
        CallVerdict::WrongArguments { differences } => {
            Some(format!("`{}` was called with other arguments: {}", expected.name, differences.join("; ")))
        }
    };
    CheckResult::judged(CheckKind::Calls, expected.location, wanted, called(&telemetry.calls), failed)
}

/// What the bot called, for people.
fn called(calls: &[ToolCall]) -> String {
    let one = |call: &ToolCall| {
        let name = if call.name.is_empty() { "a function without a name" } else { &call.name };
        if call.arguments.is_null() { name.to_owned() } else { format!("{name} {}", call.arguments) }
    };
    let more = calls.len().saturating_sub(MOST_LISTED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let some = calls.iter().take(MOST_LISTED).map(one).collect::<Vec<_>>().join("; ");
    if calls.is_empty() { "no call".to_owned() } else { some + &more }
}

/// The bot did not report this, and what can be done.
fn silent(telemetry: &TurnTelemetry, what: &str) -> String {
    if telemetry.source.ambiguous {
        return format!("it is unknown {what}: {AMBIGUOUS_SPANS}");
    }
    let fix = if telemetry.source.rtvi || telemetry.source.otlp {
        "turn its metrics on"
    } else {
        "let it send RTVI messages on the call, or spans to `telemetry: { otlp: ... }` of goldencall.yaml"
    };
    format!("the bot did not report {what}; {fix}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::Location;
    use crate::telemetry::{Breakdown, Sources};

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
    fn a_stage_is_judged_on_data_only() {
        let mut telemetry = TurnTelemetry::default();
        let judge = |telemetry: &TurnTelemetry| judge_stage(Stage::Llm, Duration::from_millis(500), telemetry);
        assert_eq!(judge(&telemetry), StageVerdict::NoData);
        let (at, over) = (SignedDuration::from_millis(500), SignedDuration::from_millis(501));
        telemetry.breakdown.llm = Some(at);
        assert_eq!(judge(&telemetry), StageVerdict::Met(at));
        telemetry.breakdown.llm = Some(over);
        assert_eq!(judge(&telemetry), StageVerdict::Exceeded(over));
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
