//! How much of a difference is put down to the recogniser.

use std::collections::BTreeMap;
use std::ops::Range;

/// How much of a difference is put down to the recogniser. Numbers, dates, amounts, codes and negations are never forgiven.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leniency<'a> {
    /// What decides whether other words were misheard.
    pub ear: Ear<'a>,
    /// What a name may be heard as, because the bot's voice pronounces it so.
    pub heard_as: Option<&'a HeardAs>,
}

/// For a name, the wordings that a recogniser makes of it: `Xiomara` is heard as `Zumar`.
pub type HeardAs = BTreeMap<String, Vec<String>>;

/// What decides whether a word was misheard or the bot said another.
#[derive(Clone, Copy, Default)]
pub enum Ear<'a> {
    /// The text alone: only words of equal sound are forgiven.
    #[default]
    Text,
    /// Nothing is forgiven.
    Strict,
    /// The audio: the answer to a doubt, or `None` while it is not known.
    Audio(&'a dyn Fn(&Doubt) -> Option<Fit>),
}

impl std::fmt::Debug for Ear<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "Text",
            Self::Strict => "Strict",
            Self::Audio(_) => "Audio",
        })
    }
}

/// Words that were heard where others were expected. The audio can tell which of the two were said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Doubt {
    /// Bytes of the heard text.
    pub heard: Range<usize>,
    /// What was expected there.
    pub expected: String,
}

/// How well the audio fits what was expected, against what was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Log-probability of the expected wording minus that of the heard one, in nats per token that differs.
    pub advantage: f64,
    /// Mean probability, 0 to 1, that the recogniser gave the tokens which it heard there.
    pub confidence: f64,
}

impl Fit {
    /// Least advantage at which the expected words are taken to have been said.
    const LEAST_ADVANTAGE: f64 = -2.5;
    /// A recogniser that is surer than this of what it heard is believed.
    const MOST_CONFIDENCE: f64 = 0.9;

    /// The audio allows the expected words.
    pub(super) fn allows(self) -> bool {
        self.advantage >= Self::LEAST_ADVANTAGE && self.confidence <= Self::MOST_CONFIDENCE
    }
}
