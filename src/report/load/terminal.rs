//! A line per interval, then the verdict.

use std::io::{self, Write};

use owo_colors::{OwoColorize, Style};

use super::super::terminal::named;
use super::super::{Consumer, TerminalStyle};
use super::text;
use crate::call::Outcome;
use crate::printable::for_log;
use crate::runner::{Event, LoadReport, LoadVerdict};

/// Writes intervals as they end and a summary at the end.
pub struct LoadTerminal {
    style: TerminalStyle,
    out: Box<dyn Write + Send>,
    /// Rows that are written.
    written: Option<usize>,
}

impl LoadTerminal {
    /// Writes to `out`.
    pub fn new(style: TerminalStyle, out: Box<dyn Write + Send>) -> Self {
        Self { style, out, written: None }
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.style.colour { text.style(style).to_string() } else { text.to_owned() }
    }

    /// What peers wrote reaches the terminal as text only.
    fn say(&mut self, text: &str) -> io::Result<()> {
        let text = for_log(text);
        writeln!(self.out, "{text}")
    }

    /// A word in its colour, then plain text.
    fn say_after(&mut self, word: &str, style: Style, text: &str) -> io::Result<()> {
        let (word, text) = (self.paint(word, style), for_log(text));
        writeln!(self.out, "{word} {text}")
    }

    fn begin(&mut self, report: &LoadReport) -> io::Result<()> {
        let targets: Vec<String> = report.targets.iter().map(|label| named(label)).collect();
        self.say(&format!("calling {}: {}", targets.join(", "), text::plan(report)))?;
        self.say(text::HEADER)
    }

    fn finished(&mut self, report: &LoadReport, verdict: LoadVerdict) -> io::Result<()> {
        for line in text::summary(report) {
            self.say(&line)?;
        }
        let (red, green, yellow) = (Style::new().red().bold(), Style::new().green().bold(), Style::new().yellow().bold());
        for threshold in &report.thresholds {
            let (word, style) = match threshold.outcome {
                Outcome::Passed => ("PASS ", green),
                Outcome::Failed => ("FAIL ", red),
                Outcome::Skipped => ("ERROR", yellow),
            };
            let said = format!("threshold {}: {} (measured {})", threshold.name, threshold.expected, threshold.actual);
            self.say_after(word, style, &said)?;
        }
        let (word, style) = match verdict {
            LoadVerdict::Passed => ("PASSED:", green),
            LoadVerdict::Failed => ("FAILED:", red),
            LoadVerdict::Error | LoadVerdict::Nothing => ("ERROR:", yellow),
        };
        self.say_after(word, style, &text::verdict(report))
    }
}

impl Consumer for LoadTerminal {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Event::Load { report } = event else { return Ok(()) };
        if self.written.is_none() {
            self.begin(report)?;
        }
        for row in report.rows.iter().skip(self.written.unwrap_or(0)) {
            self.say(&text::row(row))?;
        }
        self.written = Some(report.rows.len());
        if let Some(verdict) = report.verdict {
            self.finished(report, verdict)?;
        }
        self.out.flush()
    }
}
