//! The checks of a turn on how the bot's side of the line sounded.

use crate::call::verdict::{CheckKind, CheckResult};
use crate::media::quality::{Quality, QualityMetric};
use crate::scenario::{BotStep, QualityBound};

/// Facts about the call that explain why a number is missing.
pub struct LineInfo<'a> {
    /// The bot's audio came as RTP.
    pub rtp: bool,
    /// Name of the codec.
    pub codec: Option<&'a str>,
    /// The bot spoke in the turn.
    pub spoken: bool,
}

/// Judges the bounds of a step on how the bot's side of the line sounded.
pub fn quality_checks(step: &BotStep, heard: &Quality, line: &LineInfo<'_>) -> Vec<CheckResult> {
    step.quality.stated().map(|bound| check(bound, heard, line)).collect()
}

fn check(bound: QualityBound, heard: &Quality, line: &LineInfo<'_>) -> CheckResult {
    let unit = bound.metric.unit();
    let allowed = format!("{} {}", bound.comparison, unit.show_bound(bound.value));
    let key = bound.metric.key();
    let (actual, failed) = match bound.metric.value(heard) {
        Some(value) if bound.comparison.holds(value, bound.value) => (unit.show(value), None),
        Some(value) => {
            let (what, more) = in_words(bound.metric, value, heard);
            let more = if more.is_empty() { more } else { format!("; {more}") };
            (unit.show(value), Some(format!("quality {key}: {what}, allowed {allowed}{more}")))
        }
        None => ("no data".to_owned(), Some(format!("quality {key}: no data; {}", why_unknown(bound.metric, line)))),
    };
    CheckResult::judged(CheckKind::Quality, bound.location, format!("{key} {allowed}"), actual, failed)
}

/// A number in words, and what else helps to understand it.
fn in_words(metric: QualityMetric, value: f64, heard: &Quality) -> (String, String) {
    let shown = metric.unit().show(value);
    let of = |part: Option<u64>| {
        let sent = heard.packets.unwrap_or(0) + heard.lost.unwrap_or(0);
        format!("({} of {sent})", part.unwrap_or(0))
    };
    match metric {
        QualityMetric::Mos => {
            let part = |metric: QualityMetric| metric.unit().show(metric.value(heard).unwrap_or(0.0));
            let (loss, late) = (part(QualityMetric::Loss), part(QualityMetric::Late));
            let delay = heard.delay_ms.unwrap_or(0.0);
            (format!("an estimated MOS of {shown}"), format!("lost {loss}, late {late}, {delay:.0} ms one way"))
        }
        QualityMetric::Loss => (format!("{shown} of packets lost {}", of(heard.lost)), longest_run(heard)),
        QualityMetric::Late => {
            (format!("{shown} of packets too late for a de-jitter buffer of 60 ms {}", of(heard.late)), longest_run(heard))
        }
        QualityMetric::Burst => {
            let bursts = heard.bursts.unwrap_or(0);
            let plural = if bursts == 1 { "burst" } else { "bursts" };
            (format!("{shown} of packets lost or late inside {bursts} {plural}"), longest_run(heard))
        }
        QualityMetric::Jitter => (format!("jitter rose to {shown}"), format!("the mean was {:.1} ms", heard.jitter_mean_ms.unwrap_or(0.0))),
        QualityMetric::RoundTrip => (format!("{shown} to the bot and back"), String::new()),
        QualityMetric::Gaps => {
            let plural = if value == 1.0 { "gap" } else { "gaps" };
            (format!("{shown} {plural} in mid-reply"), longest_gap(heard))
        }
        QualityMetric::Clipping => {
            let peaks = heard.clipped_runs.unwrap_or(0);
            (format!("{shown} of speech samples at full scale"), format!("{peaks} peaks cut off"))
        }
        QualityMetric::Level => (format!("speech at {shown}"), format!("that is {:.1} dBm0", heard.level_dbm0.unwrap_or(0.0))),
        QualityMetric::Packets => (format!("{shown} packets came"), format!("lost {}", heard.lost.unwrap_or(0))),
        QualityMetric::Reordered => (format!("{shown} of packets out of order {}", of(heard.reordered)), String::new()),
        QualityMetric::Setup => (format!("{shown} from dial to answer"), String::new()),
        QualityMetric::PostDialDelay => (format!("{shown} from dial to the first ringing"), String::new()),
    }
}

fn longest_run(heard: &Quality) -> String {
    let (Some(run), Some(at)) = (heard.longest_loss, heard.longest_loss_at_ms) else { return String::new() };
    let plural = if run == 1 { "packet" } else { "packets" };
    format!("longest run {run} {plural} at {:.1} s", at / 1000.0)
}

fn longest_gap(heard: &Quality) -> String {
    let (Some(length), Some(at)) = (heard.longest_gap_ms, heard.longest_gap_at_ms) else { return String::new() };
    format!("the longest {length:.0} ms at {:.1} s", at / 1000.0)
}

fn why_unknown(metric: QualityMetric, line: &LineInfo<'_>) -> String {
    let packets = matches!(
        metric,
        QualityMetric::Mos
            | QualityMetric::Loss
            | QualityMetric::Jitter
            | QualityMetric::Burst
            | QualityMetric::Late
            | QualityMetric::Packets
            | QualityMetric::Reordered
    );
    if packets && !line.rtp {
        return "a media socket runs over TCP, which loses and reorders nothing; bound `gaps` instead".to_owned();
    }
    if metric == QualityMetric::PostDialDelay {
        return "the call did not ring before the answer".to_owned();
    }
    if metric == QualityMetric::RoundTrip {
        return if line.rtp {
            "the bot's side sent no report that a round trip can be measured by (RTCP, RFC 3550 section 6.4)".to_owned()
        } else {
            "the round trip cannot be measured on this kind of socket".to_owned()
        };
    }
    if !line.spoken {
        return "the bot said nothing in this turn".to_owned();
    }
    match (metric, line.codec) {
        (QualityMetric::Mos, Some(codec)) => format!("the E-model has no values for the codec {codec}, or no packet came"),
        _ if packets => "no packet came while the bot spoke".to_owned(),
        _ => "there was no speech to look at".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::verdict::Outcome;
    use crate::media::quality::Comparison;
    use crate::scenario::Location;

    fn bad() -> Quality {
        Quality {
            packets: Some(205),
            lost: Some(9),
            loss: Some(9.0 / 214.0),
            late: Some(3),
            late_share: Some(3.0 / 214.0),
            jitter_mean_ms: Some(11.84),
            jitter_max_ms: Some(45.2),
            burst_density: Some(0.4),
            bursts: Some(2),
            longest_loss: Some(5),
            longest_loss_at_ms: Some(12_310.0),
            round_trip_ms: Some(212.3),
            delay_ms: Some(186.0),
            r: Some(68.1),
            mos: Some(3.52),
            gaps: Some(2),
            longest_gap_ms: Some(180.0),
            longest_gap_at_ms: Some(12_310.0),
            level_dbov: Some(-34.21),
            level_dbm0: Some(-28.06),
            clipping: Some(0.0052),
            clipped_runs: Some(12),
            reordered: Some(7),
            setup_ms: Some(2412.0),
            post_dial_delay_ms: Some(1890.0),
            ..Quality::default()
        }
    }

    fn shown(heard: &Quality, line: &LineInfo<'_>) -> String {
        let bounds = [4.0, 1.0, 30.0, 200.0, 20.0, 0.5, 0.0, 0.1, -30.0, 500.0, 1.0, 2000.0, 1000.0];
        let lines = QualityMetric::ALL.into_iter().zip(bounds).map(|(metric, value)| {
            let comparison = if metric.more_is_better() { Comparison::AtLeast } else { Comparison::AtMost };
            let check = check(QualityBound { metric, comparison, value, location: Location::default() }, heard, line);
            assert_eq!(check.outcome, Outcome::Failed);
            format!("{} / {} / {}", check.expected, check.actual, check.reason)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_failure_reads_well() {
        let unknown = LineInfo { rtp: true, codec: Some("PCMU"), spoken: true };
        insta::assert_snapshot!(shown(&bad(), &unknown));
    }

    #[test]
    fn no_data_is_no_pass_and_says_who_cannot_tell() {
        let socket = LineInfo { rtp: false, codec: Some("PCMU"), spoken: true };
        let silent = LineInfo { rtp: true, codec: Some("PCMU"), spoken: false };
        let odd = LineInfo { rtp: true, codec: Some("G729"), spoken: true };
        let nothing = Quality::default();
        insta::assert_snapshot!([socket, silent, odd].map(|unknown| shown(&nothing, &unknown)).join("\n\n"));
    }

    #[test]
    fn a_bound_that_holds_passes() {
        let bound = QualityBound { metric: QualityMetric::Loss, comparison: Comparison::Less, value: 5.0, location: Location::default() };
        let check = check(bound, &bad(), &LineInfo { rtp: true, codec: None, spoken: true });
        assert_eq!((check.outcome, check.actual.as_str(), check.reason.as_str()), (Outcome::Passed, "4.21 %", ""));
    }
}
