//! The audio quality of a finished call, as a whole and turn by turn, from what the call recorded.

use std::ops::Range;

use super::evidence::CallEvidence;
use crate::call::{LineInfo, Outcome, TurnResult, quality_checks};
use crate::media::quality::{Assessor, Evidence, Quality};
use crate::scenario::{Scenario, Step};
use crate::time::{CallTime, Millis, Span};

/// Measures the quality of the call and of every turn in which the bot spoke, and judges the turns.
pub(super) fn judge(evidence: &mut CallEvidence, scenario: &Scenario) {
    if evidence.result.setup.is_none() {
        return;
    }
    let (quality, turns) = assess(evidence);
    let millis = |at: Option<CallTime>| at.map(Millis::millis_f64);
    let (setup_ms, post_dial_delay_ms) = (millis(evidence.result.setup), millis(evidence.result.post_dial_delay));
    evidence.result.quality = quality;
    for (turn, quality) in evidence.result.turns.iter_mut().zip(turns) {
        if let Some(Step::Bot(step)) = scenario.steps.get(turn.step)
            && turn.outcome != Outcome::Skipped
        {
            let line = LineInfo { rtp: evidence.has_packets, codec: evidence.result.codec.as_deref(), spoken: quality.is_some() };
            let heard = Quality { setup_ms, post_dial_delay_ms, ..quality.clone().unwrap_or_default() };
            let checks = quality_checks(step, &heard, &line);
            // A turn that failed because nothing was said need not fail every bound as well.
            let failed_already = quality.is_none() && turn.outcome == Outcome::Failed;
            if !checks.is_empty() && !failed_already {
                turn.add_checks(checks);
            }
        }
        turn.quality = quality.map(Box::new);
    }
}

fn assess(evidence: &CallEvidence) -> (Quality, Vec<Option<Quality>>) {
    let missing = evidence.timeline.missing();
    let line = Evidence {
        packets: evidence.has_packets.then_some(&evidence.packets),
        codec: evidence.result.codec.as_deref().unwrap_or_default(),
        round_trip_ms: evidence.round_trip.map(|time| time.millis_f64()),
        recording: evidence.timeline.recording(),
        missing: &missing,
    };
    let heard_at = |index: usize| evidence.timeline.heard_at(index as u64).millis_f64();
    let assessor = Assessor::new(line);
    let all: Vec<Range<usize>> = evidence.speech.iter().map(|speech| speech.samples.clone()).collect();
    let turn = |turn: &TurnResult| {
        let window = window(turn)?;
        let inside = evidence.speech.iter().filter(|speech| speech.span.start < window.end && speech.span.end > window.start);
        let speech: Vec<Range<usize>> = inside.map(|speech| speech.samples.clone()).collect();
        Some(assessor.assess(Some(window), &speech, &heard_at))
    };
    let turns = evidence.result.turns.iter().map(turn).collect();
    (assessor.assess(None, &all, &heard_at), turns)
}

/// From the bot's first speech sample to the end of its last utterance.
fn window(turn: &TurnResult) -> Option<Span> {
    let start = turn.utterances.iter().map(|utterance| utterance.span.start).min()?;
    let end = turn.utterances.iter().map(|utterance| utterance.span.end).max()?;
    (end > start).then_some(Span { start, end })
}
