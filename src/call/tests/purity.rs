//! The core is told the time and never asks: no clock, no I/O, no runtime in it.

use std::path::{Path, PathBuf};

const FORBIDDEN: &[&str] = &["Instant::now", "SystemTime::now", "tokio", "std::fs", "std::net"];
const PURE: &[&str] = &["call", "expect", "media"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the source folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn is_test(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.contains("/tests/") || name.ends_with("tests.rs")
}

/// The code of a file without its comments and its unit tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|line| line.trim() != "mod tests {");
    lines.enumerate().map(|(number, line)| (number + 1, line.split("//").next().unwrap_or_default()))
}

#[test]
fn the_core_has_no_clock_and_no_io() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for path in
        PURE.iter().flat_map(|folder| files(&source.join(folder))).filter(|path| !is_test(path.strip_prefix(&source).unwrap_or(path)))
    {
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source file");
        for (number, line) in code(&text) {
            let words = FORBIDDEN.iter().filter(|word| line.contains(**word));
            found.extend(words.map(|word| format!("{}:{number}: {word}", path.display())));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
