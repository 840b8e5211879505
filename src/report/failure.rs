//! A failed turn as a diagnostic at the scenario's line: what was expected, what was heard, how late it
//! was, and where to listen.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, ThemeCharacters, ThemeStyles};

use super::breakdown;
use crate::call::{CheckKind, CheckResult, TurnResult};
use crate::files;
use crate::printable::covered;
use crate::runner::CallResult;
use crate::scenario::Secrets;
use crate::time::human;

/// How diagnostics are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// Colours, for a terminal.
    Colour,
    /// Plain text, for files and CI logs.
    Plain,
}

/// Draws a diagnostic.
pub fn render(diagnostic: &dyn Diagnostic, palette: Palette, width: usize) -> String {
    let theme = match palette {
        Palette::Colour => GraphicalTheme::unicode(),
        Palette::Plain => GraphicalTheme { characters: ThemeCharacters::unicode(), styles: ThemeStyles::none() },
    };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).without_cause_chain();
    if handler.render_report(&mut text, diagnostic).is_err() {
        text = diagnostic.to_string();
    }
    text
}

/// One failed turn of one call.
#[derive(Debug)]
pub struct FailureReport {
    title: String,
    labels: Vec<LabeledSpan>,
    help: String,
    source: Option<NamedSource<String>>,
}

impl FailureReport {
    /// The failed turns of a call, in order. The scenario's text is quoted where its file can still be read.
    pub fn of(result: &CallResult, secrets: &Secrets) -> Vec<Self> {
        // Without secrets before it is laid out: a line that is wrapped in the middle of one would show both halves.
        let text = if result.file.is_file() { files::read_text(&result.file, files::MOST_TEXT).ok() } else { None };
        let text = text.map(|text| covered(&secrets.blot(&text)));
        let failed = result.turns.iter().filter(|turn| turn.failures().next().is_some());
        failed.map(|turn| Self::of_turn(result, turn, text.as_deref())).collect()
    }

    fn of_turn(result: &CallResult, turn: &TurnResult, text: Option<&str>) -> Self {
        let reasons: Vec<&str> = turn.failures().map(|check| check.reason.as_str()).collect();
        let labels = turn.failures().map(label).collect();
        Self {
            title: format!("{}: turn {}: {}", result.scenario, turn.turn, reasons.join("; ")),
            labels,
            help: help(result, turn),
            source: text.map(|text| NamedSource::new(result.file.to_string_lossy(), text.to_owned())),
        }
    }
}

fn label(check: &CheckResult) -> LabeledSpan {
    LabeledSpan::new(Some(check.check.name().to_owned()), check.location.offset, check.location.length)
}

fn help(result: &CallResult, turn: &TurnResult) -> String {
    let mut lines = vec![format!("called:   {}", result.target)];
    for check in turn.failures() {
        lines.push(format!("expected: {}", check.expected));
        if !matches!(check.check, CheckKind::Says | CheckKind::Not | CheckKind::Capture) {
            lines.push(format!("actual:   {}", check.actual));
        }
        if !check.diff.is_empty() {
            lines.push(format!("diff:     {}", check.diff));
        }
    }
    let about_speech = turn.failures().any(|check| !check.check.is_about_the_call());
    let heard = turn.heard();
    if about_speech {
        lines.push(if heard.is_empty() { "heard:    nothing".to_owned() } else { format!("heard:    {heard}") });
    }
    if let (Some(origin), Some(latency)) = (turn.origin, turn.latency) {
        let budget = turn.checks.iter().find(|check| check.check == CheckKind::Latency);
        let budget = budget.map(|check| format!(" (budget: {})", check.expected)).unwrap_or_default();
        let waited = breakdown::waited(turn).map(|waited| format!("; {waited}")).unwrap_or_default();
        lines.push(format!("timing:   {} {}{budget}{waited}", origin.latency_name(), human(latency)));
    }
    lines.extend(breakdown::words(turn).map(|words| format!("where:    {words}")));
    lines.extend(result.notes.iter().map(|note| format!("note:     {note}")));
    lines.extend(listen(result, turn));
    lines.join("\n")
}

/// The recording and where in it the turn begins.
fn listen(result: &CallResult, turn: &TurnResult) -> Option<String> {
    let path = result.recording.as_ref()?;
    let onset = turn.utterances.first().map(|utterance| utterance.span.start).or(turn.origin_at);
    let at = onset.map(|onset| format!(" at {:.2} s", onset.as_secs_f64())).unwrap_or_default();
    Some(format!("listen:   {}{at} (caller left, bot right)", path.display()))
}

impl fmt::Display for FailureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for FailureReport {}

impl Diagnostic for FailureReport {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref().map(|_| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}
