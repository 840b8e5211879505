//! The plan of the code, held to: imports run one way down, no files import each other in a circle, the pure rooms touch no clock
//! and no I/O, and nothing grows past its bounds. Read from the source itself, so it cannot drift.

#[path = "structure/modules.rs"]
mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use modules::{Crate, Use};

/// The rooms of `src/`, floor by floor from the ground up: a room imports from lower floors only.
const FLOORS: &[&[&str]] = &[
    &["time", "codec", "lock"],
    &["expect", "media"],
    &["telemetry"],
    &["scenario"],
    &["call"],
    &["clock", "priority"],
    &["speech", "transport"],
    &["rtp"],
    &["sip", "websocket"],
    &["webrtc"],
    &["originate"],
    &["any_transport"],
    &["runner"],
    &["bot"],
    &["report"],
    &["cli"],
    &["internals"],
];

/// Rooms that are told the time and do no I/O.
const PURE: &[&str] = &["time", "codec", "expect", "media", "call"];
/// What a pure room may not name.
const IMPURE: &[&str] =
    &["std::fs", "std::net", "std::env", "std::thread", "std::process", "std::time::Instant", "std::time::SystemTime", "tokio", "nix"];

const MOST_LINES: usize = 400;
const MOST_LINES_OF_A_FUNCTION: usize = 70;
/// Percent of the code in one room.
const LARGEST_ROOM: usize = 13;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The room of a file: its folder in `src/`, or the file itself.
fn room(file: &Path) -> String {
    let first = file.iter().next().unwrap_or_default().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// What a file imports, with one line that does it.
type Imports<'a> = BTreeMap<&'a Path, BTreeMap<&'a Path, &'a Use>>;

fn imports(krate: &Crate) -> Imports<'_> {
    let mut imports = Imports::new();
    for used in krate.uses.iter().filter(|used| !used.reexport) {
        let Some(target) = krate.resolve(used) else { continue };
        let Some(file) = krate.file_of(&used.module) else { continue };
        if file != target {
            imports.entry(file).or_default().entry(target).or_insert(used);
        }
    }
    imports
}

fn line(file: &Path, used: &Use) -> String {
    format!("src/{}:{}: {}", file.display(), used.line, used.path.join("::"))
}

/// Imports that do not run down.
fn upward(imports: &Imports<'_>, floors: &[&[&str]]) -> Vec<String> {
    let floor = |room: &str| floors.iter().position(|rooms| rooms.contains(&room));
    let mut wrong = Vec::new();
    for (file, targets) in imports {
        for (target, used) in targets {
            let (from, to) = (room(file), room(target));
            let down = match (floor(&from), floor(&to)) {
                (Some(above), Some(below)) => from == to || below < above,
                // A room that is not in FLOORS has nothing below or above it.
                _ => from == "lib",
            };
            if !down {
                wrong.push(format!("{} is an import of {to} by {from}, which is not above it", line(file, used)));
            }
        }
    }
    wrong
}

/// The shortest way from one file back to itself.
fn circle<'a>(imports: &Imports<'a>, start: &'a Path) -> Option<Vec<&'a Path>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().copied().unwrap_or(start);
            for target in imports.get(last).into_iter().flat_map(BTreeMap::keys) {
                if *target == start {
                    return Some(way);
                }
                if seen.insert(*target) {
                    longer.push([&way[..], &[*target]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

/// Every circle once, by the lines that make it.
fn circles(imports: &Imports<'_>) -> Vec<String> {
    let mut told: BTreeSet<&Path> = BTreeSet::new();
    let mut found = Vec::new();
    for start in imports.keys() {
        let Some(way) = circle(imports, start).filter(|way| !way.iter().any(|file| told.contains(file))) else { continue };
        told.extend(&way);
        let mut text = "a circle:".to_owned();
        for (k, file) in way.iter().enumerate() {
            let next = way[(k + 1) % way.len()];
            let _written = write!(text, "\n  {} (in src/{})", line(file, imports[file][next]), next.display());
        }
        found.push(text);
    }
    found
}

#[test]
fn imports_run_one_way_down() {
    let krate = Crate::read(&source());
    let wrong = upward(&imports(&krate), FLOORS);
    assert!(wrong.is_empty(), "{} imports do not run down:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let krate = Crate::read(&source());
    let found = circles(&imports(&krate));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_pure_rooms_touch_no_clock_and_no_io() {
    let krate = Crate::read(&source());
    let impure = |used: &&Use| {
        let path = used.path.join("::");
        let pure = used.module.first().is_some_and(|room| PURE.contains(&room.as_str()));
        pure && IMPURE.iter().any(|prefix| path == *prefix || path.starts_with(&format!("{prefix}::")))
    };
    let found: Vec<String> = krate.uses.iter().filter(impure).filter_map(|used| Some(line(krate.file_of(&used.module)?, used))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn nothing_grows_past_its_bounds() {
    let krate = Crate::read(&source());
    let mut wrong = Vec::new();
    let mut rooms: BTreeMap<String, usize> = BTreeMap::new();
    for (file, read) in &krate.files {
        *rooms.entry(room(file)).or_default() += read.lines;
        if read.lines > MOST_LINES {
            wrong.push(format!("src/{} has {} lines; the most is {MOST_LINES}", file.display(), read.lines));
        }
        for function in read.functions.iter().filter(|function| function.lines > MOST_LINES_OF_A_FUNCTION) {
            let (line, name, lines) = (function.line, &function.name, function.lines);
            wrong.push(format!("src/{}:{line}: `{name}` has {lines} lines; the most is {MOST_LINES_OF_A_FUNCTION}", file.display()));
        }
    }
    let all: usize = rooms.values().sum();
    let large = rooms.iter().filter(|(_, lines)| **lines * 100 > all * LARGEST_ROOM);
    wrong.extend(large.map(|(room, lines)| format!("src/{room} has {lines} of {all} lines, more than {LARGEST_ROOM} %")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files that ARCHITECTURE.md names under "How to add ...": a placeholder such as `<name>` stands for any file.
#[test]
fn what_architecture_says_of_adding_things_names_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let sections: BTreeMap<&str, &str> = text
        .split("\n## ")
        .filter_map(|section| section.strip_prefix("How to add a "))
        .filter_map(|section| section.split_once('\n'))
        .collect();
    assert_eq!(Vec::from_iter(sections.keys().copied()), ["matcher", "provider", "recogniser", "report", "step kind", "transport"]);
    for (what, section) in sections {
        let code = section.split('`').skip(1).step_by(2);
        let paths: Vec<&str> = code.filter(|code| ["src/", "schema/", "docs/", "tests/"].iter().any(|top| code.starts_with(top))).collect();
        assert!(paths.len() >= 4, "{what}: {paths:?}");
        for path in paths {
            let place = path.split_once('<').map_or(path, |(folder, _)| folder);
            assert!(root.join(place).exists(), "{what}: {path} does not exist");
        }
    }
}

#[test]
fn a_back_import_and_a_circle_are_found_where_there_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("lib.rs", "mod high;\nmod low;\n");
    write("high.rs", "pub struct High;\n");
    write("low/mod.rs", "mod one;\nmod two;\npub use one::One;\npub use two::Two;\n");
    write("low/one.rs", "use super::Two;\npub struct One(Two);\nfn f() { let _ = crate::high::High; }\n");
    write(
        "low/two.rs",
        "pub struct Two;\nfn g() { println!(\"{:?}\", super::one::One::default()); }\n#[cfg(test)]\nmod tests { use crate::high::High; }\n",
    );
    let krate = Crate::read(folder.path());
    let imports = imports(&krate);
    assert_eq!(
        upward(&imports, &[&["low"], &["high"]]),
        ["src/low/one.rs:3: crate::high::High is an import of high by low, which is not above it"]
    );
    assert_eq!(
        circles(&imports),
        ["a circle:\n  src/low/one.rs:1: super::Two (in src/low/two.rs)\n  src/low/two.rs:2: super::one::One::default (in src/low/one.rs)"]
    );
}
