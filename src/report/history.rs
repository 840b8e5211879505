//! How long calls took, from the `results.json` of an earlier run.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::files;
use crate::runner::{CallOutcome, History, Shard};

/// What is read of `results.json`.
#[derive(Deserialize)]
struct Results {
    part: Option<Shard>,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    scenario: String,
    file: PathBuf,
    outcome: CallOutcome,
    duration_ms: f64,
}

/// Reads `results.json`, or the one in this results folder. Calls that were not judged are passed over: how long an error took says
/// nothing of the scenario.
///
/// # Errors
/// The disk, a file of another kind, or the results of one part of a run: the other machines would have been given those of other parts.
pub fn read_history(path: &Path) -> io::Result<History> {
    let path = if path.is_dir() { path.join("results.json") } else { path.to_owned() };
    let named = |kind: ErrorKind, why: String| io::Error::new(kind, format!("{}: {why}", path.display()));
    let wrong = |why: String| named(ErrorKind::InvalidData, why);
    let text = files::read(&path, files::MOST_RESULTS).map_err(|error| match error.kind() {
        ErrorKind::NotFound => named(error.kind(), "there is no such file; without an earlier run, leave --history out".to_owned()),
        kind => named(kind, error.to_string()),
    })?;
    let results: Results = serde_json::from_slice(&text)
        .map_err(|error| wrong(format!("this is not a results.json ({error}); give the results folder of an earlier run")))?;
    if let Some(part) = results.part {
        let why = format!("these are the results of part {part} only; give those of the whole run, as `goldencall merge` writes them");
        return Err(wrong(why));
    }
    let mut history = History::default();
    for call in results.calls.iter().filter(|call| matches!(call.outcome, CallOutcome::Passed | CallOutcome::Failed)) {
        let took = Duration::try_from_secs_f64(call.duration_ms / 1e3);
        let took = took.map_err(|_| wrong(format!("`{}`: duration_ms cannot be {}", call.scenario, call.duration_ms)))?;
        history.add(&call.scenario, &call.file, took);
    }
    Ok(history)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<History> {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("results.json"), text).expect("file");
        let history = read_history(folder.path());
        // A folder and the file in it are the same.
        assert_eq!(history.is_ok(), read_history(&folder.path().join("results.json")).is_ok());
        history.map_err(|error| {
            let text = error.to_string();
            io::Error::new(error.kind(), text.replace(&folder.path().display().to_string(), "DIR"))
        })
    }

    #[test]
    fn mistakes_say_what_to_give_instead() {
        let call = |ms: &str| format!(r#"{{"calls": [{{"scenario": "a", "file": "a.yaml", "outcome": "passed", "duration_ms": {ms}}}]}}"#);
        assert!(read(&call("1200.5")).is_ok());
        let mistakes = [
            read("{\"event\": \"run_started\"}\n{}"),
            read(r#"{"part": {"number": 2, "of": 4}, "calls": []}"#),
            read(&call("-3")),
            read_history(Path::new("nothing")),
        ];
        insta::assert_snapshot!(mistakes.map(|history| history.unwrap_err().to_string()).join("\n"));
    }
}
