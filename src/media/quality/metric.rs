//! The numbers that bounds can be set on, and how they compare.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Quality;

/// A number of [`Quality`] that scenarios and thresholds can bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityMetric {
    /// Estimated conversational quality (E-model), 1 to 4.5.
    Mos,
    /// Packets lost, in percent.
    Loss,
    /// Largest interarrival jitter, in milliseconds.
    Jitter,
    /// Round trip, in milliseconds.
    RoundTrip,
    /// Density of loss inside bursts, in percent.
    Burst,
    /// Packets too late for a de-jitter buffer of 60 ms, in percent.
    Late,
    /// Holes of 60 ms and more in mid-reply.
    Gaps,
    /// Speech samples at full scale, in percent.
    Clipping,
    /// Active speech level, in dBov.
    Level,
    /// RTP packets received.
    Packets,
    /// Packets that came after one with a higher sequence number, in percent.
    Reordered,
    /// Time from dial to answer, in milliseconds.
    Setup,
    /// Time from dial to the first ringing, in milliseconds.
    PostDialDelay,
}

/// What a number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A bare number from 1 to 5.
    Score,
    /// Percent.
    Percent,
    /// Milliseconds.
    Millis,
    /// A whole number.
    Count,
    /// dB against overload.
    Decibel,
}

impl Unit {
    /// A value as people read it.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Score => format!("{value:.2}"),
            Unit::Percent => format!("{} %", trimmed(value)),
            Unit::Millis if value >= 10.0 => format!("{value:.0} ms"),
            Unit::Millis => format!("{value:.1} ms"),
            Unit::Count => format!("{value:.0}"),
            Unit::Decibel => format!("{value:.1} dBov"),
        }
    }

    /// A bound as it was written.
    pub fn show_bound(self, value: f64) -> String {
        match self {
            Unit::Score | Unit::Count => trimmed(value),
            Unit::Percent => format!("{} %", trimmed(value)),
            Unit::Millis => format!("{} ms", trimmed(value)),
            Unit::Decibel => format!("{} dBov", trimmed(value)),
        }
    }
}

/// At most two decimals, without trailing zeros.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl QualityMetric {
    /// Every one, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Mos,
        Self::Loss,
        Self::Jitter,
        Self::RoundTrip,
        Self::Burst,
        Self::Late,
        Self::Gaps,
        Self::Clipping,
        Self::Level,
        Self::Packets,
        Self::Reordered,
        Self::Setup,
        Self::PostDialDelay,
    ];

    /// The key in `quality:`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mos => "mos",
            Self::Loss => "loss",
            Self::Jitter => "jitter",
            Self::RoundTrip => "round_trip",
            Self::Burst => "burst",
            Self::Late => "late",
            Self::Gaps => "gaps",
            Self::Clipping => "clipping",
            Self::Level => "level",
            Self::Packets => "packets",
            Self::Reordered => "reordered",
            Self::Setup => "setup",
            Self::PostDialDelay => "post_dial_delay",
        }
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Self::Mos => Unit::Score,
            Self::Loss | Self::Burst | Self::Late | Self::Clipping | Self::Reordered => Unit::Percent,
            Self::Jitter | Self::RoundTrip | Self::Setup | Self::PostDialDelay => Unit::Millis,
            Self::Gaps | Self::Packets => Unit::Count,
            Self::Level => Unit::Decibel,
        }
    }

    /// Whether more of it is better.
    pub fn more_is_better(self) -> bool {
        matches!(self, Self::Mos | Self::Level | Self::Packets)
    }

    /// Its value, in its unit; `None` where the call has none.
    pub fn value(self, quality: &Quality) -> Option<f64> {
        let percent = |share: Option<f64>| share.map(|share| share * 100.0);
        match self {
            Self::Mos => quality.mos,
            Self::Loss => percent(quality.loss),
            Self::Jitter => quality.jitter_max_ms,
            Self::RoundTrip => quality.round_trip_ms,
            Self::Burst => percent(quality.burst_density),
            Self::Late => percent(quality.late_share),
            Self::Gaps => quality.gaps.map(|gaps| gaps as f64),
            Self::Clipping => percent(quality.clipping),
            Self::Level => quality.level_dbov,
            Self::Packets => quality.packets.map(|packets| packets as f64),
            Self::Reordered => {
                let sent = quality.packets.unwrap_or(0) + quality.lost.unwrap_or(0);
                percent(quality.reordered.filter(|_| sent > 0).map(|reordered| reordered as f64 / sent as f64))
            }
            Self::Setup => quality.setup_ms,
            Self::PostDialDelay => quality.post_dial_delay_ms,
        }
    }
}

/// How a number is held against a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
}

impl Comparison {
    /// By their signs, the longer ones first.
    pub const SIGNS: [(&'static str, Self); 5] =
        [("<=", Self::AtMost), (">=", Self::AtLeast), ("==", Self::Equal), ("<", Self::Less), (">", Self::More)];

    /// Whether a number keeps to a bound.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::AtMost => value <= bound,
            Self::More => value > bound,
            Self::AtLeast => value >= bound,
            Self::Equal => (value - bound).abs() < 1e-9,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = Self::SIGNS.iter().find(|(_, comparison)| comparison == self).map_or("", |(sign, _)| sign);
        f.write_str(sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        let shown = [
            Unit::Score.show(3.817),
            Unit::Percent.show(4.2056),
            Unit::Percent.show(0.0),
            Unit::Millis.show(3.11),
            Unit::Millis.show(212.4),
            Unit::Count.show(2.0),
            Unit::Decibel.show(-26.04),
            Unit::Percent.show_bound(0.5),
            Unit::Score.show_bound(4.0),
        ];
        insta::assert_snapshot!(shown.join(", "), @"3.82, 4.21 %, 0 %, 3.1 ms, 212 ms, 2, -26.0 dBov, 0.5 %, 4");
    }

    #[test]
    fn comparisons_mean_what_they_look_like() {
        let holds = |sign: &str| {
            let (_, comparison) = Comparison::SIGNS.into_iter().find(|(known, _)| *known == sign).expect("a sign");
            assert_eq!(comparison.to_string(), sign);
            [0.9, 1.0, 1.1].map(|value| comparison.holds(value, 1.0))
        };
        assert_eq!(holds("<"), [true, false, false]);
        assert_eq!(holds("<="), [true, true, false]);
        assert_eq!(holds(">"), [false, false, true]);
        assert_eq!(holds(">="), [false, true, true]);
        assert_eq!(holds("=="), [false, true, false]);
    }
}
