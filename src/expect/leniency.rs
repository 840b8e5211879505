//! How much of a difference is put down to the recogniser.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Doubt {
    /// Bytes of the heard text.
    pub heard: Range<usize>,
    /// What was expected there.
    pub expected: String,
}

/// How well the audio fits what was expected, against what was heard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Log-probability of the expected wording minus that of the heard one, in nats per token that differs.
    pub advantage: f64,
    /// Mean probability, 0 to 1, that the recogniser gave the tokens which it heard there.
    pub confidence: f64,
}

impl Fit {
    /// Least advantage at which the expected words are taken to have been said.
    const LEAST_ADVANTAGE: f64 = -2.0;
    /// A recogniser that is surer than this of what it heard is believed.
    const MOST_CONFIDENCE: f64 = 0.9;
    /// Factors between 1 and this are not worth a number.
    const ABOUT_EQUAL: f64 = 1.5;
    /// Above this a factor says no more than "much".
    const LARGEST_FACTOR: f64 = 10_000.0;

    /// The audio could not be compared; nothing is forgiven.
    pub const UNKNOWN: Self = Self { advantage: f64::NAN, confidence: f64::NAN };

    /// The audio allows the expected words.
    pub fn allows(self) -> bool {
        self.advantage >= Self::LEAST_ADVANTAGE && self.confidence <= Self::MOST_CONFIDENCE
    }

    /// For reasons: "the audio fits `Boston` 400 times worse than `Austin`".
    pub(super) fn in_words(&self, expected: &str, heard: &str) -> String {
        if self.advantage.is_nan() || self.confidence.is_nan() {
            return format!("the audio of `{heard}` could not be compared with `{expected}`");
        }
        let factor = self.advantage.abs().exp();
        let comparison = if factor < Self::ABOUT_EQUAL {
            "as well as".to_owned()
        } else {
            format!("{} times {} than", rounded(factor), if self.advantage < 0.0 { "worse" } else { "better" })
        };
        let sure = self.advantage >= Self::LEAST_ADVANTAGE && self.confidence > Self::MOST_CONFIDENCE;
        let sure = if sure { format!(", of which the recogniser is {:.0} % sure", 100.0 * self.confidence) } else { String::new() };
        format!("the audio fits `{expected}` {comparison} `{heard}`{sure}")
    }
}

/// A factor as people say it: one decimal below 10, then one or two significant digits.
fn rounded(factor: f64) -> String {
    if factor > Fit::LARGEST_FACTOR {
        return "more than 10,000".to_owned();
    }
    let unit = match factor {
        ..9.5 => return format!("{factor:.1}").trim_end_matches(".0").to_owned(),
        ..100.0 => 1.0,
        ..1000.0 => 10.0,
        _ => 100.0,
    };
    let whole = ((factor / unit).round() * unit) as u32;
    if whole < 1000 { whole.to_string() } else { format!("{},{:03}", whole / 1000, whole % 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(advantage: f64, confidence: f64) -> String {
        Fit { advantage, confidence }.in_words("Boston", "Austin")
    }

    #[test]
    fn a_fit_reads_well() {
        let fits = [(-6.0, 0.8), (-1.2, 0.5), (-12.0, 0.99), (-8.1, 0.9), (0.1, 0.4), (1.0, 0.3), (-1.0, 0.97), (-3.0, 0.2)];
        let lines: Vec<String> = fits.iter().map(|(advantage, confidence)| words(*advantage, *confidence)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        the audio fits `Boston` 400 times worse than `Austin`
        the audio fits `Boston` 3.3 times worse than `Austin`
        the audio fits `Boston` more than 10,000 times worse than `Austin`
        the audio fits `Boston` 3,300 times worse than `Austin`
        the audio fits `Boston` as well as `Austin`
        the audio fits `Boston` 2.7 times better than `Austin`
        the audio fits `Boston` 2.7 times worse than `Austin`, of which the recogniser is 97 % sure
        the audio fits `Boston` 20 times worse than `Austin`
        ");
        insta::assert_snapshot!(Fit::UNKNOWN.in_words("Boston", "Austin"), @"the audio of `Austin` could not be compared with `Boston`");
    }

    #[test]
    fn what_the_audio_does_not_fit_or_could_not_be_asked_is_not_allowed() {
        let fit = |advantage, confidence| Fit { advantage, confidence };
        assert!(fit(-1.0, 0.5).allows() && fit(2.0, 0.1).allows());
        assert!(!fit(-20.0, 0.5).allows() && !fit(-1.0, 0.999).allows() && !Fit::UNKNOWN.allows());
    }
}
