//! How the line sounded, for people and for programs.

use serde_json::{Value, json};

use crate::media::quality::{Quality, QualityMetric};
use crate::runner::{CallResult, SipResponse};
use crate::time::{CallTime, Millis};

/// One line: `MOS 3.42, lost 4.2 % (9 of 214), ...`; nothing of a call that was not answered.
pub(super) fn words(result: &CallResult) -> Option<String> {
    let quality = &result.quality;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(quality.mos.map(|mos| format!("MOS {mos:.2}")));
    if let (Some(loss), Some(lost), Some(packets)) = (shown(QualityMetric::Loss, quality), quality.lost, quality.packets) {
        parts.push(format!("lost {loss} ({lost} of {})", packets + lost));
    }
    let some = |count: Option<u64>, what: &str| count.filter(|count| *count > 0).map(|count| format!("{count} {what}"));
    parts.extend(
        [some(quality.late, "late"), some(quality.reordered, "reordered"), some(quality.duplicates, "twice")].into_iter().flatten(),
    );
    parts.extend(shown(QualityMetric::Burst, quality).filter(|_| quality.bursts > Some(0)).map(|density| format!("bursts of {density}")));
    if let (Some(mean), Some(most)) = (quality.jitter_mean_ms, quality.jitter_max_ms) {
        parts.push(format!("jitter {mean:.1} ms (max {most:.1})"));
    }
    parts.extend(shown(QualityMetric::RoundTrip, quality).map(|time| format!("round trip {time}")));
    if let (Some(gaps), Some(longest)) = (quality.gaps, quality.longest_gap_ms) {
        let plural = if gaps == 1 { "gap" } else { "gaps" };
        parts.push(format!("{gaps} {plural} in mid-reply (longest {longest:.0} ms)"));
    }
    parts.extend(shown(QualityMetric::Level, quality).map(|level| format!("level {level}")));
    parts.extend(
        quality
            .clipping
            .filter(|share| *share > 0.0)
            .and_then(|_| shown(QualityMetric::Clipping, quality))
            .map(|share| format!("{share} clipped")),
    );
    parts.extend(result.codec.clone().filter(|_| !parts.is_empty()));
    parts.extend(setup(result).filter(|_| !parts.is_empty()));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `answered after 1204 ms (rang after 80 ms)`.
fn setup(result: &CallResult) -> Option<String> {
    let millis = |at: CallTime| format!("{:.0} ms", at.millis_f64());
    let rang = result.post_dial_delay.map(|at| format!(" (rang after {})", millis(at)));
    result.setup.map(|at| format!("answered after {}{}", millis(at), rang.unwrap_or_default()))
}

fn shown(metric: QualityMetric, quality: &Quality) -> Option<String> {
    metric.value(quality).map(|value| metric.unit().show(value))
}

/// The worst call of a run: `, worst MOS of a call 3.42, most loss in a call 4.2 %`.
pub(super) fn worst(results: &[CallResult]) -> String {
    let values = |metric: QualityMetric| results.iter().filter_map(move |result| metric.value(&result.quality));
    let mos = values(QualityMetric::Mos).reduce(f64::min).map(|mos| format!(", worst MOS of a call {mos:.2}"));
    let loss = values(QualityMetric::Loss).reduce(f64::max).filter(|loss| *loss > 0.0);
    let loss = loss.map(|loss| format!(", most loss in a call {}", QualityMetric::Loss.unit().show(loss)));
    [mos, loss].into_iter().flatten().collect()
}

/// `100 Trying at 12 ms, 486 Busy Here at 1204 ms`.
pub(super) fn responses(responses: &[SipResponse]) -> Option<String> {
    let one = |response: &SipResponse| {
        let millis = response.at.millis_f64();
        format!("{} {} at {millis:.0} ms", response.code, response.reason)
    };
    (!responses.is_empty()).then(|| responses.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// For `--report-json`.
pub(super) fn responses_value(responses: &[SipResponse]) -> Value {
    let one = |response: &SipResponse| json!({ "at_ms": response.at.millis_f64(), "code": response.code, "reason": response.reason });
    responses.iter().map(one).collect::<Vec<_>>().into()
}

/// For JUnit: names and values of the numbers that are known.
pub(super) fn properties(quality: &Quality) -> Vec<(&'static str, String)> {
    let percent = |share: f64| format!("{:.2}", share * 100.0);
    let one = |value: f64| format!("{value:.1}");
    let two = |value: f64| format!("{value:.2}");
    let known = [
        ("mos", quality.mos.map(two)),
        ("r", quality.r.map(one)),
        ("mos_lqe", quality.mos_lqe.map(two)),
        ("packets", quality.packets.map(|count| count.to_string())),
        ("lost", quality.lost.map(|count| count.to_string())),
        ("loss_percent", quality.loss.map(percent)),
        ("late", quality.late.map(|count| count.to_string())),
        ("late_percent", quality.late_share.map(percent)),
        ("reordered", quality.reordered.map(|count| count.to_string())),
        ("duplicates", quality.duplicates.map(|count| count.to_string())),
        ("jitter_ms", quality.jitter_ms.map(one)),
        ("jitter_mean_ms", quality.jitter_mean_ms.map(one)),
        ("jitter_max_ms", quality.jitter_max_ms.map(one)),
        ("burst_percent", quality.burst_density.map(percent)),
        ("longest_loss", quality.longest_loss.map(|count| count.to_string())),
        ("round_trip_ms", quality.round_trip_ms.map(one)),
        ("gaps", quality.gaps.map(|count| count.to_string())),
        ("longest_gap_ms", quality.longest_gap_ms.map(one)),
        ("level_dbov", quality.level_dbov.map(one)),
        ("noise_dbov", quality.noise_dbov.map(one)),
        ("clipping_percent", quality.clipping.map(percent)),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
