//! Silence that is asked for, and sounds that are not words.

use super::call_log;

const HOLD: &str = "
steps:
  - bot: Hello
  - caller: { audio: hold-on.wav }
  - bot: { silent_for: 3s }
  - caller: { audio: here-i-am.wav }
  - bot: Goodbye
";

#[test]
fn silence_kept() {
    insta::assert_snapshot!(call_log::of(
        HOLD,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c2+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn silence_broken() {
    insta::assert_snapshot!(call_log::of(
        HOLD,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+1.5-2.5 bot \"Are you there?\""
    ));
}

#[test]
fn silence_with_a_cough_in_it() {
    insta::assert_snapshot!(call_log::of(
        HOLD,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+1.5-1.7 noise
         c2+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn silence_then_the_bot_in_its_own_time() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ caller: { audio: a.wav } }, { bot: { silent_for: 3s } }, { bot: Are you there? }]",
        "0.5 connected
         c1+3.2-4.0 bot \"Are you there?\""
    ));
}

#[test]
fn caller_silence_then_reprompt() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }, { caller: { silence: 5s } }, { bot: Are you still there? }]",
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         6.0-7.0 bot \"Are you still there?\""
    ));
}

#[test]
fn reprompt_after_a_silence_longer_than_within() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }, { caller: { silence: 10s } }, { bot: { says: Are you still there?, within: 2s } }]",
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         13.5-14.0 bot \"Are you still there?\""
    ));
}

#[test]
fn caller_goes_on_after_a_pause_in_its_own_turn() {
    let steps = "
steps:
  - caller: { audio: my-number-is.wav }
  - caller: { silence: 1500ms, after: 0ms }
  - caller: { audio: digits.wav, after: 0ms }
  - bot: Thanks
";
    insta::assert_snapshot!(call_log::of(steps, "0.5 connected\nc2+0.8-1.2 bot \"Thanks\""));
}

#[test]
fn noise_then_a_slow_answer() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { says: Hello, latency: 6s } }]",
        "0.5 connected
         0.8-0.9 noise
         5.5-6.0 bot \"Hello\""
    ));
}

#[test]
fn nothing_but_noise() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { within: 3s } }, { caller: { audio: a.wav } }, { bot: Hello }]",
        "0.5 connected
         0.8-0.9 noise"
    ));
}

#[test]
fn early_media_is_no_greeting() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }]",
        "0.2-1.0 bot \"Your call is being connected.\"
         2.0 connected
         2.5-3.0 bot \"Hello\""
    ));
}

#[test]
fn greeting_that_overtakes_the_answer() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }]",
        "1.98-2.6 bot \"Hello\"
         2.0 connected"
    ));
}

#[test]
fn speech_that_is_not_understood() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: Goodbye }]",
        "0.5 connected
         0.8-3.0 noise"
    ));
}

#[test]
fn silence_broken_by_speech_that_is_not_understood() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { silent_for: 3s } }]",
        "0.5 connected
         0.8-2.0 noise"
    ));
}
