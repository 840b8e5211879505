//! A run that is split over processes and put together again.

mod common;

use common::parts::{in_folder, lasting, suite};
use common::turn;

#[test]
fn four_parts_make_the_same_whole_as_one_run() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    suite(folder);
    let whole = in_folder(folder, &["run", "--repeat", "2", "--out", "whole"], &[]);
    assert_eq!(whole.status.code(), Some(4), "{}", String::from_utf8_lossy(&whole.stdout));

    for index in ["0", "1", "2", "3"] {
        let arguments = ["run", "--repeat", "2", "--shard", "auto/4", "--out", &format!("part-{index}")];
        let part = in_folder(folder, &arguments, &[("JOB_COMPLETION_INDEX", index)]);
        let text = String::from_utf8_lossy(&part.stdout).into_owned();
        let calls = if index < "2" { 2 } else { 1 };
        let number = index.parse::<usize>().expect("a number") + 1;
        assert!(text.starts_with(&format!("part {number} of 4: {calls} of 6 calls\n")), "{text}");
        assert!(!text.contains("threshold"), "{text}");
        assert_eq!(lasting(&folder.join(format!("part-{index}/results.json")))["calls"].as_array().map(Vec::len), Some(calls));
    }
    // A part that is missing, and one that is of another run.
    let missing = in_folder(folder, &["merge", "part-0", "part-2", "--out", "merged"], &[]);
    assert_eq!(missing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("of 4 parts these are missing: 2, 4"), "{missing:?}");
    assert!(!folder.join("merged").exists());
    let stranger = in_folder(folder, &["merge", "part-0", "whole", "--out", "merged"], &[]);
    assert_eq!(stranger.status.code(), Some(1));

    // The second part once more, with a history that the others did not have. A part's own results are not one.
    let call = |name: &str, ms: u32| format!(r#"{{"scenario": "{name}", "file": "", "outcome": "passed", "duration_ms": {ms}}}"#);
    let history = format!(r#"{{"calls": [{}, {}, {}]}}"#, call("apple", 1000), call("banana", 1000), call("cherry", 9000));
    std::fs::write(folder.join("history.json"), history).expect("history");
    let again = in_folder(folder, &["run", "--repeat", "2", "--shard", "2/4", "--history", "history.json", "--out", "again"], &[]);
    assert!(String::from_utf8_lossy(&again.stdout).starts_with("part 2 of 4: 1 of 6 calls\n"), "{again:?}");
    let refused = in_folder(folder, &["merge", "part-0", "again", "part-2", "part-3", "--out", "merged"], &[]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("part-0 and again deal the calls out differently"), "{refused:?}");
    assert!(!folder.join("merged").exists());
    let refused = in_folder(folder, &["run", "--history", "part-0", "--out", "refused"], &[]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");

    let merged = in_folder(folder, &["merge", "part-3", "part-1", "part-0", "part-2", "--out", "merged"], &[]);
    assert_eq!(merged.status.code(), Some(4), "{merged:?}");
    assert_eq!(lasting(&folder.join("merged/results.json")), lasting(&folder.join("whole/results.json")));
    let text = String::from_utf8_lossy(&merged.stdout);
    assert!(text.contains("PASS  threshold pass_rate: at least 50.0 % (measured 66.7 % of 6 calls)"), "{text}");
    let junit = std::fs::read_to_string(folder.join("merged/junit.xml")).expect("JUnit");
    assert!(junit.contains("tests=\"8\"") && junit.contains("failures=\"2\""), "{junit}");
    assert_eq!(std::fs::read_dir(folder.join("merged/calls")).expect("recordings").count(), 6);
}

#[test]
fn a_part_without_a_call_passes_and_the_last_attempt_counts() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    suite(folder);
    let run = |shard: &str, out: &str, wrong: bool| {
        let name = if wrong { "banana" } else { "apple" };
        in_folder(folder, &["run", "--grep", name, "--shard", shard, "--out", out], &[])
    };
    let empty = run("2/2", "empty", false);
    assert_eq!(empty.status.code(), Some(0), "{empty:?}");
    assert!(String::from_utf8_lossy(&empty.stdout).starts_with("part 2 of 2: no call\n"), "{empty:?}");
    assert_eq!(run("1/2", "first", true).status.code(), Some(4));
    assert_eq!(run("1/2", "second", false).status.code(), Some(0));
    let merged = in_folder(folder, &["merge", "second", "first", "empty", "--out", "merged"], &[]);
    assert_eq!(merged.status.code(), Some(0), "{merged:?}");
}
