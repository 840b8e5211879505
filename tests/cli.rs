//! The command line without calls.

mod common;

use std::path::Path;
use std::process::Command;

use common::goldencall;

fn in_folder(folder: &Path) -> Command {
    let mut command = goldencall();
    command.current_dir(folder);
    command
}

fn said(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn check_tells_every_mistake_of_every_file() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(
        folder.path().join("a.yaml"),
        "name: A\nsteps:\n  - bot: { says: Hello, latancy: 1s }\n  - caller: { audio: gone.wav }\n",
    )
    .expect("file");
    std::fs::write(folder.path().join("b.yaml"), "name: B\nsteps:\n  - bot: { says: Hello, within: 1500 }\n  - hangup: nobody\n")
        .expect("file");
    let output = in_folder(folder.path()).args(["check", "a.yaml", "b.yaml"]).output().expect("check");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(said(&output));
}

#[test]
fn list_shows_what_would_run() {
    let output = goldencall().arg("list").output().expect("list");
    assert!(output.status.success());
    insta::assert_snapshot!(said(&output));
}

#[test]
fn the_examples_have_no_mistakes() {
    let output = goldencall().args(["check", "scenarios"]).output().expect("check");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn an_example_is_written_and_has_no_mistakes() {
    let folder = tempfile::tempdir().expect("folder");
    assert!(in_folder(folder.path()).arg("init").output().expect("init").status.success());
    let output = in_folder(folder.path()).arg("check").output().expect("check");
    assert!(output.status.success(), "{}", said(&output));
    let again = in_folder(folder.path()).arg("init").output().expect("init");
    assert_eq!(again.status.code(), Some(1));
}

#[test]
fn in_ci_the_sample_bot_is_called_only_where_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("a.yaml"), "name: A\nsteps:\n  - bot: { within: 5s }\n").expect("file");
    let run = || {
        let output = in_folder(folder.path()).args(["run", "a.yaml"]).output().expect("run");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        said(&output)
    };
    let text = run();
    assert!(text.contains("`A` names no target") && text.contains("none is in this folder or above it"), "{text}");
    assert!(text.contains("--target (the sample bot is `bot:booking`)"), "{text}");
    std::fs::write(folder.path().join("goldencall.yaml"), "defaults: { latency: 1s }\n").expect("file");
    assert!(run().contains("and neither does goldencall.yaml"), "{}", run());
}

/// A WAV file with these channels.
fn wav(path: &Path, channels: &[Vec<i16>]) {
    let spec = hound::WavSpec {
        channels: u16::try_from(channels.len()).expect("channels"),
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("file");
    for frame in 0..channels[0].len() {
        channels.iter().for_each(|channel| writer.write_sample(channel[frame]).expect("sample"));
    }
    writer.finalize().expect("file");
}

#[test]
fn check_names_a_caller_who_cannot_be_heard() {
    let folder = tempfile::tempdir().expect("folder");
    let tone =
        |amplitude: f64| (0..8000).map(|k| ((f64::from(k) * 0.3).sin() * amplitude).clamp(-32768.0, 32767.0) as i16).collect::<Vec<_>>();
    let turned: Vec<i16> = tone(3000.0).iter().map(|sample| -sample).collect();
    let files = [
        ("silent.wav", vec![vec![0; 8000]]),
        ("faint.wav", vec![tone(20.0)]),
        ("short.wav", vec![vec![500]]),
        ("clipped.wav", vec![tone(100_000.0)]),
        ("antiphase.wav", vec![tone(3000.0), turned]),
        ("call.wav", vec![tone(3000.0), vec![0; 8000]]),
    ];
    let mut steps = String::new();
    for (name, channels) in &files {
        wav(&folder.path().join(name), channels);
        steps += &format!("  - caller: {{ audio: {name} }}\n");
    }
    std::fs::write(folder.path().join("pointer.wav"), "version https://git-lfs.github.com/spec/v1\n").expect("file");
    let text = format!(
        "name: A\nsteps:\n{steps}  - caller: {{ audio: pointer.wav }}\n  - caller: {{ audio: call.wav, channel: left, trim: true }}\n  - bot: {{ within: 5s }}\n"
    );
    std::fs::write(folder.path().join("a.yaml"), text).expect("file");
    let output = in_folder(folder.path()).args(["check", "a.yaml"]).output().expect("check");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(said(&output));
}

#[test]
fn nothing_to_run_and_bad_usage_have_their_own_exit_codes() {
    let folder = tempfile::tempdir().expect("folder");
    let run = |arguments: &[&str]| in_folder(folder.path()).arg("run").args(arguments).output().expect("run").status.code();
    assert_eq!(run(&[]), Some(5));
    assert_eq!(run(&["missing.yaml"]), Some(1));
    assert_eq!(run(&["--nonsense"]), Some(1));
    let scenario = common::root().join("scenarios/booking.yaml");
    assert_eq!(run(&[scenario.to_str().expect("path"), "--target", "nobody"]), Some(1));
}

#[test]
fn a_missing_environment_variable_is_named_and_a_present_one_is_never_shown() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(
        folder.path().join("goldencall.yaml"),
        "targets: { t: { sip: { uri: \"sip:127.0.0.1:9\", username: ci, password: \"${BOT_PASSWORD}\" } } }\ntarget: t\n",
    )
    .expect("file");
    std::fs::write(folder.path().join("s.yaml"), "name: S\nvariables: { word: \"${BOT_PASSWORD}\" }\nsteps:\n  - bot: \"{{word}}\"\n")
        .expect("file");
    let output = in_folder(folder.path()).args(["run", "s.yaml"]).output().expect("run");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("the environment variable `BOT_PASSWORD` is not set"), "{}", said(&output));
    let output = in_folder(folder.path()).args(["run", "s.yaml"]).env("BOT_PASSWORD", "open-sesame").output().expect("run");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let mut everything = said(&output);
    for name in ["events.jsonl", "junit.xml", "results.json"] {
        everything += &std::fs::read_to_string(folder.path().join("goldencall-results").join(name)).expect(name);
    }
    assert!(!everything.contains("open-sesame"));
}

#[test]
fn the_schema_is_json_and_completions_are_there() {
    let schema = goldencall().arg("schema").output().expect("schema");
    assert!(serde_json::from_slice::<serde_json::Value>(&schema.stdout).is_ok());
    assert!(goldencall().args(["completions", "bash"]).output().expect("completions").status.success());
}

#[test]
fn a_wording_is_tried_without_a_call() {
    let tried = |args: &[&str]| goldencall().arg("match").args(args).output().expect("match");
    assert_eq!(tried(&["It costs $25.", "it costs twenty five dollars"]).status.code(), Some(0));
    let wrong = tried(&["It costs $25.", "it costs twenty six dollars"]);
    assert_eq!(wrong.status.code(), Some(4), "{}", said(&wrong));
    let folder = tempfile::tempdir().expect("folder");
    let table = folder.path().join("pairs.tsv");
    let judged = |text: &str| {
        std::fs::write(&table, text).expect("a table");
        tried(&["--file", &table.to_string_lossy()])
    };
    assert_eq!(judged("accept\tmoney\t$25\ttwenty five dollars\nrefuse\tmoney\t$25\t$26\n").status.code(), Some(0));
    assert_eq!(judged("accept\tmoney\t$25\t$26\n").status.code(), Some(4));
    let unreadable = judged("accept\tmoney\t$25\n");
    assert_eq!(unreadable.status.code(), Some(1));
    assert!(said(&unreadable).contains(":1:1: 3 columns; write four"), "{}", said(&unreadable));
}

#[test]
fn a_file_that_is_not_utf8_is_named_with_its_place() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("latin.yaml"), b"name: A\nsteps:\n  - bot: Gr\xfc\xdfe\n").expect("file");
    std::fs::write(folder.path().join("wide.yaml"), b"\xff\xfen\0a\0").expect("file");
    for (file, why) in [("latin.yaml", "latin.yaml:3:12: the byte 0xFC is not UTF-8; save the file as UTF-8"), ("wide.yaml", "UTF-16")] {
        let output = in_folder(folder.path()).args(["check", file]).output().expect("check");
        assert!(output.status.code() == Some(2) && said(&output).contains(why), "{}", said(&output));
    }
}

#[test]
fn a_comment_in_the_middle_of_words_is_warned_about() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("a.yaml"), "name: A\nsteps:\n  - bot: Your order #5 is ready.\n").expect("file");
    let output = in_folder(folder.path()).args(["check", "a.yaml"]).output().expect("check");
    let place = "warning: a.yaml:3:21: `#5 is ready.` is a comment";
    assert!(output.status.success() && said(&output).contains(place), "{}", said(&output));
}

/// The project's own table: what `says` accepts and refuses.
#[test]
fn the_table_of_pairs_has_no_wrong_line() {
    let output = goldencall().args(["match", "--file", "benches/pairs.tsv"]).output().expect("match");
    assert!(output.status.success(), "{}", said(&output));
}
