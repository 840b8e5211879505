//! What a person sees: a bar and the calls under way on a terminal, a line a result otherwise.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::{OwoColorize, Style};

use super::failure::{FailureReport, Palette, render};
use super::{Consumer, quality};
use crate::call::{Outcome, TurnResult};
use crate::runner::statistics::percentile;
use crate::runner::{CallOutcome, CallResult, Event, ThresholdResult};
use crate::scenario::Secrets;
use crate::time::{Millis, human};

/// How to write to this terminal.
#[derive(Clone, Copy, Debug)]
pub struct TerminalStyle {
    /// Colours are welcome.
    pub colour: bool,
    /// A live bar can be drawn.
    pub live: bool,
    /// Columns.
    pub width: usize,
}

/// Writes results as they come and a summary at the end.
pub struct Terminal {
    style: TerminalStyle,
    secrets: Secrets,
    out: Box<dyn Write + Send>,
    bar: ProgressBar,
    under_way: Vec<(usize, String)>,
    results: Vec<CallResult>,
}

impl Terminal {
    /// Writes to `out`; the live bar goes to standard error.
    pub fn new(style: TerminalStyle, secrets: Secrets, out: Box<dyn Write + Send>) -> Self {
        Self { style, secrets, out, bar: ProgressBar::hidden(), under_way: Vec::new(), results: Vec::new() }
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.style.colour { text.style(style).to_string() } else { text.to_owned() }
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let text = self.secrets.redact(text);
        let out = &mut self.out;
        self.bar.suspend(|| writeln!(out, "{text}"))
    }

    fn result(&mut self, result: &CallResult) -> io::Result<()> {
        let line = self.line(result);
        self.say(&line)?;
        if let Some(error) = result.error.as_ref().filter(|_| result.outcome == CallOutcome::Error) {
            self.say(&format!("      {}", error.message))?;
            if let Some(responses) = quality::responses(&result.sip_responses) {
                self.say(&format!("      responses: {responses}"))?;
            }
        }
        let forgiven = |turn: &TurnResult| turn.checks.iter().map(|check| check.forgiven.clone()).find(|words| !words.is_empty());
        for (number, words) in result.turns.iter().filter_map(|turn| Some((turn.turn, forgiven(turn)?))) {
            self.say(&format!("      turn {number}: {words}"))?;
        }
        let palette = if self.style.colour { Palette::Colour } else { Palette::Plain };
        for report in FailureReport::of(result) {
            let text = render(&report, palette, self.style.width);
            self.say(text.trim_end())?;
        }
        if let Some(words) = quality::words(result).filter(|_| result.outcome == CallOutcome::Failed) {
            self.say(&format!("      line: {words}"))?;
        }
        Ok(())
    }

    fn line(&self, result: &CallResult) -> String {
        let word = match result.outcome {
            CallOutcome::Passed => self.paint("PASS ", Style::new().green().bold()),
            CallOutcome::Failed => self.paint("FAIL ", Style::new().red().bold()),
            CallOutcome::Error => self.paint("ERROR", Style::new().yellow().bold()),
        };
        let repetition = if result.repetition > 1 { format!(" #{}", result.repetition) } else { String::new() };
        let latencies: Vec<String> = result.turns.iter().filter_map(|turn| turn.latency).map(human).collect();
        let latencies = if latencies.is_empty() { String::new() } else { format!("  [{}]", latencies.join(", ")) };
        let retried = if result.attempt > 1 { format!("  (attempt {})", result.attempt) } else { String::new() };
        let seconds = result.duration.as_secs_f64();
        format!("{word} {}{repetition}  {seconds:.1} s{latencies}{retried}", result.scenario)
    }

    fn summary(&mut self, thresholds: &[ThresholdResult], seconds: f64, interrupted: bool) -> io::Result<()> {
        for threshold in thresholds {
            let word = match threshold.outcome {
                Outcome::Passed => self.paint("PASS ", Style::new().green().bold()),
                Outcome::Failed => self.paint("FAIL ", Style::new().red().bold()),
                Outcome::Skipped => self.paint("ERROR", Style::new().yellow().bold()),
            };
            self.say(&format!("{word} threshold {}: {} (measured {})", threshold.name, threshold.expected, threshold.actual))?;
        }
        let count = |outcome| self.results.iter().filter(|result| result.outcome == outcome).count();
        let (passed, failed, errors) = (count(CallOutcome::Passed), count(CallOutcome::Failed), count(CallOutcome::Error));
        let latencies: Vec<f64> =
            self.results.iter().flat_map(|result| &result.turns).filter_map(|turn| turn.latency).map(Millis::millis_f64).collect();
        let at = |p| percentile(&latencies, p).map(|value| format!("{value:.0} ms"));
        let latency = match (at(50.0), at(95.0)) {
            (Some(p50), Some(p95)) => format!(", latency p50 {p50}, p95 {p95} over {} turns", latencies.len()),
            _ => String::new(),
        };
        let latency = latency + &quality::worst(&self.results);
        let interrupted = if interrupted { ", interrupted" } else { "" };
        self.say(&format!("{passed} passed, {failed} failed, {errors} errors in {seconds:.1} s{latency}{interrupted}"))?;
        self.warn_of_tester()
    }

    /// A tester that was itself too slow says so.
    fn warn_of_tester(&mut self) -> io::Result<()> {
        let slow = self.results.iter().filter(|result| result.health.pacing_p99_ms > 1.0 || result.health.held_back_ms > 300.0).count();
        if slow > 0 {
            self.say(&format!(
                "note: in {slow} calls this machine was too busy to pace or transcribe in time; run fewer at once (--jobs)"
            ))?;
        }
        Ok(())
    }

    fn redraw(&self) {
        let names: Vec<&str> = self.under_way.iter().take(4).map(|(_, name)| name.as_str()).collect();
        self.bar.set_message(names.join(", "));
    }
}

impl Consumer for Terminal {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::RunStarted { calls, .. } if self.style.live => {
                self.bar = ProgressBar::new(*calls as u64);
                if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {wide_msg}") {
                    self.bar.set_style(style);
                }
                self.bar.enable_steady_tick(Duration::from_millis(250));
            }
            Event::CallStarted { call, scenario, .. } => {
                self.under_way.push((*call, scenario.clone()));
                self.redraw();
            }
            Event::CallFinished { result } => {
                self.under_way.retain(|(call, _)| *call != result.call);
                self.bar.inc(1);
                self.redraw();
                self.result(result)?;
                self.results.push((**result).clone());
            }
            Event::RunFinished { thresholds, seconds, interrupted } => {
                self.bar.finish_and_clear();
                self.summary(thresholds, *seconds, *interrupted)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.bar.finish_and_clear();
        self.out.flush()
    }
}
