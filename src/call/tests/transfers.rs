//! A bot that hands the call over.

use super::call_log;

const STEPS: &str = "
steps:
  - bot: Hello
  - caller: { audio: human-please.wav }
  - bot: I will connect you.
  - transfer: { to: sip:human@example.com, within: 5s }
  - hangup: bot
";

#[test]
fn the_bot_transfers_and_hangs_up() {
    insta::assert_snapshot!(call_log::of(
        STEPS,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.5 bot \"I will connect you.\"
         c1+3.0 transfer sip:human@example.com;transport=tcp
         c1+3.2 ended bot"
    ));
}

#[test]
fn the_transfer_comes_before_the_words_are_known() {
    insta::assert_snapshot!(call_log::of(
        STEPS,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.5 bot \"I will connect you.\" stt=2
         c1+1.6 transfer sip:human@example.com
         c1+1.7 ended bot"
    ));
}

#[test]
fn the_wrong_party() {
    insta::assert_snapshot!(call_log::of(
        STEPS,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.5 bot \"I will connect you.\"
         c1+3.0 transfer sip:billing@example.com"
    ));
}

#[test]
fn no_transfer_in_time() {
    insta::assert_snapshot!(call_log::of(
        STEPS,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.5 bot \"I will connect you.\""
    ));
}

#[test]
fn the_bot_hangs_up_instead() {
    insta::assert_snapshot!(call_log::of(
        STEPS,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.5 bot \"I will connect you.\"
         c1+3.0 ended bot"
    ));
}

#[test]
fn the_human_answers() {
    insta::assert_snapshot!(call_log::of(
        "
steps:
  - bot: I will connect you.
  - transfer: sip:human@example.com
  - bot: Front desk, good morning.
  - hangup: caller
",
        "0.5 connected
         0.8-1.2 bot \"I will connect you.\"
         2.4 transfer sip:human@example.com
         4.0-5.0 bot \"Front desk, good morning.\""
    ));
}
