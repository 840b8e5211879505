//! What becomes known late.

use std::time::Duration;

use jiff::SignedDuration;

use super::call_log;
use super::simulation::{run, scenario};
use super::timeline::Timeline;

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
        "{ defaults: { advance: match }, steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: Goodbye }] }",
        "0.5 connected
         1.0-1.5 bot \"Hello\" stt=1.5
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

const TWO_TURNS: &str = "steps: [{ bot: Hello. How can I help? }, { caller: { audio: a.wav } }, { bot: Goodbye }]";

#[test]
fn the_caller_goes_on_before_the_words_are_known() {
    insta::assert_snapshot!(call_log::of(
        TWO_TURNS,
        "0.5 connected
         1.0-2.0 bot \"Hello. How can I help?\" stt=5
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn the_caller_went_on_although_the_bot_had_more_to_say() {
    insta::assert_snapshot!(call_log::of(
        TWO_TURNS,
        "0.5 connected
         1.0-2.0 bot \"Hello.\" stt=5
         4.0-5.0 bot \"How can I help?\"
         c1+0.5-1.0 bot \"Pardon?\""
    ));
}

#[test]
fn wrong_words_stay_wrong_however_late_they_are_known() {
    insta::assert_snapshot!(call_log::of(
        TWO_TURNS,
        "0.5 connected
         1.0-2.0 bot \"Goodbye.\" stt=5
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn a_turn_on_which_the_next_act_hangs_waits_for_its_words() {
    for keys in ["optional: true", "capture: { name: '(Hello)' }", "advance: match"] {
        let steps = format!("steps: [{{ bot: {{ says: Hello, {keys} }} }}, {{ caller: {{ audio: a.wav }} }}, {{ bot: Goodbye }}]");
        let outcome = run(
            scenario(&steps),
            Timeline::parse("0.5 connected\n1.0-2.0 bot \"Hello\" stt=5\nc1+0.5-1.0 bot \"Goodbye\""),
            Duration::ZERO,
        );
        let held_back = outcome.turns[0].held_back.unwrap_or_default();
        assert!(held_back > SignedDuration::from_secs(3), "{keys}: {held_back:?}");
    }
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
