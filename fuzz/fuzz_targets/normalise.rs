//! Any two texts can be compared, and every text says itself.
#![no_main]

use goldencall::internals::expect::{Leniency, Matcher};
use goldencall::internals::facts::normalise;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let (expected, heard) = texts;
    let read = normalise(heard);
    for token in read.tokens() {
        assert!(read.source().get(token.span.clone()).is_some(), "{token} has no place in the text");
    }
    let matcher = Matcher::Says(expected.to_owned());
    let score = matcher.judge(heard, &Leniency::default()).score.unwrap_or(0.0);
    assert!((0.0..=1.0).contains(&score), "score {score}");
    assert!(matcher.judge(expected, &Leniency::default()).met, "a text does not say itself");
});
