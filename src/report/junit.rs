//! `--report-junit`: one suite per file, one case per scenario. `<failure>` is the bot's fault, `<error>` is anything else.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::collected::Collected;
use super::failure::{FailureReport, Palette, render};
use super::file::{can_be_written_again, write_whole};
use super::{Consumer, breakdown, quality};
use crate::call::{Outcome, TurnResult};
use crate::runner::{CallError, CallErrorKind, CallOutcome, CallResult, Event, ThresholdResult};
use crate::scenario::Secrets;
use crate::time::Millis;

/// Collects results and writes them at the end.
#[derive(Debug)]
pub struct JunitReport {
    path: PathBuf,
    secrets: Secrets,
    run: Collected,
}

impl JunitReport {
    /// A report that will be written to this file.
    pub fn new(path: PathBuf, secrets: Secrets) -> Self {
        Self { path, secrets, run: Collected::default() }
    }

    fn write(&self) -> io::Result<()> {
        let text = self.report().to_string().map_err(io::Error::other)?;
        let text: String = text.chars().filter(|c| is_xml(*c)).collect();
        write_whole(&self.path, text.as_bytes())
    }

    fn report(&self) -> Report {
        let mut suites: BTreeMap<String, Vec<&CallResult>> = BTreeMap::new();
        let results = self.run.results();
        for result in &results {
            suites.entry(result.file.to_string_lossy().into_owned()).or_default().push(result);
        }
        let mut report = Report::new("goldencall");
        report.set_time(Duration::try_from_secs_f64(self.run.seconds).unwrap_or_default());
        for (file, results) in suites {
            let mut suite = TestSuite::new(file);
            suite.set_time(results.iter().fold(Duration::ZERO, |sum, result| sum.saturating_add(result.duration)));
            suite.add_test_cases(results.iter().map(|result| self.case(result)));
            report.add_test_suite(suite);
        }
        if !self.run.thresholds.is_empty() {
            let mut suite = TestSuite::new("thresholds");
            suite.add_test_cases(self.run.thresholds.iter().map(threshold));
            report.add_test_suite(suite);
        }
        report
    }

    fn case(&self, result: &CallResult) -> TestCase {
        let mut case = TestCase::new(case_name(result), self.status(result));
        case.set_classname(class(&result.file));
        case.set_time(result.duration);
        case.set_assertions(result.turns.iter().map(|turn| turn.checks.len()).sum());
        case.add_properties(properties(result));
        case.set_system_out(dialogue(result));
        case
    }

    fn status(&self, result: &CallResult) -> TestCaseStatus {
        let reruns = result.earlier_errors.iter().map(|error| {
            let mut rerun = TestRerun::new(NonSuccessKind::Error);
            rerun.set_type(error_type(error)).set_message(error.message.clone());
            rerun
        });
        let mut status = match (result.outcome, &result.error) {
            (CallOutcome::Passed, _) => TestCaseStatus::success(),
            (CallOutcome::Failed, _) => self.failure(result),
            (CallOutcome::Skipped, error) => {
                let mut status = TestCaseStatus::skipped();
                if let Some(error) = error {
                    status.set_message(format!("{} (called {})", error.message, result.target));
                }
                return status;
            }
            (CallOutcome::Error, error) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                if let Some(error) = error {
                    let message = format!("{} (called {})", error.message, result.target);
                    status.set_type(error_type(error)).set_message(message);
                }
                status
            }
        };
        status.add_reruns(reruns);
        status
    }

    fn failure(&self, result: &CallResult) -> TestCaseStatus {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let reports = FailureReport::of(result, &self.secrets);
        let first = result.turns.iter().flat_map(TurnResult::failures).next();
        status.set_type(first.map_or("failure", |check| check.check.name()));
        let titles: Vec<String> = reports.iter().map(ToString::to_string).collect();
        status.set_message(format!("{} (called {})", titles.join("; "), result.target));
        let texts: Vec<String> = reports.iter().map(|report| render(report, Palette::Plain, 100)).collect();
        status.set_description(texts.join("\n"));
        status
    }
}

impl Consumer for JunitReport {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if self.run.event(event) && can_be_written_again(&self.path) { self.write() } else { Ok(()) }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write()
    }
}

/// Characters that XML 1.0 allows (section 2.2, Char).
pub(super) fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The file's folders and name, so that two files of one name are two classes: `scenarios.billing.refund`.
fn class(file: &Path) -> String {
    let parts = file.with_extension("");
    let names = parts.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    names.collect::<Vec<_>>().join(".")
}

fn case_name(result: &CallResult) -> String {
    if result.repetition > 1 { format!("{} #{}", result.scenario, result.repetition) } else { result.scenario.clone() }
}

/// `setup` where no call came about; the tester's own trouble by its name.
fn error_type(error: &CallError) -> String {
    match error.kind {
        CallErrorKind::Dial(_) => "setup".to_owned(),
        CallErrorKind::Other(kind) => serde_json::to_value(kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default(),
    }
}

fn properties(result: &CallResult) -> Vec<Property> {
    let mut all = vec![Property::new("target", &result.target)];
    let number = |value: f64| format!("{value:.1}");
    all.extend(result.setup.map(|at| Property::new("setup_ms", number(at.millis_f64()))));
    all.extend(result.post_dial_delay.map(|at| Property::new("post_dial_delay_ms", number(at.millis_f64()))));
    all.extend(quality::responses(&result.sip_responses).map(|responses| Property::new("sip_responses", responses)));
    all.extend(result.codec.as_ref().map(|codec| Property::new("codec", codec)));
    all.extend(result.call_id.as_ref().map(|id| Property::new("call_id", id)));
    all.extend(result.trace_id.as_ref().map(|id| Property::new("trace_id", id)));
    all.extend(result.recording.as_ref().map(|path| Property::new("recording", path.to_string_lossy())));
    all.extend(quality::properties(&result.quality).into_iter().map(|(name, value)| Property::new(name, value)));
    for turn in &result.turns {
        let quality = turn.quality.as_deref().map(quality::properties).unwrap_or_default();
        all.extend(quality.into_iter().map(|(name, value)| Property::new(format!("turn.{}.{name}", turn.turn), value)));
        let mut add = |name: &str, value: Option<jiff::SignedDuration>| {
            all.extend(value.map(|value| Property::new(format!("turn.{}.{name}_ms", turn.turn), number(value.millis_f64()))));
        };
        add("latency", turn.latency);
        add("arrival_latency", turn.arrival_latency);
        add("answer_latency", turn.answer_latency);
        add("barge_in_stop", turn.barge_in_stop);
        add("dead_air", turn.dead_air);
        let breakdown = turn.telemetry.as_ref().map(|telemetry| telemetry.breakdown).unwrap_or_default();
        breakdown.stages().for_each(|(stage, time)| add(stage.key(), Some(time)));
    }
    all
}

/// The call as text: what was heard in each turn, and when.
fn dialogue(result: &CallResult) -> String {
    let mut lines = vec![format!("called {}", result.target)];
    for turn in &result.turns {
        let latency = turn.latency.map(|latency| format!(" ({})", crate::time::human(latency))).unwrap_or_default();
        let heard = turn.heard();
        let heard = if heard.is_empty() { "(nothing)" } else { &heard };
        lines.push(format!("turn {}{latency}: {heard}", turn.turn));
        lines.extend(breakdown::words(turn).map(|words| format!("        {words}")));
    }
    lines.extend(result.lost.iter().map(|lost| format!("error: {lost}")));
    lines.extend(result.unfair.iter().map(|unfair| format!("not judged fairly: {unfair}")));
    lines.extend(result.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}

pub(super) fn threshold(result: &ThresholdResult) -> TestCase {
    let failed = |kind, name: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(name).set_message(format!("{}: {}, measured {}", result.name, result.expected, result.actual));
        status
    };
    let status = match result.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed => failed(NonSuccessKind::Failure, "threshold"),
        Outcome::Skipped => failed(NonSuccessKind::Error, "no_data"),
    };
    let mut case = TestCase::new(result.name.clone(), status);
    case.set_classname("thresholds");
    case.set_time(Duration::ZERO);
    case
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_are_two_classes() {
        assert_eq!(class(Path::new("scenarios/a/booking.yaml")), "scenarios.a.booking");
        assert_ne!(class(Path::new("a/booking.yaml")), class(Path::new("b/booking.yaml")));
        assert_eq!(class(Path::new("/tmp/x/../booking.yaml")), "tmp.x.booking");
    }

    #[test]
    fn what_xml_forbids_is_gone() {
        let kept: String = "a\u{0}\u{8}\u{b}\u{1b}\u{fffe}\u{ffff}\tb\u{fffd}\u{10ffff}".chars().filter(|c| is_xml(*c)).collect();
        assert_eq!(kept, "a\tb\u{fffd}\u{10ffff}");
    }
}
