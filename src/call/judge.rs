//! Judging one bot turn once everything about it is known.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::scenario::{BotStep, Location};

use super::hearing::{HeardText, Hearing, Question};
use super::speech::is_noise;
use super::turn::Turn;
use super::verdict::{CheckResult, TurnResult, Utterance, worst};
use crate::time::CallTime;

/// Everything that a turn is judged by.
pub(super) struct Evidence<'a> {
    pub turn: &'a Turn,
    pub step: &'a BotStep,
    pub hearing: &'a Hearing,
    pub utterances: Vec<Utterance>,
    /// Onset of the utterance from which on the expectation is met; found by [`judge`].
    pub answer_onset: Option<CallTime>,
    /// When the bot fell silent after the turns before.
    pub spoken_before: Option<CallTime>,
    /// Why the dialogue stopped before the turn was decided, as the subject and verb of a sentence.
    pub cut_off: Option<String>,
    /// Some turn of the scenario expects digits.
    pub digits_matter: bool,
    /// The run was interrupted before the turn was decided, which is not the bot's fault.
    pub cancelled: bool,
}

/// Judges the turn; captured values are in the result. An error is what the audio must say first.
pub(super) fn judge(mut evidence: Evidence<'_>) -> Result<TurnResult, Vec<Question>> {
    evidence.answer_onset = evidence.find_answer()?;
    let mut captured = BTreeMap::new();
    let checks = evidence.checks(&mut captured);
    let start = evidence.turn.start;
    let since_start = |at: CallTime| start.map(|start| at.since(start.at));
    Ok(TurnResult {
        step: evidence.turn.step,
        turn: evidence.turn.number,
        location: evidence.step.location,
        outcome: worst(&checks),
        origin: start.map(|start| start.origin),
        origin_at: start.map(|start| start.at),
        latency: evidence.onset().and_then(since_start),
        arrival_latency: None,
        answer_latency: evidence.answer_onset.and_then(since_start),
        barge_in_stop: evidence.barge_in_stop(),
        dead_air: evidence.dead_air(),
        held_from: evidence.turn.held_from,
        held_back: evidence.turn.held_back,
        checks,
        captured,
        telemetry: None,
        quality: None,
        utterances: evidence.utterances,
    })
}

impl Evidence<'_> {
    /// The utterances that are speech: a short sound without words is not, unless the caller
    /// interrupted it.
    pub fn spoken(&self) -> impl DoubleEndedIterator<Item = &Utterance> {
        let fragments = self.turn.interrupted_at.is_some();
        let is_speech = move |utterance: &&Utterance| fragments || !is_noise(utterance.span, &utterance.text);
        self.utterances.iter().filter(is_speech)
    }

    pub fn onset(&self) -> Option<CallTime> {
        self.spoken().next().map(|utterance| utterance.span.start)
    }

    pub fn heard(&self) -> HeardText {
        HeardText::new(self.utterances.iter().map(|utterance| (utterance.span.start, utterance.text.as_str())))
    }

    /// Onset of the utterance from which on the expectation is met: words said before it are a filler.
    fn find_answer(&self) -> Result<Option<CallTime>, Vec<Question>> {
        let spoken: Vec<&Utterance> = self.spoken().collect();
        let met = |range: std::ops::Range<usize>| {
            let part = spoken.get(range).unwrap_or(&[]);
            let heard = HeardText::new(part.iter().map(|utterance| (utterance.span.start, utterance.text.as_str())));
            self.turn.met_by(&heard, self.hearing)
        };
        if spoken.is_empty() || !met(0..spoken.len())? {
            return Ok(None);
        }
        let Some(until) = first(1..=spoken.len(), |until| met(0..until))? else { return Ok(None) };
        let from = first((0..until).rev(), |from| met(from..until))?;
        Ok(from.and_then(|from| spoken.get(from)).map(|utterance| utterance.span.start))
    }

    pub fn barge_in_stop(&self) -> Option<SignedDuration> {
        let at = self.turn.interrupted_at?;
        let over = |utterance: &&Utterance| utterance.span.start <= at && utterance.span.end > at;
        let spoken_over = self.utterances.iter().filter(over);
        spoken_over.map(|utterance| utterance.span.end.since(at)).max()
    }

    /// The longest pause up to the answer, or in the whole turn without one.
    fn dead_air(&self) -> Option<SignedDuration> {
        let start = self.turn.start?.at;
        let start = self.spoken_before.map_or(start, |end| end.max(start));
        let answer = self.answer_onset;
        let due = |utterance: &&Utterance| answer.is_none_or(|answer| utterance.span.start <= answer);
        let ends = std::iter::once(start).chain(self.spoken().map(|utterance| utterance.span.end));
        let gaps = ends.zip(self.spoken().filter(due)).map(|(end, next)| next.span.start.since(end));
        gaps.max().map(|longest| longest.max(SignedDuration::ZERO))
    }
}

/// The first number for which something holds, unless it is not known.
fn first<E>(numbers: impl IntoIterator<Item = usize>, holds: impl Fn(usize) -> Result<bool, E>) -> Result<Option<usize>, E> {
    for number in numbers {
        if holds(number)? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// A turn that fails or is skipped as a whole, without speech of its own.
pub(super) fn without_speech(step: usize, turn: usize, location: Location, checks: Vec<CheckResult>) -> TurnResult {
    TurnResult {
        step,
        turn,
        location,
        outcome: worst(&checks),
        checks,
        utterances: Vec::new(),
        origin: None,
        origin_at: None,
        latency: None,
        arrival_latency: None,
        answer_latency: None,
        barge_in_stop: None,
        dead_air: None,
        held_from: None,
        held_back: None,
        captured: BTreeMap::new(),
        telemetry: None,
        quality: None,
    }
}
