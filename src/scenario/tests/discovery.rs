//! From paths to files.

use std::path::{Path, PathBuf};

use crate::scenario::{DiscoverError, Selection, discover};

/// A folder with scenarios, a configuration and files that are neither.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let files =
        ["b.yaml", "a.yml", "deep/er/c.yaml", ".hidden.yaml", ".git/d.yaml", "goldencall.yaml", "notes.txt", "deep/goldencall.yaml"];
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, "steps: [{ bot: Hello }]\n").expect("a file");
    }
    folder
}

fn found(folder: &Path, paths: &[&str]) -> Result<Vec<(String, Option<usize>)>, DiscoverError> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
    let short = |selection: Selection| {
        let path = selection.path.strip_prefix(folder).expect("inside").to_string_lossy().into_owned();
        (path, selection.line)
    };
    Ok(discover(&paths)?.into_iter().map(short).collect())
}

fn names(folder: &Path, paths: &[&str]) -> Vec<String> {
    found(folder, paths).expect("scenarios").into_iter().map(|(path, _)| path).collect()
}

#[test]
fn a_folder_is_every_scenario_below_it_in_order() {
    let folder = folder();
    assert_eq!(names(folder.path(), &["."]), ["a.yml", "b.yaml", "deep/er/c.yaml"]);
}

#[test]
fn a_file_is_itself_even_where_a_folder_would_leave_it_out() {
    let folder = folder();
    assert_eq!(names(folder.path(), &["b.yaml", ".hidden.yaml", "notes.txt"]), ["b.yaml", ".hidden.yaml", "notes.txt"]);
}

#[test]
fn a_line_stands_after_a_colon() {
    let folder = folder();
    assert_eq!(found(folder.path(), &["b.yaml:12"]).expect("a file"), [("b.yaml".to_owned(), Some(12))]);
}

#[test]
fn a_file_may_have_a_colon_in_its_name() {
    let folder = folder();
    std::fs::write(folder.path().join("b.yaml:3"), "").expect("a file");
    assert_eq!(found(folder.path(), &["b.yaml:3"]).expect("a file"), [("b.yaml:3".to_owned(), None)]);
}

#[test]
fn patterns_are_expanded() {
    let folder = folder();
    assert_eq!(names(folder.path(), &["**/*.yaml"]), ["b.yaml", "deep/er/c.yaml"]);
}

#[test]
fn a_file_that_is_found_twice_runs_once() {
    let folder = folder();
    assert_eq!(names(folder.path(), &["b.yaml", "*.yaml", "b.yaml"]), ["b.yaml"]);
}

#[test]
fn what_leads_nowhere_is_named() {
    let folder = folder();
    let error =
        |path: &str| found(folder.path(), &[path]).expect_err("nothing").to_string().replace(&*folder.path().to_string_lossy(), "FOLDER");
    insta::assert_snapshot!([error("no.yaml"), error("no.yaml:4"), error("*.json"), error("a***.yaml")].join("\n"));
}
