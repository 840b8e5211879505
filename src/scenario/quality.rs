//! `quality:` of a bot step, and the bounds that it and the thresholds are written with: `< 1%`, `>= 3.8`.

use super::decode::{Decoder, parse_duration};
use super::problem::Problem;
use super::source::Location;
use super::yaml::Node;
use crate::media::quality::{Comparison, QualityMetric, Unit};
use crate::time::Millis;

/// One bound on the quality of the bot's audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QualityBound {
    /// The number that is bounded.
    pub metric: QualityMetric,
    /// How.
    pub comparison: Comparison,
    /// The bound, in the metric's unit.
    pub value: f64,
    /// Where it is written, or the step where it is a default.
    pub location: Location,
}

/// Bounds by metric.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QualityBounds([Option<QualityBound>; QualityMetric::ALL.len()]);

impl QualityBounds {
    /// These, with gaps filled from those below.
    pub fn over(self, below: Self) -> Self {
        let mut bounds = self.0;
        bounds.iter_mut().zip(below.0).for_each(|(bound, below)| *bound = bound.or(below));
        Self(bounds)
    }

    /// The same bounds as defaults of the step at this place.
    pub fn at(self, location: Location) -> Self {
        Self(self.0.map(|bound| bound.map(|bound| QualityBound { location, ..bound })))
    }

    /// Those that are stated.
    pub fn stated(&self) -> impl Iterator<Item = QualityBound> + '_ {
        self.0.iter().flatten().copied()
    }
}

/// The keys of `quality:`.
pub(super) const QUALITY_KEYS: [&str; QualityMetric::ALL.len()] = {
    let mut keys = [""; QualityMetric::ALL.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = QualityMetric::ALL[at].key();
        at += 1;
    }
    keys
};

/// `quality: { mos: ">= 3.8", loss: "< 1%" }`.
pub(super) fn bounds(decoder: &mut Decoder<'_>, node: &Node) -> QualityBounds {
    let Some(fields) = decoder.fields(node, "`quality`", &QUALITY_KEYS) else { return QualityBounds::default() };
    if !fields.has_unknown && fields.present(&QUALITY_KEYS).is_empty() {
        let problem = Problem::new(node.location, "`quality` is empty");
        decoder.problem(problem.help("write for instance `quality: { mos: \">= 3.8\", loss: \"< 1%\" }`, or leave it out"));
    }
    QualityBounds(QualityMetric::ALL.map(|metric| {
        let node = fields.get(metric.key())?;
        let natural = if metric.more_is_better() { Comparison::AtLeast } else { Comparison::AtMost };
        let (comparison, value) = bound(decoder, node, metric.unit(), natural)?;
        Some(QualityBound { metric, comparison, value, location: node.location })
    }))
}

/// A comparison and a number with its unit; a bare number is the natural bound.
pub(super) fn bound(decoder: &mut Decoder<'_>, node: &Node, unit: Unit, natural: Comparison) -> Option<(Comparison, f64)> {
    let text = decoder.text(node)?;
    match parse_bound(&text, unit, natural) {
        Ok(bound) => Some(bound),
        Err(help) => {
            decoder.problem(Problem::new(node.location, format!("`{text}` is not a bound here")).help(help));
            None
        }
    }
}

/// Whether a text begins with a comparison.
pub(super) fn is_comparison(text: &str) -> bool {
    text.trim_start().starts_with(['<', '>', '='])
}

fn parse_bound(text: &str, unit: Unit, natural: Comparison) -> Result<(Comparison, f64), String> {
    let text = text.trim();
    let sign = Comparison::SIGNS.into_iter().find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?)));
    let (comparison, rest) = sign.unwrap_or((natural, text));
    let rest = rest.trim();
    if is_comparison(rest) {
        return Err("comparisons are <, <=, >, >= and ==".to_owned());
    }
    if unit == Unit::Millis {
        return parse_duration(rest).map(|time| (comparison, time.millis_f64()));
    }
    let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(rest.len());
    let (number, written) = rest.split_at(digits);
    let value: f64 = number.parse().map_err(|_| how_to_write(unit).to_owned())?;
    in_unit(unit, value, written.trim(), number).map(|value| (comparison, value))
}

fn in_unit(unit: Unit, value: f64, written: &str, number: &str) -> Result<f64, String> {
    let (known, range): (&[&str], _) = match unit {
        Unit::Score => (&[""], 1.0..=5.0),
        Unit::Count => (&[""], 0.0..=1e9),
        Unit::Percent => (&["%"], 0.0..=100.0),
        Unit::Decibel => (&["dB", "dBov"], -100.0..=0.0),
        Unit::Millis => (&["ms"], 0.0..=f64::MAX),
    };
    if written.is_empty() && unit == Unit::Percent && value == 0.0 {
        return Ok(0.0);
    }
    if !known.contains(&written) {
        return Err(match (written, known[0]) {
            ("", "%") if value < 1.0 => format!("add a unit: {number}% or {}%", value * 100.0),
            ("", unit) => format!("add a unit: {number}{unit}"),
            (other, _) => format!("`{other}` is not a unit here; {}", how_to_write(unit)),
        });
    }
    if !range.contains(&value) || (unit == Unit::Count && value.fract() != 0.0) {
        return Err(how_to_write(unit).to_owned());
    }
    Ok(value)
}

fn how_to_write(unit: Unit) -> &'static str {
    match unit {
        Unit::Score => "write a comparison and a mean opinion score from 1 to 5: \">= 3.8\"",
        Unit::Count => "write a comparison and a whole number: \"< 1\", or 0",
        Unit::Percent => "write a comparison and a share from 0% to 100%: \"< 1%\"",
        Unit::Decibel => "write a comparison and a level under 0 dB of full scale: \">= -30dB\"",
        Unit::Millis => "write a comparison and a time: \"< 30ms\"",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_those_of_the_metrics() {
        assert_eq!(QualityMetric::ALL.map(QualityMetric::key), QUALITY_KEYS);
    }

    #[test]
    fn bounds_are_comparisons_or_bare() {
        let read = |text, unit| parse_bound(text, unit, Comparison::AtMost);
        assert_eq!(read("< 1%", Unit::Percent), Ok((Comparison::Less, 1.0)));
        assert_eq!(read("0.5 %", Unit::Percent), Ok((Comparison::AtMost, 0.5)));
        assert_eq!(read(">=3.8", Unit::Score), Ok((Comparison::AtLeast, 3.8)));
        assert_eq!(read("<30ms", Unit::Millis), Ok((Comparison::Less, 30.0)));
        assert_eq!(read("== 0", Unit::Count), Ok((Comparison::Equal, 0.0)));
        assert_eq!(read("> -30 dB", Unit::Decibel), Ok((Comparison::More, -30.0)));
        for (text, unit) in [("< 1", Unit::Percent), ("=> 3.8", Unit::Score), ("< 1.5", Unit::Count), ("30dB", Unit::Decibel)] {
            assert!(read(text, unit).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_every_bound_reads_back(text in any::<String>(), value in 0_u32..100, sign in 0_usize..5) {
            for unit in [Unit::Score, Unit::Percent, Unit::Millis, Unit::Count, Unit::Decibel] {
                let _any = parse_bound(&text, unit, Comparison::AtMost);
            }
            let (sign, comparison) = Comparison::SIGNS[sign];
            let value = f64::from(value);
            for unit in [Unit::Percent, Unit::Millis, Unit::Count] {
                let read = parse_bound(&format!("{sign}{}", unit.show_bound(value)), unit, Comparison::AtMost);
                prop_assert!(matches!(read, Ok((read, number)) if read == comparison && (number - value).abs() < 1e-9), "{:?}", read);
            }
        }
    }
}
