//! Limits and pauses that a step does not state itself.

use std::time::Duration;

use super::decode::Decoder;
use super::quality::{self, QualityBounds};
use super::yaml::Node;

pub(super) const DEFAULT_KEYS: &[&str] = &["latency", "within", "end_silence", "give_up", "after", "advance", "strict", "quality"];

/// What lets the caller go on after a bot turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Advance {
    /// The transcript meets the expectation.
    #[default]
    Match,
    /// The bot is quiet; judged when the transcript is there.
    Silence,
}

/// Defaults as far as they are stated; built-in ones fill the gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Defaults {
    latency: Option<Duration>,
    within: Option<Duration>,
    end_silence: Option<Duration>,
    give_up: Option<Duration>,
    after: Option<Duration>,
    advance: Option<Advance>,
    strict: Option<bool>,
    quality: QualityBounds,
}

impl Defaults {
    /// These, with gaps filled from those below.
    pub fn over(self, below: &Self) -> Self {
        Self {
            latency: self.latency.or(below.latency),
            within: self.within.or(below.within),
            end_silence: self.end_silence.or(below.end_silence),
            give_up: self.give_up.or(below.give_up),
            after: self.after.or(below.after),
            advance: self.advance.or(below.advance),
            strict: self.strict.or(below.strict),
            quality: self.quality.over(below.quality),
        }
    }

    /// Bound on turn latency: 2 s, the dead air that loses a caller.
    pub fn latency(&self) -> Duration {
        self.latency.unwrap_or(Duration::from_secs(2))
    }

    /// The bot's speech must start within this time: 8 s.
    pub fn within(&self) -> Duration {
        self.within.unwrap_or(Duration::from_secs(8))
    }

    /// Quiet that ends a met turn: 700 ms.
    pub fn end_silence(&self) -> Duration {
        self.end_silence.unwrap_or(Duration::from_millis(700))
    }

    /// Quiet after which an unmet turn is given up: 3 s.
    pub fn give_up(&self) -> Duration {
        self.give_up.unwrap_or(Duration::from_secs(3))
    }

    /// The caller's pause before it speaks: 300 ms.
    pub fn after(&self) -> Duration {
        self.after.unwrap_or(Duration::from_millis(300))
    }

    /// What lets the caller go on: a match.
    pub fn advance(&self) -> Advance {
        self.advance.unwrap_or_default()
    }

    /// Whether nothing is put down to the recogniser: no.
    pub fn strict(&self) -> bool {
        self.strict.unwrap_or(false)
    }

    /// Bounds on the quality of every turn: none.
    pub fn quality(&self) -> QualityBounds {
        self.quality
    }
}

/// What lets the caller go on after a bot turn, by name.
pub(super) const ADVANCE: &[(&str, Advance)] = &[("match", Advance::Match), ("silence", Advance::Silence)];

pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Defaults {
    let Some(fields) = decoder.fields(node, "`defaults`", DEFAULT_KEYS) else { return Defaults::default() };
    let mut limit = |key: &str| fields.get(key).and_then(|node| decoder.positive(node));
    let (latency, within, give_up) = (limit("latency"), limit("within"), limit("give_up"));
    let mut pause = |key: &str| fields.get(key).and_then(|node| decoder.duration(node));
    Defaults {
        latency,
        within,
        end_silence: pause("end_silence"),
        give_up,
        after: pause("after"),
        advance: fields.get("advance").and_then(|node| decoder.choice(node, ADVANCE)),
        strict: fields.get("strict").and_then(|node| decoder.flag(node)),
        quality: fields.get("quality").map(|node| quality::bounds(decoder, node)).unwrap_or_default(),
    }
}
