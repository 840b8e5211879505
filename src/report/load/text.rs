//! A load in words.

use crate::runner::{Ending, FaultKind, LoadReport, LoadRow, Percentiles, Side, statistics};

/// `40 calls at once (ramp 30 s, held for 10 min), judged by ...`.
pub(super) fn plan(report: &LoadReport) -> String {
    let plan = &report.plan;
    let calls = match (plan.calls_at_once, plan.arrivals_per_second) {
        (_, Some(rate)) if rate < 1.0 => format!("{} calls per minute", trimmed(rate * 60.0)),
        (_, Some(rate)) => format!("{} calls per second", trimmed(rate)),
        (calls, None) => format!("{} at once", statistics::counted(calls.unwrap_or(0), "call")),
    };
    let most = plan.max_calls.map(|most| format!(", at most {most} at once")).unwrap_or_default();
    let every = if plan.interval_s == 60.0 { "minute".to_owned() } else { time(plan.interval_s) };
    format!("{calls}{most}, ramp {}, then held for {}; one line every {every}", time(plan.ramp_s), time(plan.hold_s))
}

/// `30 s`, `10 min`, `1 min 30 s`.
pub(super) fn time(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 60, whole % 60) {
        _ if seconds < 10.0 && seconds.fract() != 0.0 => format!("{} s", trimmed(seconds)),
        (0, rest) => format!("{rest} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, rest) => format!("{minutes} min {rest} s"),
    }
}

/// At most two decimals.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The columns of [`row`].
pub(super) const HEADER: &str = "   until  calls   peak  started  passed  failed  errors   p50 ms   p95 ms   p99 ms  tester";

/// One interval in one line.
pub(super) fn row(row: &LoadRow) -> String {
    let latency = row.turn_latency_ms;
    let at = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.0}"));
    let broken = if row.broken.is_empty() { String::new() } else { format!("  BROKEN {}", row.broken.join("; ")) };
    format!(
        "{:>8}  {:>5}  {:>5}  {:>7}  {:>6}  {:>6}  {:>6}  {:>7}  {:>7}  {:>7}  {}{broken}",
        clock(row.until_s),
        row.calls_now,
        row.calls_peak,
        row.started,
        row.passed,
        row.failed,
        row.errors,
        at(latency.p50),
        at(latency.p95),
        at(latency.p99),
        tester(row),
    )
}

/// `00:10`, `1:02:00`.
pub(super) fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes:02}:{rest:02}") }
}

/// What the tester did to its own measurement, in one phrase.
fn tester(row: &LoadRow) -> String {
    let mut said = Vec::new();
    if row.not_judged > 0 {
        said.push(format!("{} NOT JUDGED", row.not_judged));
    }
    if row.cut_short > 0 {
        said.push(format!("{} cut short", row.cut_short));
    }
    if row.dropped > 0 {
        said.push(format!("{} DROPPED", row.dropped));
    }
    if row.tester.kept_waiting > 0 {
        said.push(format!("{} kept waiting", row.tester.kept_waiting));
    }
    said.extend(row.tester.pacing_p99_ms.p99.map(|late| format!("pacing {late:.1} ms")));
    said.extend(row.tester.transcript_lag_ms.p99.map(|lag| format!("words {lag:.0} ms late")));
    said.extend(row.tester.cpu_cores.map(|cores| format!("{cores:.1} cores")));
    said.join(", ")
}

/// The end of a load, line by line.
pub(super) fn summary(report: &LoadReport) -> Vec<String> {
    let whole = &report.whole;
    let mut lines = vec![String::new(), counts(whole)];
    for (what, values) in [("turn", whole.turn_latency_ms), ("greeting", whole.greeting_latency_ms)] {
        lines.extend(distribution(what, values));
    }
    lines.extend(report.kinds.iter().flat_map(|kind| fault(kind, whole)));
    lines.extend(
        report
            .first_bad
            .as_ref()
            .map(|row| format!("first bad interval: {} to {}: {}", clock(row.from_s), clock(row.until_s), row.broken.join("; "))),
    );
    lines.push(tester_of_all(whole, report.cores));
    lines
}

fn counts(whole: &LoadRow) -> String {
    let rate = whole.pass_rate.map_or("no call was judged".to_owned(), |rate| format!("pass rate {} %", percent(rate)));
    let mut also = Vec::new();
    for (count, what) in [(whole.not_judged, "not judged"), (whole.cut_short, "cut short"), (whole.dropped, "arrivals dropped")] {
        if count > 0 {
            also.push(format!(", {count} {what}"));
        }
    }
    format!(
        "{rate}: {} passed, {} failed, {} errors{} of {} in {}, up to {} at once",
        whole.passed,
        whole.failed,
        whole.errors,
        also.concat(),
        statistics::counted(whole.started, "call"),
        time(whole.until_s),
        statistics::counted(whole.calls_peak, "call"),
    )
}

/// A share that is less than all of it never reads as 100.
fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    if share < 1.0 && text == "100.0" { "99.9".to_owned() } else { text }
}

fn distribution(what: &str, values: Percentiles) -> Option<String> {
    let Percentiles { count, p50: Some(p50), p95: Some(p95), p99: Some(p99), max: Some(max) } = values else { return None };
    let over = statistics::counted(count, what);
    Some(format!("{what} latency: p50 {p50:.0} ms, p95 {p95:.0} ms, p99 {p99:.0} ms, at most {max:.0} ms over {over}"))
}

/// A kind of fault, its share, and its first calls.
pub(super) fn fault(kind: &FaultKind, whole: &LoadRow) -> Vec<String> {
    let ended = (whole.passed + whole.failed + whole.errors).max(1);
    let share = kind.calls as f64 / ended as f64;
    let (name, calls) = (&kind.kind, statistics::counted(kind.calls, "call"));
    let mut lines = vec![match kind.side {
        Side::Bot => format!("failed, {name}: {calls} ({} %)", percent(share)),
        Side::Call => format!("error, {name}: {calls} ({} %)", percent(share)),
        Side::Tester => format!("not judged, {name}: {calls}"),
        Side::Stopped => format!("cut short: {calls}"),
    }];
    if kind.side != Side::Stopped {
        lines.extend(kind.examples.iter().map(|example| {
            let recording = example.recording.as_ref().map(|path| format!(" [{}]", path.display())).unwrap_or_default();
            format!("    {}  call {}, {}: {}{recording}", clock(example.at_s), example.call, example.scenario, example.message)
        }));
    }
    lines
}

fn tester_of_all(whole: &LoadRow, cores: usize) -> String {
    let tester = whole.tester;
    let (held, pacing, lag) = (tester.held_back_ms, tester.pacing_p99_ms, tester.transcript_lag_ms);
    let mut said = vec![format!("{} callers kept waiting for words", tester.kept_waiting)];
    said.extend(held.max.map(|most| format!("the longest wait {most:.0} ms")));
    said.extend(pacing.p99.map(|late| format!("packets late by {late:.2} ms at p99")));
    said.extend(lag.p99.map(|lag| format!("words late by {lag:.0} ms at p99")));
    said.extend(tester.placed_late_ms.p99.map(|late| format!("calls placed {late:.0} ms late at p99")));
    said.extend(tester.cpu_cores.map(|busy| format!("{busy:.2} of {cores} cores busy")));
    format!("tester: {}", said.join(", "))
}

/// The plain verdict.
pub(super) fn verdict(report: &LoadReport) -> String {
    match (&report.reasons[..], &report.ending) {
        (_, None) => "the load broke off: goldencall was killed or crashed; load.json holds what was known until then".to_owned(),
        ([], Some(Ending::Completed)) => "every threshold held over the whole load".to_owned(),
        ([], _) => "no call was placed".to_owned(),
        (reasons, _) => reasons.join("; "),
    }
}
