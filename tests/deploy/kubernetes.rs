//! The manifests of `deploy/kubernetes`: held to Kubernetes' own schemas, and their arguments run as its kubelet would.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::parts::{in_folder, lasting, same_in_one_of_three, suite};
use crate::common::{python, root, turn};

/// The first version that has every field, and the last that kubernetes-validate has schemas of.
const VERSIONS: [&str; 2] = ["1.29", "1.37"];

/// The schemas say that these are strings; the API server takes only some.
const ENUMS: &[(&str, &[&str])] = &[
    ("completionMode", &["NonIndexed", "Indexed"]),
    // Of a Job's pods; other pods may have Always.
    ("restartPolicy", &["Never", "OnFailure"]),
    ("concurrencyPolicy", &["Allow", "Forbid", "Replace"]),
    ("action", &["FailJob", "FailIndex", "Ignore", "Count"]),
    ("operator", &["In", "NotIn"]),
    ("accessModes", &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]),
    ("seccompProfile", &["RuntimeDefault", "Unconfined", "Localhost"]),
    ("onPodConditions", &["DisruptionTarget"]),
];

fn manifests() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("deploy/kubernetes")).expect("folder");
    let files = folder.map(|entry| entry.expect("entry").path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

/// The manifests in a file, if Kubernetes knows every field of them.
fn read(python: &Path, file: &Path) -> Result<Value, String> {
    let output =
        Command::new(python).arg(root().join("tests/peers/kubernetes/validate.py")).arg(file).args(VERSIONS).output().expect("python");
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).expect("JSON"));
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Strings under a field, in lists and in the field `type` too.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.get("type").map(texts).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Values that the API server would refuse; the enums that occur are added to `seen`.
fn refused(value: &Value, seen: &mut BTreeSet<&'static str>) -> Vec<String> {
    let mut wrong = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if let Some((name, known)) = ENUMS.iter().find(|(field, _)| field == name) {
                    seen.insert(*name);
                    wrong.extend(texts(field).iter().filter(|text| !known.contains(text)).map(|text| format!("{name}: {text}")));
                }
                wrong.extend(refused(field, seen));
            }
        }
        Value::Array(items) => wrong.extend(items.iter().flat_map(|item| refused(item, seen))),
        _ => {}
    }
    wrong
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "tests/peers/install has not been run")]
fn kubernetes_takes_every_manifest() {
    let Some(python) = python() else { return };
    let mut seen = BTreeSet::new();
    for file in manifests() {
        let manifest = read(&python, &file).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(refused(&manifest, &mut seen), [""; 0], "{}", file.display());
    }
    assert_eq!(seen.len(), ENUMS.len(), "only {seen:?} occur");
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "tests/peers/install has not been run")]
fn a_mistake_in_a_manifest_is_found() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("changed.yaml");
    let changed = |manifest: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(root().join("deploy/kubernetes").join(manifest)).expect("manifest");
        assert!(text.contains(from), "{manifest} has no {from}");
        std::fs::write(&file, text.replace(from, to)).expect("manifest");
        read(&python, &file)
    };
    for (from, to) in [("completions:", "completion:"), ("completions: 4", "completions: four"), ("batch/v1", "batch/v2")] {
        assert!(changed("job.yaml", from, to).is_err(), "{to}");
    }
    let enums = [
        ("job.yaml", "Indexed", "Indexd"),
        ("job.yaml", "restartPolicy: Never", "restartPolicy: Always"),
        ("job.yaml", "FailIndex", "FailPart"),
        ("job.yaml", "operator: In", "operator: OneOf"),
        ("job.yaml", "DisruptionTarget", "Disrupted"),
        ("job.yaml", "RuntimeDefault", "Default"),
        ("cronjob.yaml", "Forbid", "Never"),
        ("results.yaml", "ReadWriteMany", "ReadWriteAll"),
    ];
    assert_eq!(enums.len(), ENUMS.len(), "each has its mistake here");
    for (manifest, from, to) in enums {
        let manifest = changed(manifest, from, to).expect("the schema takes any string");
        assert_eq!(refused(&manifest, &mut BTreeSet::new()).len(), 1, "{to}");
    }
}

/// The arguments of a Job's container, with `$(NAME)` filled in.
fn arguments(job: &Value, variables: &BTreeMap<&str, &str>) -> Vec<String> {
    let arguments = job.pointer("/0/spec/template/spec/containers/0/args").and_then(Value::as_array).expect("arguments");
    let fill = |text: &str| variables.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value));
    let filled: Vec<String> = arguments.iter().map(|text| fill(text.as_str().expect("a text"))).collect();
    assert!(!filled.concat().contains("$("), "{filled:?}");
    filled
}

#[test]
#[cfg_attr(missing_python_peers, ignore = "tests/peers/install has not been run")]
fn the_jobs_arguments_make_the_same_whole_as_one_run() {
    let Some(python) = python() else { return };
    let read = |name: &str| read(&python, &root().join("deploy/kubernetes").join(name)).expect(name);
    let (job, merge) = (read("job.yaml"), read("merge.yaml"));
    // Every exit code that is a verdict, and none that is not.
    let codes = job.pointer("/0/spec/podFailurePolicy/rules/1/onExitCodes/values").expect("codes");
    assert_eq!(*codes, serde_json::json!([1, 2, 4, 5]));
    let variables: Vec<&str> = job
        .pointer("/0/spec/template/spec/containers/0/env")
        .and_then(Value::as_array)
        .expect("variables")
        .iter()
        .map(|variable| variable["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(variables, ["CI", "JOB_NAME", "JOB_COMPLETION_INDEX"]);

    let _turn = turn();
    same_in_one_of_three(|| jobs_and_one_run(&job, &merge));
}

/// The results of the jobs, and those of one run.
fn jobs_and_one_run(job: &Value, merge: &Value) -> [Value; 2] {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    suite(folder);
    let results = folder.join("results").display().to_string();
    let run = |arguments: Vec<String>, variables: &[(&str, &str)]| {
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("/results", &results)).collect();
        in_folder(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), variables)
    };
    let mut exits = Vec::new();
    for index in 0..job.pointer("/0/spec/completions").and_then(Value::as_u64).expect("completions") {
        let index = index.to_string();
        let variables = [("CI", "true"), ("JOB_NAME", "goldencall-x7k2p"), ("JOB_COMPLETION_INDEX", index.as_str())];
        exits.extend(run(arguments(job, &variables.into()), &variables).status.code());
    }
    // Three scenarios, of which the second fails.
    assert_eq!(exits, [0, 4, 0, 0]);
    let merge: Value = serde_json::from_str(&merge.to_string().replace("RUN", "goldencall-x7k2p")).expect("JSON");
    let merged = run(arguments(&merge, &BTreeMap::new()), &[]);
    assert_eq!(merged.status.code(), Some(4), "{merged:?}");
    let whole = in_folder(folder, &["run", "--out", "whole"], &[]);
    assert_eq!(whole.status.code(), Some(4), "{whole:?}");
    [lasting(&folder.join("results/goldencall-x7k2p/whole/results.json")), lasting(&folder.join("whole/results.json"))]
}
