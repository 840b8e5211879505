//! From paths on the command line to scenario files.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// One scenario file to run, or one line of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selection {
    /// The file.
    pub path: PathBuf,
    /// From `file:line`: the scenario runs up to the step on this line.
    pub line: Option<usize>,
}

/// Why a path gives no scenarios.
#[derive(Debug, Error)]
pub enum DiscoverError {
    /// Nothing is there.
    #[error("{path}: nothing is found there; give scenario files, folders that hold them, or patterns")]
    Missing {
        /// As it was given.
        path: String,
    },
    /// The folder or file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// As it was found.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A pattern with a mistake.
    #[error("`{pattern}` is not a glob pattern: {message}")]
    Pattern {
        /// As it was given.
        pattern: String,
        /// Why.
        message: String,
    },
}

/// Finds scenario files: a file is itself, a folder is every `.yaml` and `.yml` below it, in order.
///
/// # Errors
/// A path that leads nowhere.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<Selection>, DiscoverError> {
    let mut found = Vec::new();
    for path in paths {
        let (path, line) = split_line(path);
        if path.is_dir() {
            walk(&path, &mut found)?;
        } else if path.exists() {
            // A FIFO too: `goldencall run <(generate)`.
            found.push(Selection { path, line });
        } else {
            expand(&path, &mut found)?;
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|selection| seen.insert(selection.clone()));
    Ok(found)
}

/// `file.yaml:12` is line 12 of the file, unless a file has just that name.
fn split_line(path: &Path) -> (PathBuf, Option<usize>) {
    let text = path.to_string_lossy();
    match text.rsplit_once(':') {
        Some((file, line)) if !path.exists() => match line.parse() {
            Ok(line) => (PathBuf::from(file), Some(line)),
            Err(_) => (path.to_owned(), None),
        },
        _ => (path.to_owned(), None),
    }
}

fn expand(path: &Path, found: &mut Vec<Selection>) -> Result<(), DiscoverError> {
    let text = path.to_string_lossy().into_owned();
    // As in a shell: a hidden file is found only where the pattern says so.
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let bad = |error: glob::PatternError| DiscoverError::Pattern { pattern: text.clone(), message: error.msg.to_owned() };
    let matches = glob::glob_with(&text, options).map_err(bad)?;
    let before = found.len();
    let scenarios = matches.flatten().filter(|path| path.is_file() && !is_configuration(path));
    found.extend(scenarios.map(|path| Selection { path, line: None }));
    if found.len() == before { Err(DiscoverError::Missing { path: text }) } else { Ok(()) }
}

fn walk(folder: &Path, found: &mut Vec<Selection>) -> Result<(), DiscoverError> {
    let unreadable = |source| DiscoverError::Unreadable { path: folder.display().to_string(), source };
    let mut entries = std::fs::read_dir(folder).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden {
            walk(&path, found)?;
        } else if is_scenario(&path) && !hidden {
            found.push(Selection { path, line: None });
        }
    }
    Ok(())
}

fn is_scenario(path: &Path) -> bool {
    let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    yaml && !is_configuration(path)
}

fn is_configuration(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "goldencall")
}
