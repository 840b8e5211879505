//! A bot of its own, `tests/peers/mutants`, with one defect at a time: each must fail by a check that names it, and calls without
//! a defect must pass. `GOLDENCALL_MUTANTS=all` calls the whole table; `docs/mutants.md` has the results of a full run.

mod common;

use std::process::Command;

use common::{peer, root};
use serde_json::{Value, json};

/// The program that calls the mutants.
fn mutants() -> Command {
    let mut command = Command::new("python3");
    command.arg(root().join("tests/peers/mutants/run.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[test]
#[cfg_attr(missing_python3, ignore = "python3 is not installed")]
fn every_mutant_is_caught_and_no_right_bot_fails() {
    if !peer("python3") {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let report = folder.path().join("report.json");
    let mut command = mutants();
    command.args(["--goldencall", env!("CARGO_BIN_EXE_goldencall"), "--plain", "10", "--json"]).arg(&report);
    let all = std::env::var("GOLDENCALL_MUTANTS").is_ok_and(|which| which == "all");
    if !all {
        command.arg("--quick");
    }
    let output = command.output().expect("python3 runs");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&std::fs::read(report).expect(&text)).expect("JSON");
    let results = report["alone"].as_object().expect("results");
    assert!(results.len() >= if all { 60 } else { 20 }, "{text}");
    let wrong: Vec<_> = results.iter().filter(|(_, result)| result["verdict"] != "caught").collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{text}");
    assert_eq!(report["plain"]["outcomes"], json!({ "passed": 10 }), "{text}");
}

#[test]
#[cfg_attr(missing_python3, ignore = "python3 is not installed")]
fn the_page_has_the_whole_table() {
    if !peer("python3") {
        return;
    }
    let output = mutants().arg("--list").output().expect("python3 runs");
    let table = String::from_utf8(output.stdout).expect("text");
    let page = std::fs::read_to_string(root().join("docs/mutants.md")).expect("docs/mutants.md");
    let missing: Vec<&str> = table.lines().filter(|line| !page.contains(&format!("| {} |", line.replace('\t', " | ")))).collect();
    assert!(missing.is_empty() && table.lines().count() >= 60, "not in docs/mutants.md: {missing:#?}");
    assert!(!page.contains("| `nothing` |"), "a mutant survived");
}
