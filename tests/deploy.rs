//! What `deploy/` holds: manifests, scripts, workflows and the image, each held to a checker of its own kind, and run where it can be.

mod common;
#[path = "deploy/kubernetes.rs"]
mod kubernetes;
#[path = "deploy/slurm.rs"]
mod slurm;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{goldencall, missing, root};
use regex::Regex;
use serde_json::Value;

/// A program of the peers' Python environment.
fn checker(name: &str) -> Command {
    let program = root().join("tests/peers/.venv/bin").join(name);
    if !program.exists() {
        missing(name);
    }
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Whether a checker has nothing against it.
#[track_caller]
fn accepted(command: &mut Command) {
    let output = command.output().expect("a checker");
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).expect(folder) {
        let path = entry.expect("entry").path();
        let path = path.strip_prefix(root()).expect("a path of the project").to_owned();
        if root().join(&path).is_dir() {
            found.extend(files(&path.display().to_string()));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn text(file: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(&file)).unwrap_or_else(|error| panic!("{}: {error}", file.as_ref().display()))
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "tests/peers/install has not been run")]
fn scripts_and_workflows_are_sound() {
    let scripts: Vec<PathBuf> = files("deploy").into_iter().filter(|file| text(file).starts_with("#!/usr/bin/env bash\n")).collect();
    assert_eq!(scripts.len(), 4, "{scripts:?}");
    for script in &scripts {
        accepted(Command::new("bash").arg("-n").arg(root().join(script)));
    }
    accepted(checker("shellcheck").args(&scripts));
    let workflows = files(".github/workflows").into_iter().chain(files("deploy/github"));
    accepted(checker("check-jsonschema").args(["--builtin-schema", "vendor.github-workflows"]).args(workflows));
    accepted(checker("hadolint").arg("deploy/Dockerfile"));
}

/// What `.dockerignore` lets through: everything is left out, but for the lines that begin with `!`.
fn in_context(ignore: &str, file: &Path) -> bool {
    let lines: Vec<&str> = ignore.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let (first, kept) = lines.split_first().expect("lines");
    assert_eq!(*first, "*");
    kept.iter().any(|line| {
        let pattern = glob::Pattern::new(line.strip_prefix('!').expect("a line that keeps something")).expect("a pattern");
        let options = glob::MatchOptions { require_literal_separator: true, ..Default::default() };
        file.ancestors().any(|path| pattern.matches_path_with(path, options))
    })
}

/// The files that cargo wants before it compiles anything: manifests, and what they name.
fn named_by_manifests() -> Vec<PathBuf> {
    let cargo = Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--offline", "--format-version=1"]).current_dir(root()).output();
    let metadata: Value = serde_json::from_slice(&cargo.expect("cargo").stdout).expect("JSON");
    let mut files = vec!["Cargo.lock".into()];
    for package in metadata["packages"].as_array().expect("packages") {
        let targets = package["targets"].as_array().expect("targets").iter();
        // Those in tests/ are found, not named.
        let named = targets.filter(|target| target["kind"] != serde_json::json!(["test"])).map(|target| &target["src_path"]);
        let paths = named.chain([&package["manifest_path"]]).map(|path| path.as_str().expect("a path"));
        files.extend(paths.map(|path| Path::new(path).strip_prefix(root()).expect("a file of the project").to_owned()));
    }
    files
}

/// The files that the program has in it, named in its source.
fn included() -> Vec<PathBuf> {
    let include = Regex::new(r#"include_(?:bytes|str|dir)!\("(?:\$CARGO_MANIFEST_DIR/)?([^"]+)"\)"#).expect("a pattern");
    let of_tests = |file: &Path| file.to_string_lossy().contains("/tests/");
    let source = files("src").into_iter().chain(files("crates")).filter(|file| file.extension().is_some_and(|end| end == "rs"));
    let found = source.filter(|file| !of_tests(file)).flat_map(|file| {
        let text = text(&file);
        let paths = include.captures_iter(&text).map(|found| found[1].to_owned());
        let path = |path: String| if path.starts_with("..") { file.with_file_name(path) } else { path.into() };
        paths.map(|given| root().join(path(given)).canonicalize().expect("a file")).collect::<Vec<_>>()
    });
    found.map(|path| path.strip_prefix(root()).expect("a file of the project").to_owned()).collect()
}

#[test]
fn the_image_is_built_of_everything_that_the_compiler_reads() {
    let ignore = text(".dockerignore");
    let (named, included) = (named_by_manifests(), included());
    assert!(named.contains(&"benches/pacing.rs".into()) && named.contains(&"build.rs".into()), "{named:?}");
    assert!(included.contains(&"audio/bot".into()) && included.contains(&"schema/scenario.json".into()), "{included:?}");
    let read = files("src").into_iter().chain(files("crates")).chain(named).chain(included);
    let left_out: Vec<PathBuf> = read.filter(|file| !in_context(&ignore, file)).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    for file in ["target/debug/goldencall", ".git/config", "goldencall-results/calls/001.wav", "tests/run.rs", "scenario"] {
        assert!(!in_context(&ignore, Path::new(file)), "{file}");
    }
}

/// Options in the calls of goldencall in a text that the command does not have.
fn unknown_options(text: &str, count: &mut usize) -> Vec<String> {
    let call = Regex::new(r#"goldencall"? (run|check|merge|init|bot|model pull)\b([^\n#`]*)"#).expect("a pattern");
    let option = Regex::new(r"(?:^|\s)(--[a-z-]+)").expect("a pattern");
    let mut wrong = Vec::new();
    for found in call.captures_iter(&text.replace("\\\n", " ")) {
        let help = goldencall().args(found[1].split(' ')).arg("--help").output().expect("help");
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        for option in option.captures_iter(&found[2]) {
            *count += 1;
            let known = Regex::new(&format!(r"(?m){}\b[^-]", &option[1])).expect("a pattern").is_match(&help);
            wrong.extend((!known).then(|| format!("{} {}", &found[1], &option[1])));
        }
    }
    wrong
}

#[test]
fn every_option_that_is_shown_exists() {
    let mut count = 0;
    for file in files("deploy").into_iter().chain([".github/workflows/release.yml".into(), "docs/deploy.md".into()]) {
        assert_eq!(unknown_options(&text(&file), &mut count), [""; 0], "{}", file.display());
    }
    assert!(count > 6, "only {count} options were found");
    assert_eq!(
        unknown_options("goldencall run --shards 1/2 --out a\ngoldencall merge --shard 1", &mut count),
        ["run --shards", "merge --shard"]
    );
}

#[test]
fn the_image_fetches_its_models_where_it_looks_for_them() {
    let dockerfile = text("deploy/Dockerfile");
    let pulled = Regex::new(r"(?m)^RUN /image/usr/local/bin/goldencall (.* --model-dir) /image(/\S+)$").expect("a pattern");
    let pulled = pulled.captures(&dockerfile).expect("the models are fetched");
    assert!(dockerfile.contains(&format!("\nENV GOLDENCALL_MODEL_DIR={}\n", &pulled[2])), "{}", &pulled[2]);
    assert!(dockerfile.contains("\nENTRYPOINT [\"/usr/local/bin/goldencall\"]\n"));
    // The very arguments, on the models that the tests have.
    let folder = goldencall().args(["model", "path"]).output().expect("the folder of the models");
    let folder = String::from_utf8(folder.stdout).expect("a path");
    accepted(goldencall().args(pulled[1].split(' ')).arg(folder.trim()));
}
