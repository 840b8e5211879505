//! What is linked in: licences, sources and banned crates as deny.toml has them, offline. The workflow runs `cargo deny`, which knows
//! advisories too; here no database of them can be had.

mod common;

use std::collections::BTreeSet;

use common::root;
use serde_json::Value;

/// The texts of a list in deny.toml.
fn listed(deny: &str, key: &str) -> BTreeSet<String> {
    let list = deny.split_once(&format!("{key} = [")).and_then(|(_, rest)| rest.split_once("]\n")).expect("the list").0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an SPDX expression can be met with these licences: one of the alternatives of each requirement.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    flat.split(" AND ").all(|required| required.split(" OR ").any(|licence| allowed.contains(licence.trim())))
}

#[test]
fn every_crate_has_an_allowed_licence_and_a_known_source() {
    let deny = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let (allowed, banned) = (listed(&deny, "allow"), listed(&deny, "deny"));
    assert!(allowed.contains("MIT") && banned.contains("openssl-sys"), "{allowed:?} {banned:?}");
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform=x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let resolved: BTreeSet<&str> =
        metadata["resolve"]["nodes"].as_array().expect("nodes").iter().filter_map(|node| node["id"].as_str()).collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for package in metadata["packages"].as_array().expect("packages") {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        if !resolved.contains(text("id")) {
            continue;
        }
        seen += 1;
        let (name, source) = (text("name"), package["source"].as_str());
        if banned.contains(name) {
            wrong.push(format!("{name} is banned"));
        }
        if source.is_some_and(|source| !source.starts_with("registry+") || !source.contains("crates.io-index")) {
            wrong.push(format!("{name} comes from {source:?}"));
        }
        if !is_allowed(text("license"), &allowed) {
            wrong.push(format!("{name} has the licence {:?}", package["license"]));
        }
    }
    assert!(seen > 200, "{seen} crates");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn expressions_are_read() {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned));
    for (expression, met) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0", false),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), met, "{expression}");
    }
}
