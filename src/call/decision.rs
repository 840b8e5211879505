//! When a bot turn is decided, and how.

use std::time::Duration;

use crate::scenario::{Advance, BotStep, Bound};
use crate::time::{CallTime, Span};

use super::dialogue::{DETECTION_LAG, Dialogue};
use super::hearing::{HeardText, Question};
use super::speech::{Segment, may_be_noise};
use super::turn::{Start, Turn};

/// After a pause of this length no more digits follow. Senders of digits leave 50 to 500 ms between two.
const DIGIT_PAUSE: Duration = Duration::from_secs(1);

/// How long the bot must press no key before its digits are complete: another one would make them wrong.
fn digit_pause(step: &BotStep) -> Duration {
    step.end_silence.max(DIGIT_PAUSE)
}

/// When a turn is decided, and how.
///
/// It depends on what was heard and when that was in the audio, not on when it became known: a late
/// transcript leads to the decision that an instant one would have led to.
#[derive(Debug)]
pub(super) struct Decision {
    pub at: CallTime,
    pub met: bool,
    /// Where the turn ends in the audio, if it ends on its own.
    pub end: Option<CallTime>,
    /// The caller could have gone on at `at`, had the words been known.
    pub holds_back: bool,
}

impl Decision {
    fn unmet(at: CallTime) -> Self {
        Self { at, met: false, end: None, holds_back: false }
    }

    fn met(at: CallTime, end: CallTime) -> Self {
        Self { at, met: true, end: Some(end), holds_back: false }
    }
}

/// What a decision waits for.
enum Missing {
    /// What the bot said, or that it has ended.
    Words,
    /// Answers of the audio.
    Answers(Vec<Question>),
}

impl Dialogue {
    /// When and how the turn under way is decided, as far as is known now.
    pub fn decision(&self) -> Option<Decision> {
        self.decide().ok()
    }

    /// What the audio must say before the turn under way can be decided.
    pub fn questions(&self) -> Vec<Question> {
        match self.decide() {
            Err(Missing::Answers(questions)) => questions,
            Ok(_) | Err(Missing::Words) => Vec::new(),
        }
    }

    fn decide(&self) -> Result<Decision, Missing> {
        let turn = self.turns.back().ok_or(Missing::Words)?;
        let step = self.bot_step(turn).ok_or(Missing::Words)?;
        let start = turn.start.ok_or(Missing::Words)?;
        if let Some(bound) = step.silent_for {
            return self.silence(turn, start, bound).ok_or(Missing::Words);
        }
        if let (Some((digits, _)), None) = (&step.dtmf, &step.says) {
            let complete = turn.last_digit.filter(|_| turn.digits == *digits);
            let too_late = start.due + step.within.limit;
            return Ok(complete.map_or(Decision::unmet(too_late), |last| Decision::met(last + digit_pause(step), last)));
        }
        let spoken = match step.advance {
            Advance::Match => self.words(turn, step, start)?,
            Advance::Silence => self.quiet(turn, step, start).ok_or(Missing::Words)?,
        };
        let Some((digits, _)) = &step.dtmf else { return Ok(spoken) };
        // Words and digits: the turn waits for the digits as long as it would for the words. It is the bot that keeps the
        // caller waiting then, not the transcript.
        let missing = spoken.met && turn.digits != *digits;
        let until = if missing { Some(start.due + step.within.limit) } else { turn.last_digit.map(|last| last + digit_pause(step)) };
        let at = spoken.at.max(until.unwrap_or(spoken.at));
        Ok(Decision { at, holds_back: false, ..spoken })
    }

    /// The bot must say nothing: speech spoils it, a click or a breath does not.
    fn silence(&self, turn: &Turn, start: Start, bound: Bound) -> Option<Decision> {
        let until = start.due + bound.limit;
        let speech = self.speech_of(turn);
        for segment in speech.0.iter().filter(|segment| segment.onset < until) {
            let known = segment.text.is_some();
            if known && !segment.is_noise() {
                return Some(Decision::unmet(self.now));
            }
            if !known {
                return None;
            }
        }
        let end = until.max(turn.from);
        Some(Decision { at: until + DETECTION_LAG, ..Decision::met(until, end) })
    }

    /// The first pause after words that is long enough for what the words are.
    fn words(&self, turn: &Turn, step: &BotStep, start: Start) -> Result<Decision, Missing> {
        let speech = self.speech_of(turn);
        let shortest = [true, false].map(|met| self.quiet_needed(step, met)).into_iter().min().unwrap_or_default();
        let mut heard = Vec::new();
        let mut segments = speech.0.iter().filter(|segment| !segment.is_noise()).peekable();
        while let Some(segment) = segments.next() {
            let end = segment.end.ok_or(Missing::Words)?;
            let unheard = (step.decides_without_words() && !may_be_noise(Span { start: segment.onset, end })).then_some("");
            heard.push((segment.onset, segment.text.as_deref().or(unheard).ok_or(Missing::Words)?));
            let pause = segments.peek().map(|next: &&Segment| next.onset.saturating_since(end));
            if pause.is_some_and(|pause| pause < shortest) {
                // Too short whatever the words are: the audio need not be asked.
                continue;
            }
            let met = turn.met_by(&HeardText::new(heard.iter().copied()), &self.hearing).map_err(Missing::Answers)?;
            let wait = self.quiet_needed(step, met);
            if pause.is_none_or(|pause| pause >= wait) {
                return Ok(Decision { at: end + wait, met, end: Some(end), holds_back: met && !self.bot_goes_on() });
            }
        }
        Ok(Decision::unmet(start.due + step.within.limit + DETECTION_LAG))
    }

    /// The first pause, whatever the words turn out to be.
    fn quiet(&self, turn: &Turn, step: &BotStep, start: Start) -> Option<Decision> {
        let speech = self.speech_of(turn);
        let mut segments = speech.0.iter().filter(|segment| !segment.is_noise()).peekable();
        while let Some(segment) = segments.next() {
            let end = segment.end?;
            let pause = segments.peek().map(|next: &&Segment| next.onset.saturating_since(end));
            if pause.is_none_or(|pause| pause >= step.end_silence) {
                return Some(Decision::met(end + step.end_silence, end));
            }
        }
        Some(Decision::unmet(start.due + step.within.limit + DETECTION_LAG))
    }

    /// How long the bot must be quiet before its turn is decided.
    fn quiet_needed(&self, step: &BotStep, met: bool) -> Duration {
        match (met, self.bot_goes_on(), step.optional) {
            (true, true, _) => Duration::ZERO,
            (true, false, _) | (false, true, true) => step.end_silence,
            (false, ..) => step.give_up + DETECTION_LAG,
        }
    }
}
