//! A load for CI: a case per threshold, a case per kind of fault, and whether the load was what it was meant to be.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::super::Consumer;
use super::super::file::{can_be_written_again, write_whole};
use super::super::junit::{is_xml, threshold};
use super::text;
use crate::call::Outcome;
use crate::runner::{Event, FaultKind, LoadReport, LoadVerdict, Side};

/// Writes the report after every interval: until the last, as that of a load that broke off.
#[derive(Debug)]
pub struct LoadJunit {
    path: PathBuf,
}

impl LoadJunit {
    /// A report that will be written to this file.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Consumer for LoadJunit {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Event::Load { report } = event else { return Ok(()) };
        if report.verdict.is_none() && !can_be_written_again(&self.path) {
            return Ok(());
        }
        let text = junit(report).to_string().map_err(io::Error::other)?;
        let text: String = text.chars().filter(|c| is_xml(*c)).collect();
        write_whole(&self.path, text.as_bytes())
    }
}

fn junit(report: &LoadReport) -> Report {
    let mut junit = Report::new("goldencall");
    junit.set_time(Duration::try_from_secs_f64(report.whole.until_s).unwrap_or_default());
    let mut thresholds = TestSuite::new("thresholds");
    thresholds.add_test_cases(report.thresholds.iter().map(threshold));
    let mut load = TestSuite::new("load");
    load.set_time(Duration::try_from_secs_f64(report.whole.until_s).unwrap_or_default());
    load.add_test_case(verdict(report));
    load.add_test_cases(report.kinds.iter().map(|kind| fault(kind, report)));
    junit.add_test_suites([thresholds, load]);
    junit
}

/// The load as a whole: its output is what the terminal shows.
fn verdict(report: &LoadReport) -> TestCase {
    let failed = |kind, name: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(name).set_message(text::verdict(report));
        status
    };
    let status = match report.verdict {
        Some(LoadVerdict::Passed) => TestCaseStatus::success(),
        Some(LoadVerdict::Failed) => failed(NonSuccessKind::Failure, "load"),
        Some(LoadVerdict::Error | LoadVerdict::Nothing) | None => failed(NonSuccessKind::Error, "load"),
    };
    let mut case = case("load", status);
    let rows = report.rows.iter().map(text::row);
    let lines: Vec<String> = std::iter::once(text::HEADER.to_owned()).chain(rows).chain(text::summary(report)).collect();
    case.set_system_out(lines.join("\n"));
    case
}

/// A kind of fault is a failure where the pass rate is not what it must be; where it is, the case passes and lists its calls.
fn fault(kind: &FaultKind, report: &LoadReport) -> TestCase {
    let goal_missed = report.thresholds.iter().any(|threshold| threshold.name == "pass_rate" && threshold.outcome != Outcome::Passed);
    let bad = match kind.side {
        Side::Bot => goal_missed.then_some(NonSuccessKind::Failure),
        Side::Call => goal_missed.then_some(NonSuccessKind::Error),
        Side::Tester => report.whole.tester_failed().then_some(NonSuccessKind::Error),
        Side::Stopped => None,
    };
    let lines = text::fault(kind, &report.whole);
    let status = match bad {
        None => TestCaseStatus::success(),
        Some(bad) => {
            let mut status = TestCaseStatus::non_success(bad);
            status.set_type(kind.kind.as_str()).set_message(lines.first().cloned().unwrap_or_default());
            status.set_description(lines.join("\n"));
            status
        }
    };
    let mut case = case(&kind.kind, status);
    case.set_system_out(lines.join("\n"));
    case
}

fn case(name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname("load");
    case.set_time(Duration::ZERO);
    case
}
