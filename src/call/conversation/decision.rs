//! When a bot turn is decided, and how.

use std::time::Duration;

use jiff::SignedDuration;

use crate::call::ears::Segment;
use crate::call::turn::{Start, Turn};
use crate::call::verdict::Origin;
use crate::expect;
use crate::scenario::{Advance, BotStep, Bound, CallerStep, Step};
use crate::time::CallTime;

use super::{Conversation, DETECTION_LAG};

/// When a turn is decided, and how.
///
/// It depends on what was heard and when that was in the audio, not on when it became known: a late
/// transcript leads to the decision that an instant one would have led to.
#[derive(Debug)]
pub(super) struct Decision {
    pub at: CallTime,
    pub met: bool,
    /// Where the turn ends in the audio, if it ends by itself.
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

impl Conversation {
    /// Decides the turn under way, if it can be decided now.
    pub(super) fn listen(&mut self) -> bool {
        if self.barge_in_at().is_some_and(|at| at <= self.now) {
            self.step += 1;
            self.act();
            return true;
        }
        match self.decision() {
            Some(decision) if decision.at <= self.now => {
                self.decide(&decision);
                true
            }
            _ => false,
        }
    }

    pub(super) fn listening_deadline(&self) -> Option<CallTime> {
        let decided = self.decision().map(|decision| decision.at);
        [decided, self.barge_in_at()].into_iter().flatten().min()
    }

    /// When the caller interrupts: the next step barges in and the bot is speaking.
    fn barge_in_at(&self) -> Option<CallTime> {
        let next = self.scenario.steps.get(self.step + 1);
        let Some(Step::Caller(CallerStep { barge_in: Some(delay), .. })) = next else {
            return None;
        };
        let ears = self.turn_ears(self.turns.back()?);
        let onset = ears.first_onset().filter(|_| ears.speaking())?;
        Some(onset + *delay)
    }

    /// When and how the turn under way is decided, as far as is known now.
    pub(super) fn decision(&self) -> Option<Decision> {
        let turn = self.turns.back()?;
        let step = self.bot_step(turn)?;
        let start = turn.start?;
        if let Some(bound) = step.silent_for {
            return self.silence(turn, start, bound);
        }
        if let (Some((digits, _)), None) = (&step.dtmf, &step.says) {
            let met = turn.digits == *digits;
            let too_late = start.due + step.within.limit;
            return Some(if met { Decision::met(self.now, self.now) } else { Decision::unmet(too_late) });
        }
        let spoken = match step.advance {
            Advance::Match => self.words(turn, step, start),
            Advance::Silence => self.quiet(turn, step, start),
        };
        let (Some((digits, _)), Some(spoken)) = (&step.dtmf, &spoken) else { return spoken };
        // Words and digits: the turn waits for the digits as long as it would for the words. It is the bot that keeps the
        // caller waiting then, not the transcript.
        let missing = spoken.met && turn.digits != *digits;
        let at = if missing { spoken.at.max(start.due + step.within.limit) } else { spoken.at };
        Some(Decision { at, holds_back: false, ..*spoken })
    }

    /// The bot must say nothing: speech spoils it, a click or a breath does not.
    fn silence(&self, turn: &Turn, start: Start, bound: Bound) -> Option<Decision> {
        let until = start.due + bound.limit;
        let ears = self.turn_ears(turn);
        for segment in ears.0.iter().filter(|segment| segment.onset < until) {
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
    fn words(&self, turn: &Turn, step: &BotStep, start: Start) -> Option<Decision> {
        let ears = self.turn_ears(turn);
        let mut heard = String::new();
        let mut segments = ears.0.iter().filter(|segment| !segment.is_noise()).peekable();
        while let Some(segment) = segments.next() {
            let (end, words) = (segment.end?, segment.text.as_ref()?);
            heard = format!("{heard} {words}");
            let met = turn.met_by(heard.trim());
            let wait = self.quiet_needed(step, met);
            let pause = segments.peek().map(|next: &&Segment| next.onset.saturating_since(end));
            if pause.is_none_or(|pause| pause >= wait) {
                return Some(Decision { at: end + wait, met, end: Some(end), holds_back: met && !self.bot_goes_on() });
            }
        }
        Some(Decision::unmet(start.due + step.within.limit + DETECTION_LAG))
    }

    /// The first pause, whatever the words turn out to be.
    fn quiet(&self, turn: &Turn, step: &BotStep, start: Start) -> Option<Decision> {
        let ears = self.turn_ears(turn);
        let mut segments = ears.0.iter().filter(|segment| !segment.is_noise()).peekable();
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

    /// Whether the next step is the bot's, too.
    pub(super) fn bot_goes_on(&self) -> bool {
        matches!(self.scenario.steps.get(self.step + 1), Some(Step::Bot(_)))
    }

    fn decide(&mut self, decision: &Decision) {
        let stays = self.conclude(decision);
        if stays { self.next_step() } else { self.state = self.hang_up() }
    }

    /// Notes how the turn under way came out; true where the dialogue goes on.
    pub(super) fn conclude(&mut self, decision: &Decision) -> bool {
        let goes_on = self.bot_goes_on();
        let Some(mut turn) = self.turns.pop_back() else {
            return false;
        };
        let optional = self.bot_step(&turn).is_some_and(|step| step.optional);
        turn.decided = true;
        turn.met_at = decision.end.filter(|_| decision.met);
        if decision.holds_back
            && let Some(start) = turn.start
        {
            let held_back = self.now.since(decision.at.max(start.due));
            turn.held_back = Some(held_back.max(SignedDuration::ZERO));
        }
        if !decision.met && optional {
            turn.skipped = true;
            turn.closed |= goes_on;
            let from = turn.from;
            self.turns.push_back(turn);
            if goes_on {
                self.open_turn(self.step + 1, from);
            }
            return true;
        }
        self.remember(&turn, decision);
        turn.closed |= goes_on;
        self.turns.push_back(turn);
        if let Some(end) = decision.end.filter(|_| decision.met) {
            self.start = Start::at(Origin::BotSpeechEnd, end);
            if goes_on {
                self.open_turn(self.step + 1, end);
            }
        }
        decision.met
    }

    /// Captured values are there for the very next step.
    fn remember(&mut self, turn: &Turn, decision: &Decision) {
        let Some(step) = self.bot_step(turn) else { return };
        let until = decision.end.filter(|_| self.bot_goes_on());
        let heard = self.turn_ears(turn).text_until(until);
        let found =
            step.capture.iter().filter_map(|capture| expect::capture(&capture.pattern, &heard).map(|value| (capture.name.clone(), value)));
        let found: Vec<_> = found.collect();
        self.variables.extend(found);
    }
}
