//! `load` of `goldencall.yaml`, and the share of a scenario in a load.

use std::time::Duration;

use super::decode::Decoder;
use super::problem::Problem;
use super::source::Location;
use super::thresholds::{self, Threshold};
use super::yaml::{Node, Value};

const LOAD_KEYS: &[&str] = &["thresholds"];
const LIMIT_KEYS: &[&str] = &["threshold", "abort_on_fail", "delay_abort_eval"];
const MOST_WEIGHT: u32 = 1000;

/// A limit on a load.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadThreshold {
    /// What it bounds.
    pub threshold: Threshold,
    /// The load is stopped when it does not hold.
    pub abort_on_fail: bool,
    /// From the start of the load to when that is first looked at.
    pub delay_abort_eval: Duration,
}

impl From<Threshold> for LoadThreshold {
    fn from(threshold: Threshold) -> Self {
        Self { threshold, abort_on_fail: false, delay_abort_eval: Duration::ZERO }
    }
}

/// `load: { thresholds: { pass_rate: 99% } }`.
pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Vec<LoadThreshold> {
    let Some(fields) = decoder.fields(node, "`load`", LOAD_KEYS) else { return Vec::new() };
    let Some(thresholds) = fields.get("thresholds") else { return Vec::new() };
    let entries = decoder.entries(thresholds, "`thresholds`");
    entries.into_iter().filter_map(|(name, at, value)| limit(decoder, name, at, value)).collect()
}

/// A bound, or `{ threshold: 99%, abort_on_fail: true, delay_abort_eval: 1m }`.
fn limit(decoder: &mut Decoder<'_>, name: &str, at: Location, value: &Node) -> Option<LoadThreshold> {
    if !matches!(value.value, Value::Map(_)) {
        return thresholds::decode(decoder, name, at, value).map(LoadThreshold::from);
    }
    let fields = decoder.fields(value, "a threshold", LIMIT_KEYS)?;
    let abort = fields.get("abort_on_fail").and_then(|node| decoder.flag(node)).unwrap_or(false);
    let delay = fields.get("delay_abort_eval").and_then(|node| decoder.duration(node));
    if let (Some(node), false) = (fields.get("delay_abort_eval"), abort) {
        let problem = Problem::new(node.location, "`delay_abort_eval` without `abort_on_fail: true` does nothing");
        decoder.problem(problem.help("add `abort_on_fail: true`, or leave `delay_abort_eval` out"));
    }
    let Some(bound) = fields.get("threshold") else {
        if !fields.has_unknown {
            let problem = Problem::new(fields.location, "a threshold needs its bound");
            decoder.problem(problem.help("write for instance `{ threshold: 95%, abort_on_fail: true }`"));
        }
        return None;
    };
    let threshold = thresholds::decode(decoder, name, at, bound)?;
    Some(LoadThreshold { threshold, abort_on_fail: abort, delay_abort_eval: delay.unwrap_or_default() })
}

/// `weight: 3` of a scenario.
pub(super) fn weight(decoder: &mut Decoder<'_>, node: &Node) -> Option<u32> {
    let text = decoder.text(node)?;
    let weight = parse_weight(&text);
    weight.map_err(|help| decoder.problem(Problem::new(node.location, format!("`{text}` is not a weight")).help(help))).ok()
}

/// The share of a scenario in a load, in proportion to the other scenarios' weights.
///
/// # Errors
/// What to write instead.
pub fn parse_weight(text: &str) -> Result<u32, String> {
    let weight = text.trim().parse().ok().filter(|weight| *weight <= MOST_WEIGHT);
    weight.ok_or_else(|| format!("write a whole number from 0 to {MOST_WEIGHT}; 0 leaves the scenario out of loads"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_whole_numbers() {
        assert_eq!([parse_weight("3"), parse_weight("0"), parse_weight(" 1000 ")], [Ok(3), Ok(0), Ok(1000)]);
        assert!(["", "-1", "1.5", "1001", "3x"].iter().all(|text| parse_weight(text).is_err()));
    }
}
