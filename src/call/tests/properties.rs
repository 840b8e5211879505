//! What must hold of every call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use crate::call::{Conversation, EndCause, Input, InputKind, Outcome, Output, Playback, SpeechEdge, TurnResult};
use crate::scenario::{Scenario, Step};
use crate::time::{CallTime, Span};

use super::simulation::{self, run, scenario};
use super::timeline::Timeline;

const SCENARIOS: &[&str] = &[
    "steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: { says: { contains: day }, answer_latency: 2s } }, { hangup: bot }]",
    "steps: [{ bot: Please hold }, { bot: Hello }, { caller: { audio: a.wav } }, { caller: { audio: b.wav } }, { bot: day }]",
    "steps: [{ bot: { says: Please hold, optional: true } }, { bot: Hello }, { caller: { silence: 2s } }, { bot: day }]",
    "steps: [{ bot: { says: Hello, stops_within: 300ms } }, { caller: { audio: a.wav, barge_in: 300ms } }, { bot: { silent_for: 2s } }]",
    "{ defaults: { advance: silence }, timeout: 12s, steps: [{ bot: Hello }, { caller: { audio: a.wav } }, { bot: { capture: { d: '(day)' } } }, { bot: 'The {{d}}' }] }",
];
const WORDS: &[&str] = &["Hello", "Please hold", "day", "The day", "", "Something else"];

/// One line of bot speech for each anchor.
fn bot_line(anchor: &'static str, from: u32) -> impl Strategy<Value = String> {
    (from..from + 40, 1u32..30, 0..WORDS.len()).prop_map(move |(from, length, words)| {
        let (from, to) = (f64::from(from) / 10.0, f64::from(from + length) / 10.0);
        format!("{anchor}{from:.1}-{to:.1} bot \"{}\"", WORDS[words])
    })
}

/// A call: the bot greets, then answers what the caller does; now and then it hangs up.
fn timeline() -> impl Strategy<Value = String> {
    let lines = (bot_line("", 0), bot_line("c1+", 0), bot_line("c1+", 50), bot_line("c2+", 0), bot_line("s1+", 0));
    let lags = (0u32..4, 1u32..4, 0u32..5);
    (lines, lags, proptest::option::of(10u32..150)).prop_map(|(lines, (lag, hangover, stt), end)| {
        let end = end.map(|end| format!("{:.1} ended bot", f64::from(end) / 10.0)).unwrap_or_default();
        let (a, b, c, d, e) = lines;
        let lags = format!("lag 0.{lag}\nhangover 0.{hangover}\nstt 0.{stt}");
        format!("0.5 connected\n{a}\n{b}\n{c}\n{d}\n{e}\n{end}\n{lags}")
    })
}

fn any_call() -> impl Strategy<Value = (usize, String)> {
    (0..SCENARIOS.len(), timeline())
}

fn later(at: CallTime, by: Duration) -> CallTime {
    at + by
}

fn shifted(turn: &TurnResult, by: Duration) -> TurnResult {
    let mut turn = turn.clone();
    turn.origin_at = turn.origin_at.map(|at| later(at, by));
    turn.held_from = turn.held_from.map(|at| later(at, by));
    for utterance in &mut turn.utterances {
        utterance.span = Span { start: later(utterance.span.start, by), end: later(utterance.span.end, by) };
    }
    turn
}

/// Feeds recorded inputs to a new conversation.
fn replay<'a>(scenario: &Scenario, inputs: impl IntoIterator<Item = &'a Input>, poll_at_end: bool) -> Vec<TurnResult> {
    let mut conversation = Conversation::new(Arc::new(scenario.clone()));
    let mut turns = Vec::new();
    let drain = |conversation: &mut Conversation, turns: &mut Vec<TurnResult>| {
        while let Some(output) = conversation.poll() {
            if let Output::Turn(turn) = output {
                turns.push(*turn);
            }
        }
    };
    for input in inputs {
        conversation.handle(input.clone());
        if !poll_at_end {
            drain(&mut conversation, &mut turns);
        }
    }
    drain(&mut conversation, &mut turns);
    turns
}

/// Each bot step has one verdict, in order; what else there is stands between them.
fn check_shape(scenario: &Scenario, turns: &[TurnResult]) {
    let bots = |index: &usize| matches!(scenario.steps[*index], Step::Bot(_));
    let expected: Vec<usize> = (0..scenario.steps.len()).filter(bots).collect();
    let judged: Vec<usize> = turns.iter().map(|turn| turn.step).filter(bots).collect();
    assert_eq!(judged, expected);
    assert!(turns.is_sorted_by_key(|turn| turn.step));
    for turn in turns {
        let passed = turn.checks.iter().any(|check| check.outcome == Outcome::Passed);
        assert!(turn.outcome != Outcome::Passed || passed, "nothing judged is no pass");
    }
    let failed = turns.iter().any(|turn| turn.outcome == Outcome::Failed);
    let skipped = |turn: &TurnResult| turn.outcome == Outcome::Skipped && turn.checks.is_empty();
    assert!(failed || !turns.iter().any(skipped), "a turn that was not reached without a failure before it");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_with_one_verdict_a_bot_step((number, timeline) in any_call()) {
        let scenario = scenario(SCENARIOS[number]);
        let outcome = run(scenario.clone(), Timeline::parse(&timeline), Duration::ZERO);
        prop_assert!(outcome.over, "{timeline}");
        check_shape(&scenario, &outcome.turns);
    }

    #[test]
    fn a_shift_of_all_times_changes_no_verdict((number, timeline) in any_call(), by in 1u64..10_000_000) {
        let by = Duration::from_micros(by);
        let here = run(scenario(SCENARIOS[number]), Timeline::parse(&timeline), Duration::ZERO);
        let there = run(scenario(SCENARIOS[number]), Timeline::parse(&timeline), by);
        let here: Vec<_> = here.turns.iter().map(|turn| shifted(turn, by)).collect();
        prop_assert_eq!(here, there.turns);
    }

    #[test]
    fn batching_and_wake_ups_change_no_verdict((number, timeline) in any_call(), extra in proptest::collection::vec(0i64..20_000, 0..20)) {
        let scenario = scenario(SCENARIOS[number]);
        let outcome = run(scenario.clone(), Timeline::parse(&timeline), Duration::ZERO);
        let last = outcome.inputs.last().expect("an input").at;
        // The last wake-up may be what ends the waiting after the call.
        let kept = |input: &&Input| input.kind != InputKind::Timeout || input.at == last;
        prop_assert_eq!(&outcome.turns, &replay(&scenario, &outcome.inputs, true));
        prop_assert_eq!(&outcome.turns, &replay(&scenario, outcome.inputs.iter().filter(kept), false));
        let extra = extra.into_iter().map(|at| Input { at: CallTime::from_millis(at), kind: InputKind::Timeout });
        let mut more: Vec<Input> = extra.filter(|input| input.at <= last).chain(outcome.inputs.clone()).collect();
        more.sort_by_key(|input| input.at);
        prop_assert_eq!(&outcome.turns, &replay(&scenario, &more, false));
    }

    #[test]
    fn a_call_that_went_through_json_replays_to_the_same_verdicts((number, timeline) in any_call()) {
        let scenario = scenario(SCENARIOS[number]);
        let outcome = run(scenario.clone(), Timeline::parse(&timeline), Duration::ZERO);
        let json = serde_json::to_string(&outcome.inputs).expect("JSON");
        let inputs: Vec<Input> = serde_json::from_str(&json).expect("inputs");
        let turns = replay(&scenario, &inputs, false);
        let json = serde_json::to_string(&turns).expect("JSON");
        let back: Vec<TurnResult> = serde_json::from_str(&json).expect("turns");
        prop_assert_eq!(&outcome.turns, &turns);
        prop_assert_eq!(outcome.turns, back);
    }

    #[test]
    fn late_words_change_no_latency_and_no_outcome(
        reply in 1u32..15,
        length in 2u32..20,
        filler in any::<bool>(),
        words in 0usize..3,
        slow in 0u32..24,
    ) {
        let text = ["On which day?", "Something else", "The day"][words];
        let (from, to) = (f64::from(reply) / 10.0 + 1.5, f64::from(reply + length) / 10.0 + 1.5);
        let filler = if filler { "c1+0.3-0.9 bot \"One moment\"" } else { "" };
        let timeline = |stt: u32| {
            format!(
                "0.5 connected\n0.8-1.2 bot \"Hello\"\n{filler}\nc1+{from:.1}-{to:.1} bot \"{text}\"
                 c1+{:.1} ended bot\nstt {:.1}",
                to + 5.0,
                f64::from(stt) / 10.0
            )
        };
        let judged = |stt| {
            let outcome = run(scenario(SCENARIOS[0]), Timeline::parse(&timeline(stt)), Duration::ZERO);
            let of = |turn: &TurnResult| (turn.step, turn.outcome, turn.latency, turn.answer_latency, turn.dead_air);
            outcome.turns.iter().map(of).collect::<Vec<_>>()
        };
        prop_assert_eq!(judged(0), judged(slow));
    }

    #[test]
    fn nonsense_neither_panics_nor_hangs(number in 0..SCENARIOS.len(), events in proptest::collection::vec(event(), 0..60)) {
        nonsense(SCENARIOS[number], events);
    }
}

/// Any input at all, a while after the one before.
fn event() -> impl Strategy<Value = (u32, InputKind)> {
    let time = || (-2_000i64..20_000).prop_map(CallTime::from_millis);
    let span = || (time(), time()).prop_map(|(start, end)| Span { start, end });
    let kind = prop_oneof![
        2 => Just(InputKind::Connected),
        3 => time().prop_map(|onset| InputKind::RemoteSpeech(SpeechEdge::Started { onset })),
        3 => (time(), time()).prop_map(|(onset, end)| InputKind::RemoteSpeech(SpeechEdge::Ended { onset, end })),
        4 => (span(), 0..WORDS.len(), any::<bool>())
            .prop_map(|(span, words, is_final)| InputKind::Transcript { span, text: WORDS[words].to_owned(), is_final }),
        2 => time().prop_map(|speech_start| InputKind::Playback(Playback::Started { speech_start })),
        2 => time().prop_map(|speech_end| InputKind::Playback(Playback::SpeechEnded { speech_end })),
        2 => Just(InputKind::Playback(Playback::Finished)),
        1 => Just(InputKind::Dtmf('5')),
        1 => Just(InputKind::Transfer("sip:human@example.com".to_owned())),
        2 => Just(InputKind::Timeout),
        1 => Just(InputKind::Ended(EndCause::BotHungUp)),
    ];
    (0u32..3_000, kind)
}

fn nonsense(yaml: &str, events: Vec<(u32, InputKind)>) {
    let scenario = simulation::scenario(yaml);
    let mut conversation = Conversation::new(Arc::new(scenario.clone()));
    let mut open: BTreeMap<CallTime, Span> = BTreeMap::new();
    let mut turns = Vec::new();
    let mut now = CallTime::DIAL;
    let mut feed = |now: CallTime, kind: InputKind| {
        conversation.handle(Input { at: now, kind });
        let mut wake = None;
        let mut outputs = 0;
        while let Some(output) = conversation.poll() {
            outputs += 1;
            assert!(outputs < 100, "no end of outputs");
            match output {
                Output::WakeAt(at) => wake = Some(at),
                Output::Turn(turn) => turns.push(*turn),
                _ => {}
            }
        }
        assert!(wake.is_none_or(|at| at > now), "a wake-up in the past");
        (wake, conversation.is_over())
    };
    for (after, kind) in events {
        now = now + Duration::from_millis(u64::from(after));
        if let InputKind::RemoteSpeech(SpeechEdge::Started { onset } | SpeechEdge::Ended { onset, .. }) = kind {
            open.insert(onset, Span { start: onset, end: onset + Duration::from_millis(1) });
        }
        feed(now, kind);
    }
    feed(now, InputKind::Ended(EndCause::BotHungUp));
    let (mut wake, mut over) = (None, false);
    for span in open.into_values() {
        (wake, over) = feed(now, InputKind::Transcript { span, text: String::new(), is_final: true });
    }
    for _ in 0..5 {
        if let Some(at) = wake {
            now = at;
        } else {
            now = now + Duration::from_secs(3);
        }
        (wake, over) = feed(now, InputKind::Timeout);
    }
    assert!(over, "still not over");
    check_shape_of_nonsense(&scenario, &turns);
}

fn check_shape_of_nonsense(scenario: &Scenario, turns: &[TurnResult]) {
    let bots = (0..scenario.steps.len()).filter(|index| matches!(scenario.steps[*index], Step::Bot(_)));
    for step in bots {
        assert_eq!(turns.iter().filter(|turn| turn.step == step).count(), 1, "step {step}");
    }
}
