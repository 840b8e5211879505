//! The wheel, installed into an empty environment: what `pip install goldencall` gives.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{peer, root, seat};

fn run(command: &mut Command) -> Output {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output
}

/// The wheel around the program that is under test anyway; a release has the same around an optimised one.
fn wheel(folder: &Path) -> std::path::PathBuf {
    let mut maturin = Command::new(root().join("tests/peers/.venv/bin/maturin"));
    // The program's folder is <target>/debug.
    let target = Path::new(env!("CARGO_BIN_EXE_goldencall")).ancestors().nth(2).expect("a target folder");
    maturin.args(["build", "--profile", "dev", "--target-dir"]).arg(target).arg("--out").arg(folder);
    // What cargo says of this test would make it compile packages again that look at such variables.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name != "CARGO_HOME" && name.to_string_lossy().starts_with("CARGO")) {
        maturin.env_remove(name);
    }
    run(maturin.current_dir(root()).env_remove("LD_LIBRARY_PATH"));
    let found = std::fs::read_dir(folder).expect("folder").filter_map(|entry| Some(entry.ok()?.path()));
    found.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "whl")).expect("a wheel")
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "tests/peers/install has not been run")]
fn an_installed_wheel_checks_and_calls() {
    if !peer(&root().join("tests/peers/.venv/bin/maturin").to_string_lossy()) {
        return;
    }
    let _seat = seat();
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let wheel = wheel(&folder.join("dist"));
    run(Command::new("python3").args(["-m", "venv", "empty"]).current_dir(folder));
    run(Command::new("empty/bin/pip").args(["install", "--quiet", "--no-index"]).arg(&wheel).current_dir(folder));
    let goldencall = || {
        let mut command = Command::new(folder.join("empty/bin/goldencall"));
        command.current_dir(folder).env_remove("GOLDENCALL_TARGET");
        command
    };
    run(goldencall().args(["init", "."]));
    run(goldencall().arg("check"));
    let called = run(goldencall().args(["run", "--target", "bot:booking"]));
    assert!(String::from_utf8_lossy(&called.stdout).contains("1 passed, 0 failed"), "{called:?}");
}
