use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::ramp::Ramp;
use super::*;
use crate::scenario::{Setting, Source, Target, parse};

/// A run of one call of each of these scenarios.
fn run(names: &[String]) -> Plan {
    let scenario = |name: &String| {
        let text = format!("name: {name}\nsteps:\n  - bot: Hello\n").into();
        Arc::new(parse(Arc::new(Source { path: format!("{name}.yaml").into(), text }), &Setting::default()).expect("a scenario"))
    };
    let call = |(index, name): (usize, &String)| PlannedCall {
        number: index + 1,
        scenario: scenario(name),
        target: Target::Bot(Default::default()),
        label: String::new(),
        repetition: 1,
    };
    let calls = names.iter().enumerate().map(call).collect();
    Plan { calls, jobs: 1, ramp: Ramp::default(), retries: 0, thresholds: Vec::new(), part: None, recordings: None }
}

fn history<'a>(took: impl IntoIterator<Item = (&'a str, u64)>) -> History {
    let mut history = History::default();
    for (name, seconds) in took {
        history.add(name, format!("{name}.yaml").as_ref(), Duration::from_secs(seconds));
    }
    history
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.calls.iter().map(|call| call.scenario.name.as_str()).collect()
}

fn parts(plan: &Plan, history: &History, of: usize) -> Vec<Plan> {
    (1..=of).map(|number| plan.clone().arranged(history, Some(Shard { number, of }))).collect()
}

fn digests(parts: &[Plan]) -> Vec<&str> {
    parts.iter().filter_map(|part| part.part.as_ref()).map(|part| part.deal.as_str()).collect()
}

const LENGTHS: [(&str, u64); 6] = [("a", 60), ("b", 10), ("c", 50), ("d", 10), ("e", 40), ("f", 10)];

fn six() -> Plan {
    run(&LENGTHS.map(|(name, _)| name.to_owned()))
}

#[test]
fn the_longest_are_dealt_out_first_and_placed_first() {
    let whole = six();
    let of = |history: &History| parts(&whole, history, 2).iter().map(|part| names(part).join(" ")).collect::<Vec<_>>();
    // 150 s and 30 s by name; 90 s and 90 s by what is known.
    assert_eq!(of(&History::default()), ["a c e", "b d f"]);
    assert_eq!(of(&history(LENGTHS)), ["a b d f", "c e"].map(str::to_owned));
    assert_eq!(names(&whole.clone().arranged(&history(LENGTHS), None)).join(" "), "a c e b d f");
    assert_eq!(names(&whole.arranged(&History::default(), None)).join(" "), "a b c d e f");
}

#[test]
fn an_unknown_scenario_counts_as_the_median() {
    // `b` counts as the median of 9, 8, 5, 2 and 1.
    let whole = run(&["a", "b", "c", "d", "e", "f"].map(str::to_owned));
    let known = history([("a", 9), ("c", 2), ("d", 1), ("e", 8), ("f", 5), ("gone", 1000)]);
    assert_eq!(known.expected(&whole.calls).get(1), Some(&Duration::from_secs(5)));
    assert_eq!(known.known(&whole.calls), 5);
    // An even number of them: the lower of the two in the middle.
    assert_eq!(history([("a", 9), ("c", 2)]).expected(&whole.calls).get(1), Some(&Duration::from_secs(2)));
}

#[test]
fn a_scenario_takes_the_mean_of_its_calls_and_is_known_where_its_file_has_moved() {
    let whole = run(&["a".to_owned()]);
    let mut history = history([("a", 4), ("a", 7)]);
    history.add("a", "elsewhere/a.yaml".as_ref(), Duration::from_secs(100));
    assert_eq!(history.expected(&whole.calls), [Duration::from_millis(5500)]);
    let mut moved = History::default();
    moved.add("a", "elsewhere/a.yaml".as_ref(), Duration::from_secs(100));
    assert_eq!(moved.expected(&whole.calls), [Duration::from_secs(100)]);
}

#[test]
fn parts_that_were_dealt_out_differently_have_different_digests() {
    let whole = six();
    let digest = |plan: &Plan, history: &History| {
        let parts = parts(plan, history, 2);
        let digests = digests(&parts);
        assert_eq!(digests.first(), digests.last());
        digests.concat()
    };
    let by_name = digest(&whole, &History::default());
    assert_ne!(by_name, digest(&whole, &history(LENGTHS)));
    // Another history by which every part has the same calls does no harm.
    assert_eq!(by_name, digest(&whole, &history([("a", 3), ("b", 3)])));
    // As many calls, but not the same.
    assert_ne!(by_name, digest(&run(&["a", "b", "c", "d", "e", "g"].map(str::to_owned)), &History::default()));
}

proptest! {
    #[test]
    fn every_call_is_in_one_part_whatever_is_known(seconds in vec(option::of(0u64..500), 0..40), of in 1usize..9) {
        let names: Vec<String> = (0..seconds.len()).map(|k| format!("s{k:02}")).collect();
        let known = history(names.iter().zip(&seconds).filter_map(|(name, seconds)| Some((name.as_str(), (*seconds)?))));
        let whole = run(&names);
        let parts = parts(&whole, &known, of);
        let mut numbers: Vec<usize> = parts.iter().flat_map(|part| &part.calls).map(|call| call.number).collect();
        numbers.sort_unstable();
        prop_assert_eq!(numbers, Vec::from_iter(1..=names.len()));
        prop_assert!(digests(&parts).windows(2).all(|pair| pair[0] == pair[1]));

        // No part has more to do than another by more than its last call: the one that was dealt to it when it had the least.
        let expected: BTreeMap<usize, Duration> = whole.calls.iter().map(|call| call.number).zip(known.expected(&whole.calls)).collect();
        let load = |part: &Plan| part.calls.iter().map(|call| expected[&call.number]).sum::<Duration>();
        let least = parts.iter().map(load).min().unwrap_or_default();
        for part in &parts {
            let last = part.calls.last().map_or(Duration::ZERO, |call| expected[&call.number]);
            prop_assert!(load(part) <= least + last);
            prop_assert!(part.calls.windows(2).all(|pair| expected[&pair[0].number] >= expected[&pair[1].number]));
        }
    }

    #[test]
    fn without_history_calls_are_dealt_out_in_turn(count in 0usize..40, of in 1usize..9) {
        let names: Vec<String> = (0..count).rev().map(|k| format!("s{k:02}")).collect();
        for (index, part) in parts(&run(&names), &History::default(), of).iter().enumerate() {
            // In the order of their numbers, which here is that of their names, backwards.
            let expected: Vec<&String> = names.iter().rev().skip(index).step_by(of).collect();
            let found: Vec<String> = part.calls.iter().rev().map(|call| call.scenario.name.clone()).collect();
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        }
    }
}
