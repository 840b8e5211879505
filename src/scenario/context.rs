//! The context that the steps of a scenario are decoded in: defaults, variables and the folder of the recordings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::audio::Unplayable;
use super::decode::Decoder;
use super::defaults::Defaults;
use super::language::Language;
use super::problem::{Problem, suggestion};
use super::source::Location;
use super::variables::references;
use crate::media::wav::Channel;

/// Keys of the language that a later version understands.
pub(super) const LATER: &[(&str, &str)] =
    &[("say", "record the words and write `audio: path/to/recording.wav`"), ("judge", "use says, contains, matches or similar")];

/// Whether a recording can be played.
pub(super) type Playable = dyn Fn(&Path, Option<Channel>) -> Result<(), Unplayable>;

/// What a step may refer to.
pub(super) struct Context<'a> {
    pub folder: &'a Path,
    pub defaults: &'a Defaults,
    pub language: &'a Language,
    pub variables: &'a BTreeMap<String, String>,
    /// Says why a recording cannot be played.
    pub playable: &'a Playable,
    /// Names captured by the steps so far.
    pub captured: BTreeSet<String>,
}

impl Context<'_> {
    pub fn known(&self) -> BTreeSet<&str> {
        self.variables.keys().chain(&self.captured).map(String::as_str).collect()
    }
}

/// Reports every `{{name}}` of a text that nothing defines.
pub(super) fn check_variables(decoder: &mut Decoder<'_>, text: &str, location: Location, known: &BTreeSet<&str>) {
    let references = references(text);
    let rest = references.last().map_or(0, |(range, _)| range.end);
    if let Some(open) = text[rest..].find("{{") {
        let problem = Problem::new(decoder.inside(location, &text[rest + open..]), "`{{` without `}}`");
        decoder.problem(problem.help("write the name of a variable as `{{name}}`"));
    }
    for (range, name) in references {
        if !known.contains(name) {
            let names: Vec<&str> = known.iter().copied().collect();
            let help = match suggestion(name, &names) {
                Some(best) => format!("did you mean `{{{{{best}}}}}`?"),
                None => format!("add it under `variables:`, give `--variable {name}=...`, or `capture` it in an earlier bot step"),
            };
            let place = decoder.inside(location, &text[range]);
            decoder.problem(Problem::new(place, format!("the variable `{name}` is not defined")).help(help));
        }
    }
}
