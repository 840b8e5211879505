//! Turns as they go right and wrong.

use std::sync::Arc;

use crate::call::{Conversation, EndCause, Input, InputKind, Outcome, Output, SpeechEdge};
use crate::scenario::{CallerAct, Step};
use crate::time::{CallTime, Span};

use super::call_log;
use super::simulation::scenario;

/// A greeting, a request and its answer.
const BOOKING: &str = "
steps:
  - bot: Thanks for calling
  - caller: { audio: a.wav }
  - bot: { says: { contains: which day }, latency: 1200ms }
  - caller: { audio: b.wav }
  - bot: You are booked for Tuesday at 3 PM.
";

fn booking(reply: &str) -> String {
    let timeline = format!(
        "0.5 connected
         1.0-2.4 bot \"Thanks for calling\"
         {reply}
         c2+0.9-3.0 bot \"You are booked for Tuesday at three p.m.\""
    );
    call_log::of(BOOKING, &timeline)
}

#[test]
fn golden() {
    insta::assert_snapshot!(booking("c1+0.8-2.0 bot \"On which day?\""));
}

#[test]
fn late_reply() {
    insta::assert_snapshot!(booking("c1+1.9-3.0 bot \"On which day?\""));
}

#[test]
fn speech_after_within() {
    insta::assert_snapshot!(booking("c1+8.2-9.0 bot \"On which day?\""));
}

#[test]
fn wrong_words() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: You are booked for Tuesday at 3 PM. }, { caller: { audio: a.wav } }, { bot: Goodbye }]",
        "0.5 connected
         1.0-2.4 bot \"You are booked for Thursday at three p.m.\""
    ));
}

#[test]
fn no_speech() {
    insta::assert_snapshot!(booking("c2+0.0 dtmf 1"));
}

#[test]
fn talk_over() {
    insta::assert_snapshot!(booking("s1+0.4-1.8 bot \"On which day?\""));
}

#[test]
fn filler_then_answer() {
    let steps = "
steps:
  - bot: Hello
  - caller: { audio: a.wav }
  - bot: { says: { contains: shipped }, answer_latency: 3s, latency: 1s }
";
    insta::assert_snapshot!(call_log::of(
        steps,
        "0.5 connected
         1.0-1.5 bot \"Hello\"
         c1+0.5-1.2 bot \"One moment please.\"
         c1+2.8-4.0 bot \"Your order has shipped.\"
         c1+4.3-5.0 bot \"Anything else?\""
    ));
}

#[test]
fn answer_too_late() {
    let steps = "
steps:
  - bot: { says: { contains: shipped }, answer_latency: 2s }
";
    insta::assert_snapshot!(call_log::of(
        steps,
        "0.5 connected
         0.9-1.2 bot \"One moment please.\"
         2.8-4.0 bot \"Your order has shipped.\""
    ));
}

#[test]
fn the_caller_holds_back_for_a_bot_that_goes_on() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { says: { contains: thanks } } }, { caller: { audio: a.wav } }, { bot: Goodbye }]",
        "0.5 connected
         1.0-2.0 bot \"Thanks for calling.\"
         2.8-4.0 bot \"How can I help?\"
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn optional_turn_present() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { says: This call is recorded., optional: true } }, { bot: How can I help? }]",
        "0.5 connected
         1.0-2.0 bot \"This call is recorded.\"
         3.0-4.0 bot \"How can I help?\""
    ));
}

#[test]
fn optional_turn_missing() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { says: This call is recorded., optional: true } }, { bot: How can I help? }]",
        "0.5 connected
         1.0-2.0 bot \"How can I help?\""
    ));
}

#[test]
fn optional_turn_with_nothing_said_before_the_caller() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { says: Welcome, optional: true, within: 1s } }, { caller: { audio: a.wav } }, { bot: Goodbye }]",
        "0.5 connected
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn optional_turn_with_other_words_before_the_caller() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { says: This call is recorded., optional: true } }, { caller: { audio: a.wav } }, { bot: Goodbye }]",
        "0.5 connected
         1.0-2.0 bot \"Who is there?\"
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

const TWO_IN_A_ROW: &str =
    "steps: [{ bot: Please hold the line. }, { bot: { says: Your order has shipped., latency: 3s } }, { caller: { audio: a.wav } }]";

#[test]
fn two_bot_steps_in_a_row() {
    insta::assert_snapshot!(call_log::of(
        TWO_IN_A_ROW,
        "0.5 connected
         1.0-2.0 bot \"Please hold the line.\"
         4.5-6.0 bot \"Your order has shipped.\""
    ));
}

#[test]
fn two_bot_steps_in_a_row_with_late_words() {
    insta::assert_snapshot!(call_log::of(
        TWO_IN_A_ROW,
        "0.5 connected
         1.0-2.0 bot \"Please hold the line.\" stt=4
         2.5-4.0 bot \"Your order has shipped.\""
    ));
}

#[test]
fn two_caller_steps_in_a_row() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ caller: { audio: a.wav } }, { caller: { audio: b.wav, after: 1s } }, { bot: Goodbye }]",
        "0.5 connected
         c2+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn a_bot_that_answers_between_two_caller_steps() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { caller: { audio: b.wav, after: 2s } }, { bot: Goodbye }]",
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5-1.0 bot \"Goodbye\""
    ));
}

#[test]
fn capture_and_use() {
    let steps = "
steps:
  - bot: { says: { contains: your code is }, capture: { code: 'code is (\\w+)', name: 'my name is (\\w+)' } }
  - bot: 'I repeat: {{code}}'
";
    insta::assert_snapshot!(call_log::of(
        steps,
        "0.5 connected
         1.0-2.0 bot \"Your code is B7K4.\"
         2.5-4.0 bot \"I repeat, B seven K four.\""
    ));
}

#[test]
fn capture_in_silence_mode_with_late_words() {
    let steps = "
defaults: { advance: silence }
steps:
  - bot: { says: { contains: your code is }, capture: { code: 'code is (\\w+)' } }
  - caller: { audio: a.wav }
  - bot: 'I repeat: {{code}}'
";
    insta::assert_snapshot!(call_log::of(
        steps,
        "0.5 connected
         1.0-2.0 bot \"Your code is 4711.\" stt=9
         c1+0.5-1.0 bot \"I repeat, 4711.\""
    ));
}

#[test]
fn forbidden_words() {
    insta::assert_snapshot!(call_log::of(
        "steps: [{ bot: { says: { contains: booked }, not: { contains: sorry } } }]",
        "0.5 connected
         1.0-2.0 bot \"Sorry, all is booked.\""
    ));
}

#[test]
fn digits_out_and_in() {
    let mut scenario = scenario("steps: [{ bot: Hello }, { caller: { silence: 1s } }, { bot: { within: 2s } }, { bot: Thanks }]");
    if let Step::Caller(step) = &mut scenario.steps[1] {
        step.act = CallerAct::Dtmf("1#".to_owned());
    }
    if let Step::Bot(step) = &mut scenario.steps[2] {
        step.dtmf = Some(("42".to_owned(), step.location));
    }
    insta::assert_snapshot!(call_log::of_scenario(
        scenario,
        "0.5 connected
         0.8-1.2 bot \"Hello\"
         c1+0.5 dtmf 4
         c1+0.7 dtmf 2
         c1+1.2-1.8 bot \"Thanks\""
    ));
}

#[test]
fn wrong_digits_in() {
    let mut scenario = scenario("steps: [{ bot: { within: 2s } }]");
    if let Step::Bot(step) = &mut scenario.steps[0] {
        step.dtmf = Some(("42".to_owned(), step.location));
    }
    insta::assert_snapshot!(call_log::of_scenario(scenario, "0.5 connected\n1.0 dtmf 4"));
}

#[test]
fn words_and_then_digits() {
    let mut scenario = scenario("steps: [{ bot: { says: Press these, within: 3s } }, { hangup: caller }]");
    if let Step::Bot(step) = &mut scenario.steps[0] {
        step.dtmf = Some(("42".to_owned(), step.location));
    }
    let log = |digits: &str| call_log::of_scenario(scenario.clone(), &format!("0.5 connected\n0.8-1.4 bot \"Press these\"\n{digits}"));
    insta::assert_snapshot!(log("2.6 dtmf 4\n2.8 dtmf 2"));
    insta::assert_snapshot!(log("2.6 dtmf 4"));
}

/// Expects `42`, then hangs up.
fn keys(log: &str) -> String {
    let mut scenario = scenario("steps: [{ bot: { within: 2s } }, { caller: { audio: a.wav } }, { bot: Thanks }]");
    if let Step::Bot(step) = &mut scenario.steps[0] {
        step.dtmf = Some(("42".to_owned(), step.location));
    }
    call_log::of_scenario(scenario, &format!("0.5 connected\n1.0 dtmf 4\n1.2 dtmf 2\n{log}\nc1+0.5-1.0 bot \"Thanks\""))
}

#[test]
fn a_key_too_many_fails_whenever_it_comes() {
    assert!(!keys("").contains("failed"), "{}", keys(""));
    let at_once = keys("2.1 dtmf 1");
    assert!(at_once.contains("because the bot sent `421`"), "{at_once}");
    let later = keys("s1+0.5 dtmf 1");
    assert!(later.contains("because the bot sent `1`, where no digits were expected"), "{later}");
}

#[test]
fn words_are_needed_where_a_verdict_depends_on_them() {
    let needed = |steps: &str, from: i64, until: i64| {
        let mut conversation =
            Conversation::new(Arc::new(scenario(&format!("steps: [{steps}, {{ caller: {{ audio: a.wav }} }}, {{ bot: Bye }}]"))));
        conversation.handle(Input { at: CallTime::from_millis(500), kind: InputKind::Connected });
        conversation.needs_words(Span { start: CallTime::from_millis(from), end: CallTime::from_millis(until) })
    };
    let any = "{ bot: { within: 5s } }";
    assert!(!needed(any, 600, 2000));
    // It may be noise, which only the recogniser can tell.
    assert!(needed(any, 600, 1200));
    // It may turn out to belong to the bot's next turn.
    assert!(needed(&format!("{any}, {{ bot: Hello }}"), 600, 2000));
    assert!(!needed(&format!("{any}, {any}"), 600, 2000));
    for step in ["{ bot: Hello }", "{ bot: { not: sorry } }", "{ bot: { silent_for: 2s } }", "{ bot: { capture: { n: '(\\d)' } } }"] {
        assert!(needed(step, 600, 2000), "{step}");
    }
    assert!(!needed("{ bot: { dtmf: 12 } }", 600, 2000));
}

#[test]
fn speech_that_is_not_transcribed_is_speech() {
    let mut conversation = Conversation::new(Arc::new(scenario("steps: [{ bot: { latency: 1s } }, { hangup: caller }]")));
    let at = CallTime::from_millis;
    let span = Span { start: at(900), end: at(2500) };
    let inputs = [
        (500, InputKind::Connected),
        (1000, InputKind::RemoteSpeech(SpeechEdge::Started { onset: span.start })),
        (2700, InputKind::RemoteSpeech(SpeechEdge::Ended { onset: span.start, end: span.end })),
        (2700, InputKind::Untranscribed { span }),
        (3300, InputKind::Timeout),
        (3400, InputKind::Ended(EndCause::CallerHungUp)),
    ];
    let mut results = Vec::new();
    for (millis, kind) in inputs {
        conversation.handle(Input { at: at(millis), kind });
        while let Some(output) = conversation.poll() {
            if let Output::Turn(turn) = output {
                results.push((turn.outcome, turn.latency.map(|latency| latency.as_millis()), turn.heard()));
            }
        }
    }
    assert_eq!(results, [(Outcome::Passed, Some(400), "(not transcribed)".to_owned())]);
}
