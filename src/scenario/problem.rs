//! Mistakes in files: what is wrong, where, and what to write instead.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::secrets::Secrets;
use super::source::{Location, Source};
use crate::printable::{covered, printable};

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub location: Location,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Problem {
    /// A mistake at a place.
    pub fn new(location: Location, message: impl Into<String>) -> Self {
        Self { location, message: message.into(), help: None }
    }

    /// Says what to write instead.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Every mistake of one file, in the order of the file.
#[derive(Clone, Debug)]
pub struct Problems {
    /// The file.
    pub source: Arc<Source>,
    /// At least one.
    pub list: Vec<Problem>,
}

impl Problems {
    /// One diagnostic per mistake, for `miette` to draw with line, column and caret; without secrets, since a line that is wrapped in the
    /// middle of one would show both halves.
    pub fn diagnostics(&self, secrets: &Secrets) -> impl Iterator<Item = ProblemReport> {
        let source = Source { path: self.source.path.clone(), text: covered(&secrets.blot(&self.source.text)).into() };
        let source = Arc::new(source);
        self.list.iter().map(move |Problem { location, message, help }| {
            let help = help.as_ref().map(|help| printable(&secrets.redact(help)));
            let problem = Problem { location: *location, message: printable(&secrets.redact(message)), help };
            ProblemReport { source: Quoted(Arc::clone(&source)), problem }
        })
    }
}

/// A [`Problem`] with its file, as `miette` draws it.
#[derive(Debug)]
pub struct ProblemReport {
    source: Quoted,
    problem: Problem,
}

/// A file whose columns count characters, as editors do; `miette` counts bytes.
#[derive(Debug)]
struct Quoted(Arc<Source>);

impl SourceCode for Quoted {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text: &str = &self.0.text;
        let found = text.read_span(span, lines_before, lines_after)?;
        let before = text.get(..found.span().offset()).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let column = line.trim_start_matches('\u{feff}').chars().count();
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.path.to_string_lossy().into_owned(),
            found.data(),
            *found.span(),
            found.line(),
            column,
            found.line_count(),
        )))
    }
}

impl fmt::Display for ProblemReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for ProblemReport {}

impl Diagnostic for ProblemReport {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Location { offset, length, .. } = self.problem.location;
        Some(Box::new(std::iter::once(LabeledSpan::new(Some("here".to_owned()), offset, length))))
    }
}

/// The known word closest to a misspelt one, if any is close.
pub(super) fn suggestion<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known.iter().map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate));
    let (distance, best) = scored.min()?;
    let allowed = (best.chars().count() / 3).max(1);
    (distance <= allowed).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_close() {
        let known = ["latency", "within", "says"];
        assert_eq!(suggestion("latancy", &known), Some("latency"));
        assert_eq!(suggestion("witihn", &known), Some("within"));
        assert_eq!(suggestion("colour", &known), None);
    }
}
