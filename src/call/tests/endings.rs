//! How calls end, and what becomes of the steps that were not reached.

use super::call_log;

const EXPECTED: &str = "steps: [{ bot: Hello }, { caller: { audio: bye.wav } }, { bot: Goodbye }, { hangup: bot }]";

#[test]
fn bot_hangs_up_as_expected() {
    insta::assert_snapshot!(call_log::of(
        EXPECTED,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.0 bot \"Goodbye\"
         c1+3.0 ended bot"
    ));
}

#[test]
fn bot_hangs_up_as_expected_right_after_its_last_word() {
    insta::assert_snapshot!(call_log::of(
        EXPECTED,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.0 bot \"Goodbye\" stt=1
         c1+1.3 ended bot"
    ));
}

#[test]
fn bot_does_not_hang_up() {
    insta::assert_snapshot!(call_log::of(
        EXPECTED,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn call_lost_where_the_bot_was_to_hang_up() {
    insta::assert_snapshot!(call_log::of(
        EXPECTED,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.0 bot \"Goodbye\"
         c1+3.0 ended no route to host"
    ));
}

const BOOKING: &str = "
steps:
  - bot: Hello
  - caller: { audio: a.wav }
  - bot: You are booked for Tuesday.
  - caller: { audio: b.wav }
  - bot: Goodbye
";

#[test]
fn bot_hangs_up_mid_turn() {
    insta::assert_snapshot!(call_log::of(
        BOOKING,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.5 bot \"You are\"
         c1+1.6 ended bot"
    ));
}

#[test]
fn bot_hangs_up_instead_of_a_reply() {
    insta::assert_snapshot!(call_log::of(
        BOOKING,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5 ended bot"
    ));
}

#[test]
fn bot_hangs_up_before_the_callers_next_line() {
    insta::assert_snapshot!(call_log::of(
        BOOKING,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         2.1 ended bot"
    ));
}

#[test]
fn bot_hangs_up_while_the_caller_speaks() {
    insta::assert_snapshot!(call_log::of(
        BOOKING,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         s1+0.5 ended bot"
    ));
}

#[test]
fn bot_hangs_up_after_the_last_turn() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }, { hangup: caller }]",
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         1.5 ended bot"
    ));
}

/// The caller would hang up 700 ms after the last word.
#[test]
fn a_bot_that_hangs_up_first_where_the_caller_is_to_fails() {
    let ended = |at: &str| {
        let steps = "steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: Goodbye }, { hangup: caller }]";
        call_log::of(steps, &format!("0.5 connected\n0.8-1.2 bot \"Hello\"\nc1+0.5-1.0 bot \"Goodbye\" stt=1\nc1+{at} ended bot"))
    };
    assert!(
        ended("1.2").contains("failed hangup: the caller hangs up | the bot hung up\n    because the bot hung up 500 ms before"),
        "{}",
        ended("1.2")
    );
    assert!(ended("1.6").contains("because the bot hung up 100 ms before the caller was to"), "{}", ended("1.6"));
    // The words are known 1.25 s after they ended: had they been known at once, the caller would have been first.
    assert!(!ended("1.75").contains("failed"), "{}", ended("1.75"));
}

#[test]
fn a_bot_that_leaves_after_a_transfer_may_do_so() {
    let steps = "steps: [{ bot: Hello }, { transfer: 'sip:a@b' }, { hangup: caller }]";
    let log = call_log::of(steps, "0.5 connected\n0.8-1.2 bot \"Hello\"\n1.4 transfer sip:a@b\n1.5 ended bot");
    assert!(!log.contains("failed"), "{log}");
}

#[test]
fn bot_hangs_up_between_two_bot_steps() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }, { bot: How can I help? }]",
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         1.5 ended bot"
    ));
}

#[test]
fn an_optional_farewell_that_does_not_come() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: { says: Goodbye, optional: true } }, { hangup: bot }]",
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.7 ended bot"
    ));
}

#[test]
fn silence_cut_short() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }, { bot: { silent_for: 5s } }]",
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         3.0 ended bot"
    ));
}

#[test]
fn lost() {
    insta::assert_snapshot!(call_log::of(
        BOOKING,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5 ended no media for 10 s"
    ));
}

#[test]
fn cancelled() {
    insta::assert_snapshot!(call_log::of(
        BOOKING,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.5 bot \"You are\" stt=5
         c1+1.6 ended cancelled"
    ));
}

#[test]
fn never_answered() {
    insta::assert_snapshot!(call_log::of(BOOKING, "0.5 ended cancelled"));
}

#[test]
fn out_of_time_in_a_bot_turn() {
    insta::assert_snapshot!(call_log::of(
        "{ timeout: 5s, steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: Goodbye }] }",
        "0.5 connected
         0.8-1.2 bot \"Hello\""
    ));
}

#[test]
fn out_of_time_while_the_caller_waits() {
    insta::assert_snapshot!(call_log::of(
        "{ timeout: 3s, steps: [{ bot: Hello }, { caller: { silence: 5s } }, { bot: Goodbye }] }",
        "0.5 connected
         0.8-1.2 bot \"Hello\""
    ));
}

#[test]
fn out_of_time_just_after_the_words() {
    insta::assert_snapshot!(call_log::of(
        "{ timeout: 2s, steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: Goodbye }] }",
        "0.5 connected
         1.2-2.0 bot \"Hello\""
    ));
}

#[test]
fn out_of_time_before_the_words_are_known() {
    insta::assert_snapshot!(call_log::of(
        "{ timeout: 2s, steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: Goodbye }] }",
        "0.5 connected
         1.2-2.0 bot \"Hello\" stt=1"
    ));
}

#[test]
fn a_word_that_the_callers_hang_up_cuts_off_is_not_held_against_the_bot() {
    let steps = "steps: [{ bot: Thank you for calling Acme Dental. }, { hangup: caller }]";
    // The words of the first sentence come so late that the second one is under way when the caller hangs up.
    let cut = call_log::of(steps, "0.5 connected\n0.8-2.4 bot \"Thank you for calling Acme Dental.\" stt=1.2\n3.2-9 bot \"Green bar\"");
    insta::assert_snapshot!(cut);
    assert!(cut.contains("passed") && !cut.contains("Green bar"), "{cut}");
    let whole = call_log::of(steps, "0.5 connected\n0.8-2.4 bot \"Thank you for calling Acme Dental.\" stt=1.2\n3.2-3.3 bot \"Green bar\"");
    assert!(whole.contains("Green bar"), "{whole}");
}
