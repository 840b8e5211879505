//! What comes together in a scenario: variables, defaults, the environment.

use std::collections::BTreeMap;
use std::time::Duration;

use super::drawing::{read, secrets, source};
use crate::scenario::{Advance, BotStep, Config, Expectation, Scenario, Secrets, Setting, Step, parse_with};

fn with(text: &str, setting: &Setting) -> Scenario {
    parse_with(source("scenarios/test.yaml", text), setting, &|_, _| Ok(())).expect("a scenario")
}

fn bot(scenario: &Scenario, index: usize) -> &BotStep {
    match &scenario.steps[index] {
        Step::Bot(step) => step,
        other => panic!("no bot step: {other:?}"),
    }
}

#[test]
fn a_step_goes_before_the_scenario_before_the_project_before_the_built_in() {
    let project = "defaults: { latency: 1s, within: 4s, after: 100ms, advance: silence }\n";
    let config = Config::parse(&source("goldencall.yaml", project), &Secrets::default()).expect("a configuration");
    let setting = Setting { defaults: config.defaults, ..Setting::default() };
    let text = "defaults: { latency: 900ms, advance: match }\nsteps:\n  - bot: { says: Hello, latency: 800ms }\n  - bot: Hello\n";
    let scenario = with(text, &setting);
    let (first, second) = (bot(&scenario, 0), bot(&scenario, 1));
    let latency = |step: &BotStep| step.latency.map(|bound| (bound.limit.as_millis(), bound.explicit));
    assert_eq!(latency(first), Some((800, true)));
    assert_eq!(latency(second), Some((900, false)));
    assert_eq!(second.within.limit, Duration::from_secs(4));
    assert_eq!(second.end_silence, Duration::from_millis(700));
    assert_eq!(second.give_up, Duration::from_secs(3));
    assert_eq!(second.advance, Advance::Match);
}

#[test]
fn a_scenario_has_a_weight_of_one_unless_it_says_otherwise() {
    let weight = |text: &str| with(&format!("{text}steps:\n  - bot: Hello\n"), &Setting::default()).weight;
    assert_eq!([weight(""), weight("weight: 3\n"), weight("weight: 0\n")], [1, 3, 0]);
}

#[test]
fn what_names_are_heard_as_comes_together_name_by_name() {
    let project = "heard_as: { Xiomara: [Zumar, the Amara], Siobhan: Shivon }\ndefaults: { strict: true }\n";
    let config = Config::parse(&source("goldencall.yaml", project), &Secrets::default()).expect("a configuration");
    let setting = Setting { heard_as: config.heard_as, defaults: config.defaults, ..Setting::default() };
    let text = "heard_as: { Siobhan: [Chevonne], Niamh: Neve }\nsteps:\n  - bot: { says: Hello, strict: false }\n  - bot: Hello\n";
    let scenario = with(text, &setting);
    let names: Vec<String> = scenario.heard_as.iter().map(|(name, wordings)| format!("{name}: {}", wordings.join(", "))).collect();
    assert_eq!(names, ["Niamh: Neve", "Siobhan: Chevonne", "Xiomara: Zumar, the Amara"]);
    assert_eq!((bot(&scenario, 0).strict, bot(&scenario, 1).strict), (false, true));
    let own = with("defaults: { strict: false }\nsteps: [{ bot: Hello }]\n", &setting);
    assert!(!bot(&own, 0).strict && !bot(&with("steps: [{ bot: Hello }]\n", &Setting::default()), 0).strict);
}

#[test]
fn bounds_on_quality_come_together_one_by_one() {
    let project = "defaults: { quality: { mos: 3.5, loss: 2%, gaps: 0 } }\n";
    let config = Config::parse(&source("goldencall.yaml", project), &Secrets::default()).expect("a configuration");
    let setting = Setting { defaults: config.defaults, ..Setting::default() };
    let text = "defaults: { quality: { loss: < 1% } }
steps:
  - bot: { says: Hello, quality: { mos: '>= 4', jitter: < 30ms } }
  - caller: { silence: 1s }
  - bot: { silent_for: 2s }
";
    let scenario = with(text, &setting);
    let stated = |step: &BotStep| {
        let bounds =
            step.quality.stated().map(|bound| (bound.metric.key(), bound.comparison.to_string(), bound.value, bound.location.line));
        bounds.map(|(key, comparison, value, line)| format!("{key} {comparison} {value} (line {line})")).collect::<Vec<_>>()
    };
    let expected = ["mos >= 4 (line 3)", "loss < 1 (line 3)", "jitter < 30 (line 3)", "gaps <= 0 (line 3)"];
    assert_eq!(stated(bot(&scenario, 0)), expected);
    assert!(stated(bot(&scenario, 2)).is_empty());
}

#[test]
fn a_scenario_may_name_a_target_of_the_project() {
    let project = "targets: { lan: \"sip:bot@10.0.0.5\" }\n";
    let config = Config::parse(&source("goldencall.yaml", project), &Secrets::default()).expect("a configuration");
    let setting = Setting { targets: config.targets, ..Setting::default() };
    let scenario = with("target: lan\nsteps: [{ bot: Hello }]\n", &setting);
    assert_eq!(scenario.target.map(|target| target.label()), Some("sip:bot@10.0.0.5".to_owned()));
}

#[test]
fn stages_and_calls_in_all_their_forms() {
    let text = "variables: { day: Tuesday }
steps:
  - bot: { says: Hello, tts: 200ms, llm: 800ms, calls: find_slots }
  - caller: { silence: 1s }
  - bot: { calls: [find_slots, { book: { day: '{{day}}', guests: 2, at: { hour: 15 }, tags: [a, b] }, confirm: }] }
";
    let scenario = with(text, &Setting::default());
    let (first, second) = (bot(&scenario, 0), bot(&scenario, 2));
    let stages: Vec<_> = first.stages.iter().map(|(stage, bound)| (stage.key(), bound.limit.as_millis())).collect();
    assert_eq!(stages, [("llm", 800), ("tts", 200)]);
    assert_eq!((first.calls.len(), first.calls[0].name.as_str(), &first.calls[0].arguments), (1, "find_slots", &None));
    let names: Vec<&str> = second.calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["find_slots", "book", "confirm"]);
    let filled = second.calls[1].arguments(&scenario.variables).expect("arguments");
    assert_eq!(filled, serde_json::json!({"day": "Tuesday", "guests": "2", "at": {"hour": "15"}, "tags": ["a", "b"]}));
}

#[test]
fn the_command_line_goes_before_the_variables_of_the_scenario() {
    let setting = Setting { variables: BTreeMap::from([("day".to_owned(), "Friday".to_owned())]), ..Setting::default() };
    let text = "variables: { day: Tuesday, hour: 3 PM }\nsteps: [{ bot: 'On {{day}} at {{hour}}.' }]\n";
    let scenario = with(text, &setting);
    assert_eq!(scenario.variables.get("day").map(String::as_str), Some("Friday"));
    let Some((Expectation::Says(_), _)) = &bot(&scenario, 0).says else { panic!("words expected") };
    let matcher = bot(&scenario, 0).says.as_ref().map(|(says, _)| says.resolve(&scenario.variables));
    let described = matcher.expect("words").expect("a matcher").describe();
    assert_eq!(described, "says \"On Friday at 3 PM.\"");
}

#[test]
fn what_comes_from_the_environment_is_redacted_everywhere() {
    let secrets = secrets();
    let setting = Setting { secrets: secrets.clone(), ..Setting::default() };
    let text = "target: { sip: { uri: \"sip:a@b\", password: \"${SIP_PASSWORD}\" } }\nsteps: [{ bot: Hello }]\n";
    let _scenario = with(text, &setting);
    assert_eq!(secrets.redact("401 for hunter22"), "401 for [redacted]");
}

#[test]
fn a_password_in_a_uri_is_a_mistake_and_still_redacted() {
    let secrets = secrets();
    let setting = Setting { secrets: secrets.clone(), ..Setting::default() };
    let text = "target: sip:bot:pa55word@host\nsteps: [{ bot: Hello }]\n";
    let problems = parse_with(source("test.yaml", text), &setting, &|_, _| Ok(())).expect_err("a mistake");
    let place = problems.list[0].location;
    assert_eq!((place.line, place.column), (1, 9));
    let shown = super::drawing::draw_without(&problems, &secrets);
    assert!(shown.contains("sip:bot:********@host") && !shown.contains("pa55word"), "{shown}");
}

#[test]
fn the_name_is_that_of_the_file_where_none_is_given() {
    assert_eq!(read("steps: [{ bot: Hello }]").expect("a scenario").name, "test");
}

#[test]
fn a_file_from_another_system_parses() {
    let text = "\u{feff}name: Test\r\nsteps:\r\n  - bot: Hello\r\n";
    let scenario = read(text).expect("a scenario");
    assert_eq!((scenario.name.as_str(), scenario.steps.len()), ("Test", 1));
    let place = scenario.steps[0].location();
    assert_eq!((place.line, place.column, &text[place.offset..place.offset + place.length]), (3, 5, "bot"));
}

#[test]
fn locations_lead_to_the_words_they_name() {
    let text = "steps:\n  - bot: { says: \"Ça va 🙂\", latency: 1s }\n";
    let scenario = read(text).expect("a scenario");
    let step = bot(&scenario, 0);
    let at = |location: crate::scenario::Location| &text[location.offset..location.offset + location.length];
    assert_eq!(at(step.location), "bot");
    assert_eq!(step.says.as_ref().map(|(_, location)| at(*location)), Some("\"Ça va 🙂\""));
    assert_eq!(step.latency.map(|bound| at(bound.location)), Some("1s"));
    assert_eq!((step.location.line, step.location.column), (2, 5));
}
