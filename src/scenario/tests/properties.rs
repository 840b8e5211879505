//! No text makes the parser panic, and every mistake it reports lies inside the text.

use proptest::prelude::*;

use super::drawing::{draw, read, secrets, source};
use crate::scenario::{Config, Problems, Script};

const VALID: &str = "name: Book an appointment
tags: [golden, booking]
target: { sip: { uri: \"sip:bot@host\", codecs: [pcmu] } }
timeout: 90s
variables: { day: Tuesday }
defaults: { latency: 1500ms, within: 8s }
steps:
  - bot: Thanks for calling Acme. Ça va 🙂?
  - caller: { audio: a.wav, barge_in: 1s }
  - bot:
      says:
        any:
          - matches: '(?i){{day}}.*\\b3\\b'
          - similar: You are booked for {{day}}.
      not: { contains: [sorry, \"no\"] }
      capture: { code: 'code is (\\w+)' }
  - caller: { silence: 1m30s }
  - hangup: { by: bot, within: 2s }
";

const PIECES: &[&str] = &[
    "{{", "}}", "${", "}", "{", "[", "]", ": ", "- ", "\n", "\t", "\r\n", "&a ", "*a", "\"", "'", "#", "|\n", "---\n", "? ", "!!str ",
    "🙂", "é", "\u{feff}", "\0", "says", "bot", "0s", "-1s", "9e99s", "null", "~", "<<: ",
];

fn check(problems: &Problems) -> Result<(), TestCaseError> {
    prop_assert!(!problems.list.is_empty());
    let text = &problems.source.text;
    for problem in &problems.list {
        let place = problem.location;
        prop_assert!(text.get(place.offset..place.offset + place.length).is_some(), "{problem:?}");
        prop_assert!(place.line >= 1 && place.column >= 1, "{problem:?}");
    }
    draw(problems);
    Ok(())
}

fn check_all(text: &str) -> Result<(), TestCaseError> {
    if let Err(problems) = read(text) {
        check(&problems)?;
    }
    if let Err(problems) = Config::parse(&source("goldencall.yaml", text), &secrets()) {
        check(&problems)?;
    }
    if let Err(problems) = Script::parse(&source("bot.yaml", text)) {
        check(&problems)?;
    }
    Ok(())
}

/// A cut out of the text, and what is put in its place.
fn mutation() -> impl Strategy<Value = (usize, usize, String)> {
    let piece = prop_oneof![3 => proptest::sample::select(PIECES).prop_map(str::to_owned), 1 => ".{0,3}"];
    (0..VALID.len(), 0usize..6, piece)
}

fn mutate(text: &str, (at, length, piece): &(usize, usize, String)) -> String {
    let kept = |range: std::ops::Range<usize>| text.char_indices().filter(move |(index, _)| range.contains(index)).map(|(_, c)| c);
    kept(0..*at).chain(piece.chars()).chain(kept(at + length..usize::MAX)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        check_all(&text)?;
    }

    #[test]
    fn any_pieces(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..30)) {
        check_all(&pieces.concat())?;
    }

    #[test]
    fn a_valid_text_with_mistakes_in_it(mutations in proptest::collection::vec(mutation(), 1..4)) {
        let text = mutations.iter().fold(VALID.to_owned(), |text, mutation| mutate(&text, mutation));
        check_all(&text)?;
    }
}

#[test]
fn the_text_is_valid() {
    assert!(read(VALID).is_ok());
}
