//! What becomes known late.

use super::call_log;

#[test]
fn silence_mode_goes_on_without_words() {
    let steps = "
steps:
  - bot: { says: Hello, advance: silence }
  - caller: { audio: a.wav }
  - bot: { says: Goodbye, advance: silence }
";
    insta::assert_snapshot!(call_log::of(
        steps,
        "0.5 connected
         1.0-1.5 bot \"Good evening\" stt=6
         c1+0.5-1.0 bot \"Goodbye\" stt=3"
    ));
}

#[test]
fn the_tester_holds_the_caller_back() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: Goodbye }]",
        "0.5 connected
         1.0-1.5 bot \"Hello\" stt=1.5
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn a_turn_without_says_waits_for_no_words() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { not: { contains: sorry } } }, { caller: { audio: a.wav } }, { bot: Goodbye }]",
        "0.5 connected
         1.0-2.0 bot \"I am sorry\" stt=5
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn given_up() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { says: Goodbye, give_up: 1s } }, { caller: { audio: a.wav } }]",
        "0.5 connected
         1.0-1.5 bot \"Hello\"
         3.5-4.0 bot \"Goodbye\""
    ));
}

#[test]
fn words_out_of_order() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { says: Hello. How can I help? } }]",
        "0.5 connected
         1.0-1.5 bot \"Hello.\" stt=2
         1.9-2.5 bot \"How can I help?\""
    ));
}
