//! Where the time of a turn went, for people and for programs.

use serde_json::{Value, json};

use crate::call::TurnResult;
use crate::telemetry::{Breakdown, Stage, TurnTelemetry};
use crate::time::{Millis, human};

/// `end of turn detection 512 ms, language model 1400 ms (the largest), ...`; nothing without telemetry.
pub(super) fn words(turn: &TurnResult) -> Option<String> {
    let breakdown = &turn.telemetry.as_ref()?.breakdown;
    // What goldencall measures of every call says nothing of where the bot's time went.
    let told = |stage: Stage| !matches!(stage, Stage::Network | Stage::Playout);
    if breakdown.unexplained.is_none() && !breakdown.stages().any(|(stage, time)| told(stage) || time >= NOTICEABLE) {
        return None;
    }
    let largest = breakdown.largest().map(|(stage, _)| stage);
    let mut parts: Vec<String> = breakdown
        .stages()
        .map(|(stage, time)| {
            let mark = if Some(stage) == largest { " (the largest)" } else { "" };
            format!("{stage} {}{mark}", human(time))
        })
        .collect();
    parts.extend(breakdown.unexplained.map(|time| format!("unexplained {}", human(time))));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Two or three frames in one message are usual.
const NOTICEABLE: jiff::SignedDuration = jiff::SignedDuration::from_millis(50);

/// How long the bot's first audio waited to be played, where it was sent ahead of its playing.
pub(super) fn waited(turn: &TurnResult) -> Option<String> {
    let (heard, arrived) = (turn.latency?, turn.arrival_latency?);
    let noticeable = heard.saturating_sub(arrived) >= NOTICEABLE;
    noticeable.then(|| format!("its audio arrived after {} and waited to be played", human(arrived)))
}

/// For `--report-json`: milliseconds by stage.
pub(super) fn value(telemetry: &TurnTelemetry) -> Value {
    json!({
        "stages_ms": stages(&telemetry.breakdown),
        "largest": telemetry.breakdown.largest().map(|(stage, _)| stage),
        "unexplained_ms": telemetry.breakdown.unexplained.map(Millis::millis_f64),
        "calls": telemetry.calls,
        "user_text": telemetry.user_text,
        "bot_text": telemetry.bot_text,
        "source": telemetry.source,
    })
}

fn stages(breakdown: &Breakdown) -> Value {
    breakdown.stages().map(|(stage, time)| (stage.key().to_owned(), time.millis_f64().into())).collect::<serde_json::Map<_, _>>().into()
}
