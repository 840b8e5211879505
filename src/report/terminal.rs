//! What a person sees: a bar and the calls under way on a terminal, a line a result otherwise.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::{OwoColorize, Style};

use super::collected::Collected;
use super::failure::{FailureReport, Palette, render};
use super::{Consumer, quality};
use crate::call::{Origin, Outcome, TurnResult};
use crate::printable::for_log;
use crate::runner::{CallOutcome, CallResult, Event, statistics};
use crate::scenario::Secrets;
use crate::time::human;

/// So many checks that could not be judged fairly are listed.
const MOST_UNFAIR: usize = 5;

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
    run: Collected,
}

impl Terminal {
    /// Writes to `out`; the live bar goes to standard error.
    pub fn new(style: TerminalStyle, secrets: Secrets, out: Box<dyn Write + Send>) -> Self {
        Self { style, secrets, out, bar: ProgressBar::hidden(), under_way: Vec::new(), run: Collected::default() }
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.style.colour { text.style(style).to_string() } else { text.to_owned() }
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let (out, text) = (&mut self.out, for_log(text));
        self.bar.suspend(|| writeln!(out, "{text}"))
    }

    fn result(&mut self, result: &CallResult) -> io::Result<()> {
        let line = self.line(result);
        self.say(&line)?;
        if let Some(error) = result.error.as_ref().filter(|_| matches!(result.outcome, CallOutcome::Error | CallOutcome::Skipped)) {
            self.say(&format!("      {}", error.message))?;
            if let Some(responses) = quality::responses(&result.sip_responses) {
                self.say(&format!("      responses: {responses}"))?;
            }
        }
        for lost in &result.lost {
            self.say(&format!("      error: {lost}"))?;
        }
        let forgiven = |turn: &TurnResult| turn.checks.iter().map(|check| check.forgiven.clone()).find(|words| !words.is_empty());
        for (number, words) in result.turns.iter().filter_map(|turn| Some((turn.turn, forgiven(turn)?))) {
            self.say(&format!("      turn {number}: {words}"))?;
        }
        let palette = if self.style.colour { Palette::Colour } else { Palette::Plain };
        for report in FailureReport::of(result, &self.secrets) {
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
            CallOutcome::Skipped => self.paint("SKIP ", Style::new().yellow().bold()),
        };
        let latencies: Vec<String> = result.turns.iter().filter_map(latency).collect();
        let latencies = if latencies.is_empty() { String::new() } else { format!("  [{}]", latencies.join(", ")) };
        let retried = if result.attempt > 1 { format!("  (attempt {})", result.attempt) } else { String::new() };
        let seconds = result.duration.as_secs_f64();
        format!("{word} {}  {seconds:.1} s{latencies}{retried}  ({})", case(result), result.target)
    }

    fn summary(&mut self) -> io::Result<()> {
        for threshold in self.run.thresholds.clone() {
            let word = match threshold.outcome {
                Outcome::Passed => self.paint("PASS ", Style::new().green().bold()),
                Outcome::Failed => self.paint("FAIL ", Style::new().red().bold()),
                Outcome::Skipped => self.paint("ERROR", Style::new().yellow().bold()),
            };
            self.say(&format!("{word} threshold {}: {} (measured {})", threshold.name, threshold.expected, threshold.actual))?;
        }
        let results = self.run.results();
        let count = |outcome| results.iter().filter(|result| result.outcome == outcome).count();
        let (passed, failed, errors) = (count(CallOutcome::Passed), count(CallOutcome::Failed), count(CallOutcome::Error));
        let skipped = match count(CallOutcome::Skipped) {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        let figures = latencies(&results) + &quality::worst(&results);
        let at_once = if self.run.peak_calls > 1 { format!(", up to {} calls at once", self.run.peak_calls) } else { String::new() };
        let took = if self.run.broke_off() { String::new() } else { format!(" in {:.1} s", self.run.seconds) };
        let ending = if self.run.broke_off() {
            format!("; the run broke off, {} without a result", statistics::counted(self.run.unfinished().count(), "call"))
        } else if self.run.interrupted {
            ", interrupted".to_owned()
        } else {
            String::new()
        };
        self.say(&format!("{passed} passed, {failed} failed, {errors} errors{skipped}{took}{at_once}{figures}{ending}"))?;
        self.warn_of_tester(&results)
    }

    /// What could not be judged fairly, and why, in one line.
    fn warn_of_tester(&mut self, results: &[CallResult]) -> io::Result<()> {
        let unfair = |result: &CallResult| result.unfair.iter().map(|why| format!("{}, {why}", case(result))).collect::<Vec<_>>();
        let unfair: Vec<String> = results.iter().flat_map(unfair).collect();
        if unfair.is_empty() {
            return Ok(());
        }
        let rest = unfair.len().saturating_sub(MOST_UNFAIR);
        let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
        let some = unfair.iter().take(MOST_UNFAIR).map(String::as_str).collect::<Vec<_>>().join("; ");
        self.say(&format!("not judged fairly: {some}{more}; run fewer calls at once (--jobs)"))
    }

    fn begin_bar(&mut self, calls: usize) {
        self.bar = ProgressBar::new(calls as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {wide_msg}") {
            self.bar.set_style(style);
        }
        self.bar.enable_steady_tick(Duration::from_millis(250));
    }

    fn redraw(&self) {
        let names: Vec<&str> = self.under_way.iter().take(4).map(|(_, name)| name.as_str()).collect();
        self.bar.set_message(names.join(", "));
    }
}

/// `, turn latency p50 620 ms, p95 825 ms over 12 turns`; the same numbers as the thresholds of these names.
fn latencies(results: &[CallResult]) -> String {
    let one = |(origin, what): (Origin, &str)| {
        let values = statistics::latencies(results, origin);
        let at = |p| statistics::percentile(&values, p);
        let (p50, p95) = at(50.0).zip(at(95.0))?;
        let over = statistics::counted(values.len(), what);
        Some(format!(", {} p50 {p50:.0} ms, p95 {p95:.0} ms over {over}", origin.latency_name()))
    };
    [(Origin::CallerSpeechEnd, "turn"), (Origin::Answer, "greeting")].into_iter().filter_map(one).collect()
}

/// A latency of one call: a turn latency, unless it says what else it is.
fn latency(turn: &TurnResult) -> Option<String> {
    let time = human(turn.latency?);
    Some(match turn.origin? {
        Origin::CallerSpeechEnd => time,
        Origin::Answer => format!("greeting {time}"),
        Origin::CallerSilence => format!("after silence {time}"),
        Origin::CallerDtmf => format!("after digits {time}"),
        Origin::BotSpeechEnd => format!("after a pause {time}"),
    })
}

/// A target in a sentence.
pub(super) fn named(label: &str) -> String {
    match label.strip_prefix("bot:") {
        Some("") => "the built-in sample bot".to_owned(),
        Some(_) => format!("the built-in sample bot ({label})"),
        None => label.to_owned(),
    }
}

/// The scenario, and which repetition of it.
fn case(result: &CallResult) -> String {
    if result.repetition > 1 { format!("{} #{}", result.scenario, result.repetition) } else { result.scenario.clone() }
}

impl Consumer for Terminal {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.run.event(event);
        match event {
            Event::RunStarted { calls, targets, part, .. } => {
                if let Some(part) = part {
                    let some = if *calls == 0 { "no call".to_owned() } else { format!("{calls} of {} calls", part.whole) };
                    self.say(&format!("part {}: {some}", part.shard))?;
                }
                if !targets.is_empty() {
                    self.say(&format!("calling {}", targets.iter().map(|label| named(label)).collect::<Vec<_>>().join(", ")))?;
                }
                if self.style.live {
                    self.begin_bar(*calls);
                }
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
            }
            Event::RunFinished { .. } => {
                self.bar.finish_and_clear();
                self.summary()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.bar.finish_and_clear();
        if self.run.broke_off() {
            for result in self.run.unfinished().collect::<Vec<_>>() {
                self.result(&result)?;
            }
            self.summary()?;
        }
        self.out.flush()
    }
}
