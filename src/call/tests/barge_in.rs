//! The caller interrupts.

use super::call_log;

const TERMS: &str = "
steps:
  - bot: { says: { contains: terms }, stops_within: 500ms }
  - caller: { audio: stop.wav, barge_in: 1s }
  - bot: Okay
";

#[test]
fn the_bot_stops_in_time() {
    insta::assert_snapshot!(call_log::of(
        TERMS,
        "0.5 connected
         1.0-2.4 bot \"Our terms are\"
         c1+0.5-1.0 bot \"Okay\""
    ));
}

#[test]
fn the_bot_does_not_stop() {
    insta::assert_snapshot!(call_log::of(
        TERMS,
        "0.5 connected
         1.0-6.0 bot \"Our terms are long and you will hear them all\"
         c1+4.5-5.0 bot \"Okay\""
    ));
}

#[test]
fn the_bot_had_already_finished() {
    insta::assert_snapshot!(call_log::of(
        TERMS,
        "0.5 connected
         1.0-1.6 bot \"Terms apply.\"
         c1+0.5-1.0 bot \"Okay\""
    ));
}

#[test]
fn the_bot_never_speaks() {
    insta::assert_snapshot!(call_log::of(TERMS, "0.5 connected"));
}

#[test]
fn the_bot_stops_at_its_first_syllable() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { stops_within: 500ms } }, { caller: { audio: stop.wav, barge_in: 200ms } }, { bot: Okay }]",
        "0.5 connected
         1.0-1.3 noise
         c1+0.5-1.0 bot \"Okay\""
    ));
}
