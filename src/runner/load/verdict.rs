//! What a load comes to, and why. The bot is blamed for nothing that the tester spoiled, and a load that was not as it was asked for does
//! not pass.

use super::super::statistics::counted;
use super::kind::TOO_SLOW;
use super::report::{Ending, FaultKind, LoadReport, LoadVerdict, Side};
use crate::call::Outcome;

const PASS_RATE: &str = "pass_rate";

/// The report with its verdict.
pub(super) fn judge(report: LoadReport) -> LoadReport {
    let (blamed, excused) = (blame(&report), excuse(&report));
    let verdict = if report.whole.started == 0 {
        LoadVerdict::Nothing
    } else if blamed.iter().any(|(side, _)| *side == Side::Bot) {
        LoadVerdict::Failed
    } else if blamed.is_empty() && excused.is_empty() {
        LoadVerdict::Passed
    } else {
        LoadVerdict::Error
    };
    let reasons = blamed.into_iter().map(|(_, why)| why).chain(excused).collect();
    LoadReport { verdict: Some(verdict), reasons, ..report }
}

/// What speaks against the bot or the line, one sentence each.
fn blame(report: &LoadReport) -> Vec<(Side, String)> {
    let mut found = Vec::new();
    // Calls that could not be placed are neither the bot's words nor its latency.
    let side = |name: &str| if name == PASS_RATE && report.whole.failed == 0 { Side::Call } else { Side::Bot };
    if let Some(Ending::Aborted(why)) = &report.ending {
        let name = why.split(':').next().unwrap_or_default();
        found.push((side(name), format!("the load was stopped by `abort_on_fail`: {why}")));
    }
    for threshold in &report.thresholds {
        let said = format!("{}: {}, measured {}", threshold.name, threshold.expected, threshold.actual);
        match threshold.outcome {
            Outcome::Passed => {}
            Outcome::Failed => found.push((side(&threshold.name), said)),
            Outcome::Skipped => found.push((Side::Call, said)),
        }
    }
    found
}

/// Why the load was not what it was meant to be.
fn excuse(report: &LoadReport) -> Vec<String> {
    let (whole, mut found) = (&report.whole, Vec::new());
    if report.ending == Some(Ending::Interrupted) {
        found.push("the load was interrupted".to_owned());
    }
    if whole.dropped > 0 {
        let most = report.plan.max_calls.unwrap_or(whole.calls_peak);
        found.push(format!(
            "{} dropped: {most} calls were under way (--max-calls), so calls came faster than they ended; it is not known whether \
             the target or this machine did not keep up",
            counted(whole.dropped, "arrival"),
        ));
    }
    if whole.tester_failed() {
        found.push(not_carried(report, whole.ended()));
    } else if whole.callers_were_slow() {
        let (waiting, of) = (whole.tester.kept_waiting, whole.tester.held_back_ms.count);
        found.push(format!(
            "this machine could not carry {} at once: in {waiting} of {of} calls the caller was kept waiting for words, for up to \
             {:.0} ms, and so was slower than a person; place fewer calls, or split the load over machines",
            counted(whole.calls_peak, "call"),
            longest_wait(report),
        ));
    }
    found
}

/// In milliseconds.
fn longest_wait(report: &LoadReport) -> f64 {
    report.whole.tester.held_back_ms.max.unwrap_or(0.0)
}

fn not_carried(report: &LoadReport, ended: usize) -> String {
    let whole = &report.whole;
    let share = whole.not_judged as f64 * 100.0 / ended.max(1) as f64;
    let calls = format!("{} of {ended} calls ({share:.1} %)", whole.not_judged);
    let kinds = report.kinds.iter().filter(|kind| kind.side == Side::Tester);
    let (slow, other): (Vec<&FaultKind>, Vec<&FaultKind>) = kinds.partition(|kind| kind.kind == TOO_SLOW);
    let others: Vec<String> = other.iter().map(|kind| format!("{} ({})", kind.kind, kind.calls)).collect();
    let others = others.join(", ");
    if slow.is_empty() {
        return format!("goldencall itself failed in {calls}: {others}; they count as neither passed nor failed");
    }
    let waited = longest_wait(report);
    let others = if others.is_empty() { String::new() } else { format!(", besides {others}") };
    format!(
        "this machine could not carry {} at once: {calls} were not judged, since the tester was too slow (a caller was kept waiting for \
         up to {waited:.0} ms){others}; they count as neither passed nor failed; place fewer calls, or split the load over machines",
        counted(whole.calls_peak, "call")
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::threshold_result::ThresholdResult;
    use super::super::report::{LoadRow, Percentiles};
    use super::*;

    fn load(failed: usize, errors: usize, not_judged: usize, pass_rate: Outcome) -> LoadReport {
        let passed = 100 - failed - errors;
        let mut whole = LoadRow { started: 100 + not_judged, passed, failed, errors, not_judged, calls_peak: 40, ..LoadRow::default() };
        whole.tester.held_back_ms = Percentiles { max: Some(1204.0), ..Percentiles::default() };
        let limit = |name: &str, outcome| {
            let (expected, actual) = ("at least 99.0 %".to_owned(), "97.0 % of 100 calls".to_owned());
            ThresholdResult { name: name.to_owned(), outcome, expected, actual }
        };
        let kinds = vec![FaultKind { kind: TOO_SLOW.to_owned(), side: Side::Tester, calls: not_judged, examples: Vec::new() }];
        let thresholds = vec![limit("pass_rate", pass_rate)];
        LoadReport { whole, thresholds, kinds, ending: Some(Ending::Completed), ..LoadReport::default() }
    }

    fn verdict(report: LoadReport) -> (LoadVerdict, Vec<String>) {
        let judged = judge(report);
        (judged.verdict.expect("a verdict"), judged.reasons)
    }

    #[test]
    fn a_goal_that_is_met_forgives_single_calls() {
        assert_eq!(verdict(load(1, 0, 0, Outcome::Passed)), (LoadVerdict::Passed, Vec::new()));
        assert_eq!(verdict(load(3, 0, 0, Outcome::Failed)).0, LoadVerdict::Failed);
    }

    #[test]
    fn calls_that_could_not_be_placed_are_not_the_bots_failure() {
        assert_eq!(verdict(load(0, 3, 0, Outcome::Failed)).0, LoadVerdict::Error);
        assert_eq!(verdict(load(1, 3, 0, Outcome::Failed)).0, LoadVerdict::Failed);
        assert_eq!(verdict(load(0, 0, 0, Outcome::Skipped)).0, LoadVerdict::Error);
    }

    #[test]
    fn a_tester_that_was_too_slow_says_so() {
        assert_eq!(verdict(load(0, 0, 1, Outcome::Passed)).0, LoadVerdict::Passed);
        let (verdict_of_it, reasons) = verdict(load(0, 0, 12, Outcome::Passed));
        assert_eq!(verdict_of_it, LoadVerdict::Error);
        insta::assert_snapshot!(reasons.join("\n"));
        // What the bot did wrong stays wrong.
        let (verdict_of_it, reasons) = verdict(load(3, 0, 12, Outcome::Failed));
        assert_eq!((verdict_of_it, reasons.len()), (LoadVerdict::Failed, 2));
    }

    #[test]
    fn callers_who_waited_make_a_lighter_load_than_was_asked_for() {
        let with = |waiting| {
            let mut report = load(0, 0, 0, Outcome::Passed);
            (report.whole.tester.kept_waiting, report.whole.tester.held_back_ms.count) = (waiting, 100);
            verdict(report)
        };
        assert_eq!(with(5), (LoadVerdict::Passed, Vec::new()));
        let (verdict_of_it, reasons) = with(6);
        assert_eq!(verdict_of_it, LoadVerdict::Error);
        insta::assert_snapshot!(reasons.join("\n"));
    }

    #[test]
    fn a_load_that_was_not_as_asked_for_does_not_pass() {
        let mut dropped = load(0, 0, 0, Outcome::Passed);
        dropped.whole.dropped = 7;
        dropped.plan.max_calls = Some(50);
        let (verdict_of_it, reasons) = verdict(dropped);
        assert_eq!(verdict_of_it, LoadVerdict::Error);
        insta::assert_snapshot!(reasons.join("\n"));
        let interrupted = LoadReport { ending: Some(Ending::Interrupted), ..load(0, 0, 0, Outcome::Passed) };
        assert_eq!(verdict(interrupted).0, LoadVerdict::Error);
        let aborted = |why: &str, failed, errors| {
            let ending = Some(Ending::Aborted(why.to_owned()));
            verdict(LoadReport { ending, ..load(failed, errors, 0, Outcome::Passed) }).0
        };
        assert_eq!(aborted("pass_rate: at least 99.0 %", 3, 0), LoadVerdict::Failed);
        assert_eq!(aborted("pass_rate: at least 99.0 %", 0, 3), LoadVerdict::Error);
        assert_eq!(aborted("setup: at most 2 s", 0, 3), LoadVerdict::Failed);
        assert_eq!(verdict(LoadReport::default()).0, LoadVerdict::Nothing);
    }
}
