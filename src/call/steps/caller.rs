//! The caller's turn: when it acts, and what its act changes.

use std::time::Duration;

use crate::call::dialogue::Dialogue;
use crate::call::io::{Output, Playback};
use crate::call::turn::{Start, Turn};
use crate::call::verdict::Origin;
use crate::scenario::{CallerAct, CallerStep, Step};
use crate::time::CallTime;

use super::transition::Transition;

/// When the call ended, as the end of a sentence, where it was neither in the caller's act nor in its silence.
pub(super) const BEFORE_NEXT_TURN: &str = "before the caller's next turn";

/// How far the caller's step has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::call) enum CallerState {
    /// The pause before the act.
    Pausing { since: CallTime },
    /// The recording or the digits are going out; `over` once the last speech sample is sent.
    Acting { over: bool },
    /// The act is silence.
    Silent { until: CallTime },
}

impl CallerState {
    pub fn enter(dialogue: &Dialogue) -> Self {
        Self::Pausing { since: dialogue.now }
    }

    pub fn deadline(self, dialogue: &Dialogue) -> Option<CallTime> {
        match self {
            Self::Pausing { since } => act_at(since, dialogue),
            Self::Silent { until } => Some(until),
            Self::Acting { .. } => None,
        }
    }

    pub fn progress(&mut self, dialogue: &mut Dialogue) -> Option<Transition> {
        match *self {
            Self::Pausing { since } => {
                act_at(since, dialogue).filter(|at| *at <= dialogue.now)?;
                *self = Self::act(dialogue)?;
                Some(Transition::Stay)
            }
            Self::Silent { until } if until <= dialogue.now => Some(Transition::Next),
            Self::Silent { .. } | Self::Acting { .. } => None,
        }
    }

    /// Starts the act of the current step; `None` where that is not the caller's.
    pub fn act(dialogue: &mut Dialogue) -> Option<Self> {
        let act = caller_step(dialogue)?.act.clone();
        Some(match act {
            CallerAct::Audio(_) => {
                dialogue.plays += 1;
                dialogue.outputs.push_back(Output::Play { step: dialogue.step });
                Self::Acting { over: false }
            }
            CallerAct::Dtmf(digits) => {
                dialogue.plays += 1;
                dialogue.outputs.push_back(Output::SendDtmf(digits));
                dialogue.open_turn(dialogue.step, dialogue.now);
                dialogue.start = Start::at(Origin::CallerDtmf, dialogue.now);
                Self::Acting { over: false }
            }
            CallerAct::Silence(length) => {
                dialogue.open_turn(dialogue.step, dialogue.now);
                done(Origin::CallerSilence, dialogue.now, dialogue);
                dialogue.start.due = dialogue.now + length;
                Self::Silent { until: dialogue.now + length }
            }
        })
    }

    pub fn playback(&mut self, playback: Playback, dialogue: &mut Dialogue) -> Option<Transition> {
        let Self::Acting { over } = self else {
            return None;
        };
        match playback {
            Playback::Started { speech_start } => {
                speech_started(speech_start, dialogue);
                None
            }
            Playback::SpeechEnded { .. } if *over => None,
            Playback::SpeechEnded { speech_end } => {
                *over = true;
                act_over(speech_end, dialogue);
                // Two acts in a row: the pause between them is in the recording of the first one.
                let goes_on = matches!(dialogue.next_step(), Some(Step::Caller(_)));
                (!goes_on).then_some(Transition::Next)
            }
            // The tail of a recording before this one.
            Playback::Finished if dialogue.plays > 0 => None,
            Playback::Finished => {
                if !*over {
                    dialogue.open_turn(dialogue.step, dialogue.now);
                    act_over(dialogue.now, dialogue);
                }
                Some(Transition::Next)
            }
        }
    }

    pub fn stop(self, dialogue: &mut Dialogue) {
        if matches!(self, Self::Acting { .. }) {
            dialogue.outputs.push_back(Output::StopPlay);
        }
    }

    /// When the call ended, as the end of a sentence.
    pub fn cut_off(self) -> &'static str {
        match self {
            Self::Acting { .. } => "while the caller was speaking",
            Self::Silent { .. } => "during the caller's silence",
            Self::Pausing { .. } => BEFORE_NEXT_TURN,
        }
    }
}

fn caller_step(dialogue: &Dialogue) -> Option<&CallerStep> {
    match dialogue.scenario.steps.get(dialogue.step) {
        Some(Step::Caller(step)) => Some(step),
        _ => None,
    }
}

/// When the pause is over and the bot has been quiet long enough: a polite caller does not speak into a bot that goes on
/// after a pause.
fn act_at(since: CallTime, dialogue: &Dialogue) -> Option<CallTime> {
    let after = caller_step(dialogue)?.after;
    if dialogue.speech.speaking() {
        return None;
    }
    let quiet_from = dialogue.speech.last_end().filter(|end| *end > since);
    let listened_to = dialogue.turns.back().and_then(|turn| dialogue.bot_step(turn));
    let end_silence = listened_to.map_or(Duration::ZERO, |step| step.end_silence);
    Some(quiet_from.map_or(since + after, |end| end + end_silence + after))
}

fn speech_started(speech_start: CallTime, dialogue: &mut Dialogue) {
    // Whatever played before is over, even if its end was not reported.
    dialogue.plays = 1;
    let under_way = |turn: &&mut Turn| turn.start.is_some() && !turn.decided;
    if let Some(turn) = dialogue.turns.back_mut().filter(under_way) {
        turn.interrupted_at = Some(speech_start);
    }
    dialogue.open_turn(dialogue.step, speech_start);
}

/// The last speech sample or digit is sent.
fn act_over(at: CallTime, dialogue: &mut Dialogue) {
    let digits = caller_step(dialogue).is_some_and(|step| matches!(step.act, CallerAct::Dtmf(_)));
    done(if digits { Origin::CallerDtmf } else { Origin::CallerSpeechEnd }, at, dialogue);
}

/// The caller's turn is over: earlier turns are complete, the reply is due from here.
fn done(origin: Origin, at: CallTime, dialogue: &mut Dialogue) {
    dialogue.start = Start::at(origin, at);
    let step = dialogue.step;
    for turn in dialogue.turns.iter_mut().filter(|turn| turn.step < step) {
        turn.closed = true;
    }
}
