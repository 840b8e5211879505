//! Mistakes in steps.

use std::time::Duration;

use insta::assert_snapshot;

use crate::scenario::Step;

use super::drawing::{mistakes, mistakes_in, read, step_mistakes};

#[test]
fn unknown_key() {
    assert_snapshot!(step_mistakes("  - bot: { says: Hello, latancy: 1s }\n"));
}

#[test]
fn unknown_key_unlike_any() {
    assert_snapshot!(step_mistakes("  - bot: { says: Hello, colour: red }\n"));
}

#[test]
fn bad_weight() {
    assert_snapshot!(mistakes("weight: heavy\nsteps:\n  - bot: Hello\n"));
}

#[test]
fn unknown_step() {
    assert_snapshot!(step_mistakes("  - bott: Hello\n"));
}

#[test]
fn unknown_act_is_one_mistake() {
    assert_snapshot!(step_mistakes("  - bot: Hello\n  - caller: { adio: a.wav }\n"));
}

#[test]
fn duplicate_key() {
    assert_snapshot!(step_mistakes("  - bot:\n      says: Hello\n      latency: 1s\n      says: Goodbye\n"));
}

#[test]
fn bad_duration() {
    assert_snapshot!(step_mistakes("  - bot: { says: Hello, latency: fast }\n"));
}

#[test]
fn missing_unit() {
    assert_snapshot!(step_mistakes("  - bot: { says: Hello, latency: 1500 }\n"));
}

#[test]
fn unknown_unit() {
    assert_snapshot!(step_mistakes("  - bot: { says: Hello, latency: 2 seconds }\n"));
}

#[test]
fn matchers_that_do_not_know_the_language() {
    assert_snapshot!(mistakes(
        "language: de
steps:
  - bot: Ihr Termin ist nicht bestätigt.
  - caller: { silence: 1s }
  - bot: { says: { similar: Guten Tag }, not: Auf Wiedersehen }
  - caller: { silence: 1s }
  - bot: { says: { contains: Dienstag, matches: \"(?i)nicht\", exact: Guten Tag } }
"
    ));
    assert_snapshot!("language_that_is_not_a_tag", mistakes("language: German please\nsteps:\n  - bot: Hello\n"));
    assert!(read("language: en-GB\nsteps:\n  - bot: Hello\n").is_ok());
}

#[test]
fn merge_keys() {
    let text = "defaults: &base { latency: 1s, within: 2s }
steps:
  - bot: { says: Hello, <<: *base, within: 3s }
";
    let scenario = read(text).expect("a scenario");
    let Step::Bot(bot) = &scenario.steps[0] else { panic!("a bot step") };
    assert_eq!(bot.within.limit, Duration::from_secs(3));
    assert!(bot.latency.is_some_and(|bound| bound.limit == Duration::from_secs(1) && bound.explicit));
    assert_snapshot!(mistakes("steps:\n  - bot: { says: Hello, <<: 5 }\n"));
}

#[test]
fn a_pattern_in_double_quotes() {
    assert_snapshot!(step_mistakes("  - bot: { says: { matches: \"code \\d+\" } }\n"));
}

#[test]
fn a_comment_that_cuts_words_off_is_warned_about() {
    let warnings = |step: &str| {
        let scenario = read(&format!("steps:\n  - bot: {step}\n")).expect("a scenario");
        scenario.warnings.iter().map(|w| format!("{}:{} {}", w.location.line, w.location.column, w.message)).collect::<Vec<_>>()
    };
    assert_eq!(warnings("Your order #5 is ready."), ["2:21 `#5 is ready.` is a comment: a `#` after a space ends the text"]);
    assert_eq!(warnings("Press # to continue").len(), 1);
    for fine in ["\"Your order #5 is ready.\"", "Hello # the greeting", "Hello", "{ says: Hello } # greets", "'Press # now'"] {
        assert_eq!(warnings(fine), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn bad_heard_as_and_strict() {
    assert_snapshot!(mistakes(
        "heard_as: { Xiomara: , \"...\": Zumar, Siobhan: [siobhan, \"?\", Shivon], Niamh: { Eve: x } }
defaults: { strict: yes }
steps:
  - bot: { says: Hello, strict: always }
  - caller: { silence: 1s }
  - bot: { silent_for: 2s, strict: true }
"
    ));
    assert_snapshot!("heard_as_that_is_a_list", mistakes("heard_as: [Zumar]\nsteps:\n  - bot: Hello\n"));
}

#[test]
fn zero_negative_and_huge_durations() {
    assert_snapshot!(mistakes(
        "timeout: 0s\nsteps:\n  - bot: { within: -5s, latency: 0ms }\n  - caller: { silence: 400h }\n  - bot: { give_up: 1,5s }\n"
    ));
}

#[test]
fn bad_calls_and_stages() {
    assert_snapshot!(step_mistakes(
        "  - bot: { says: Hello, llm: fast, tss: 1s, calls: [] }
  - caller: { silence: 1s }
  - bot: { calls: [book, [x], { book: soon }, \"\"] }
  - caller: { silence: 1s }
  - bot: { silent_for: 2s, llm: 1s, calls: { book: { day: \"{{dya}}\" } } }
"
    ));
}

#[test]
fn bad_quality() {
    assert_snapshot!(step_mistakes(
        "  - bot:
      says: Hello
      quality:
        moss: 3.8
        loss: < 1
        jitter: < 30
        round_trip: 1 fortnight
        burst: some
        late: 101%
        gaps: 0.5
        clipping: => 1%
        level: 30dB
  - bot: { quality: { mos: 38, loss: 1ms, level: [a] } }
  - bot: { quality: {} }
  - bot: { quality: good }
  - bot: { silent_for: 2s, quality: { gaps: 0 } }
"
    ));
    assert_snapshot!(
        "bad_quality_unquoted_in_a_block",
        step_mistakes("  - bot:\n      quality:\n        mos: >= 3.8\n        loss: < 1%\n")
    );
    assert_snapshot!("bad_quality_defaults", mistakes("defaults: { quality: { loss: 1, mos: \"<\" } }\nsteps:\n  - bot: Hello\n"));
}

#[test]
fn missing_audio() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("greeting.wav"), b"").expect("a file");
    let text = "steps:\n  - bot: Hello\n  - caller: { audio: greting.wav }\n  - caller: { audio: no/such.wav }\n";
    assert_snapshot!(mistakes_in(folder.path(), text));
}

#[test]
fn audio_that_is_no_wav() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("song.wav"), b"ID3 this is an MP3 file").expect("a file");
    std::fs::create_dir(folder.path().join("folder.wav")).expect("a folder");
    let text = "steps:\n  - bot: Hello\n  - caller: { audio: song.wav }\n  - caller: { audio: folder.wav }\n";
    assert_snapshot!(mistakes_in(folder.path(), text));
}

#[test]
fn undefined_variable() {
    assert_snapshot!(mistakes("variables: { day: Tuesday }\nsteps:\n  - bot: See you on {{dya}}, {{name}}.\n"));
}

#[test]
fn variable_captured_too_late() {
    assert_snapshot!(step_mistakes("  - bot: Your code is {{code}}.\n  - bot: { says: Hello, capture: { code: '\\d+' } }\n"));
}

#[test]
fn open_braces() {
    assert_snapshot!(step_mistakes("  - bot: 'See you on {{day}.'\n"));
}

#[test]
fn unset_environment() {
    assert_snapshot!(mistakes("target: { sip: { uri: \"sip:bot@${HOST_OF_BOT}\" } }\nsteps: [{ bot: Hello }]\n"));
}

#[test]
fn two_kinds_in_one_step() {
    assert_snapshot!(step_mistakes("  - bot: Hello\n    caller: { audio: a.wav }\n"));
}

#[test]
fn two_acts_in_one_step() {
    assert_snapshot!(step_mistakes("  - bot: Hello\n  - caller: { audio: a.wav, silence: 2s }\n"));
}

#[test]
fn caller_without_an_act() {
    assert_snapshot!(step_mistakes("  - bot: Hello\n  - caller: { after: 1s }\n"));
}

#[test]
fn empty_words() {
    assert_snapshot!(step_mistakes("  - bot: \"\"\n  - bot: { says: '...' }\n  - bot: { says: }\n  - bot:\n"));
}

#[test]
fn empty_matchers() {
    assert_snapshot!(step_mistakes(
        "  - bot: { says: {} }\n  - bot: { says: { contains: [] } }\n  - bot: { says: { any: } }\n  - bot: { says: { matches: '' } }\n"
    ));
}

#[test]
fn bad_pattern() {
    assert_snapshot!(step_mistakes("  - bot: { says: { matches: 'code (\\d+' }, capture: { code: '[a-' } }\n"));
}

#[test]
fn wrong_types() {
    assert_snapshot!(mistakes(
        "name: [a]\ntags: { a: b }\nvariables: { day: [1] }\nsteps:\n  - Hello\n  - bot: [Hello]\n  - bot: { says: Hello, optional: maybe }\n"
    ));
}

#[test]
fn steps_that_are_none() {
    assert_snapshot!(mistakes("steps: { bot: Hello }\n"));
    assert_snapshot!("steps_are_empty", mistakes("steps: []\n"));
    assert_snapshot!("steps_are_missing", mistakes("name: Test\ntags: [a]\n"));
    assert_snapshot!("steps_are_misspelt", mistakes("name: Test\nstep:\n  - bot: Hello\n"));
}

#[test]
fn nothing_expected_of_the_bot() {
    assert_snapshot!(step_mistakes("  - caller: { silence: 2s }\n  - hangup: caller\n"));
}

#[test]
fn silence_with_words() {
    assert_snapshot!(step_mistakes("  - bot: { silent_for: 3s, says: Hello, optional: true }\n"));
}

#[test]
fn later_versions() {
    assert_snapshot!(step_mistakes("  - bot: { says: { judge: it is polite } }\n  - caller: { say: Hello }\n"));
}

#[test]
fn digits_that_no_telephone_has() {
    assert_snapshot!(step_mistakes(
        "  - caller: { dtmf: \"12x\" }\n  - caller: { dtmf: \"\" }\n  - bot: { dtmf: one }\n  - caller: { dtmf: \"{{pin}}\" }\n  \
         - caller: { dtmf: \"1\", silence: 1s }\n  - bot: { silent_for: 2s, dtmf: \"1\" }\n"
    ));
}

#[test]
fn steps_out_of_place() {
    assert_snapshot!(step_mistakes(
        "  - caller: { audio: a.wav, barge_in: 1s }\n  - bot: { says: Hello, stops_within: 500ms }\n  - caller: { audio: a.wav }\n  - hangup: caller\n  - bot: Goodbye\n"
    ));
}

#[test]
fn transfers() {
    assert_snapshot!(step_mistakes(
        "  - bot: Hello\n  - transfer: { within: 2s }\n  - transfer: \"\"\n  - transfer: { too: sip:human@example.com }\n"
    ));
}

#[test]
fn bad_hangup() {
    assert_snapshot!(step_mistakes("  - bot: Hello\n  - hangup: bt\n  - hangup: { within: 2s }\n"));
}

#[test]
fn targets() {
    let target = |target: &str| mistakes(&format!("target: {target}\nsteps: [{{ bot: Hello }}]\n"));
    assert_snapshot!("target_scheme", target("sib:bot@host"));
    assert_snapshot!("target_later_scheme", target("twilio+http://host/ws"));
    assert_snapshot!("target_password", target("sip:bot:secret@host"));
    assert_snapshot!("target_password_in_mapping", target("{ sip: { uri: \"sip:bot:secret@host\" } }"));
    assert_snapshot!("target_fault", target("{ bot: { fault: slient } }"));
    assert_snapshot!("target_two_kinds", target("{ sip: { uri: \"sip:a@b\" }, bot: {} }"));
    assert_snapshot!("target_codec", target("{ sip: { uri: \"sip:a@b\", codecs: [g711] } }"));
    assert_snapshot!("target_without_uri", target("{ sip: { username: ci } }"));
}

#[test]
fn several_mistakes_in_the_order_of_the_file() {
    assert_snapshot!(mistakes(
        "nmae: Test\nsteps:\n  - bot: { says: Hello, within: 5 }\n  - caller: { audio: a.wav, affter: 1s }\n  - bot: On {{day}}.\ntimeout: 1x\n"
    ));
}

#[test]
fn after_other_scripts() {
    assert_snapshot!(step_mistakes("  - bot: { says: \"Café 🙂 déjà\", latancy: 1s }\n  - bot: \"Ça va 🙂 {{nom}} ?\"\n"));
}

#[test]
fn with_windows_line_ends() {
    assert_snapshot!(mistakes("name: Test\r\nsteps:\r\n  - bot: Hello\r\n  - bot: { says: Hello, latancy: 1s }\r\n"));
}

#[test]
fn after_a_byte_order_mark() {
    let problems = read("\u{feff}nmae: Test\nsteps: [{ bot: Hello }]\n").expect_err("a mistake");
    assert_eq!((problems.list[0].location.line, problems.list[0].location.column), (1, 1));
    assert_snapshot!(mistakes("\u{feff}nmae: Test\nsteps:\n  - bot: { says: é, latancy: 1s }\n"));
}

#[test]
fn in_a_block_text() {
    assert_snapshot!(step_mistakes("  - bot: >\n      Thanks for calling\n      on {{dya}}.\n"));
}
