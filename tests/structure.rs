//! Checks the layering, read from the source itself: imports run one way down, no files import each other in a circle, the pure
//! rooms touch no clock and no I/O, and nothing grows past its bounds.

#[path = "structure/modules.rs"]
mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use modules::{Crate, Use};

/// The rooms of `src/`, floor by floor from the ground up: a room imports from lower floors only.
const FLOORS: &[&[&str]] = &[
    &["time", "codec", "lock", "printable", "facts"],
    &["expect", "media"],
    &["files", "listener", "loopback"],
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

/// Rooms that are passed the time and do no I/O.
const PURE: &[&str] = &["time", "codec", "lock", "printable", "facts", "expect", "media", "call"];
/// What a pure room may not name.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "nix",
    "rand",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
];

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

/// A re-export inside a room hands a name on and needs nothing; one from another room is an import.
fn imports(krate: &Crate) -> Imports<'_> {
    let mut imports = Imports::new();
    for used in &krate.uses {
        let Some(target) = krate.resolve(used) else { continue };
        let Some(file) = krate.file_of(&used.module) else { continue };
        if file != target && !(used.reexport && room(file) == room(target)) {
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
fn every_room_is_on_one_floor() {
    let krate = Crate::read(&source());
    let rooms: BTreeSet<String> = krate.files.keys().map(|file| room(file)).filter(|room| room != "lib").collect();
    let floors: Vec<&str> = FLOORS.iter().flat_map(|rooms| rooms.iter().copied()).collect();
    let mut sorted = floors.clone();
    sorted.sort_unstable();
    assert_eq!(Vec::from_iter(&rooms), sorted, "FLOORS names every room of src/ once");
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
        let path = krate.expanded(used).join("::");
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
    // Files without which what is added does not compile.
    for (what, file) in [("matcher", "src/expect/mod.rs"), ("step kind", "src/call/steps/mod.rs"), ("transport", "src/lib.rs")] {
        assert!(sections[what].contains(file), "{what}: {file} is not named");
    }
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

/// A crate of two rooms, `low` and `high`; `low/one.rs` has this text.
fn rooms(one: &str) -> Crate {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("lib.rs", "mod high;\nmod low;\n");
    write("high.rs", "pub struct High;\npub fn f() -> bool { true }\n");
    write("low/mod.rs", "mod one;\nmod two;\npub use one::One;\npub use two::Two;\n");
    write("low/one.rs", one);
    write("low/two.rs", "pub struct Two;\n#[cfg(test)]\nmod tests { use crate::high::High; }\n");
    Crate::read(folder.path())
}

#[test]
fn a_back_import_is_found_in_every_form() {
    let found = |one: &str| upward(&imports(&rooms(&format!("pub struct One;\n{one}\n"))), &[&["low"], &["high"]]);
    for back in [
        "use crate::high::High;",
        "use crate::{high::{High as H}};",
        "use crate::high as h;\nfn f() -> bool { h::f() }",
        "use crate::high::*;",
        "pub use crate::high::High;",
        "fn f() { let _ = super::super::high::High; }",
        "fn f(x: u8) -> bool { matches!(x, _ if crate::high::f()) }",
        "fn f() { println!(\"{}\", crate::high::f()); }",
    ] {
        let found = found(back);
        assert!(found.len() == 1 && found[0].contains("is an import of high by low, which is not above it"), "{back}: {found:?}");
    }
    assert_eq!(found("use super::Two;"), Vec::<String>::new());
}

#[test]
fn a_circle_is_found_through_a_reexport() {
    let folder = rooms("use super::Two;\npub struct One(Two);");
    assert_eq!(circles(&imports(&folder)), Vec::<String>::new());
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("lib.rs", "mod one;\nmod two;\nmod face;\n"),
        ("face.rs", "pub use crate::two::Two;\n"),
        ("one.rs", "use crate::two::Two;\npub struct One(Two);\n"),
        ("two.rs", "pub struct Two;\nfn g() { println!(\"{:?}\", crate::one::One::default()); }\n"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    assert_eq!(
        circles(&imports(&Crate::read(folder.path()))),
        ["a circle:\n  src/one.rs:1: crate::two::Two (in src/two.rs)\n  src/two.rs:2: crate::one::One::default (in src/one.rs)"]
    );
}
