//! A scenario parses or tells what is wrong with it, at a place inside the text.
#![no_main]

use std::path::PathBuf;
use std::sync::Arc;

use goldencall::internals::scenario::{Setting, Source, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Arc::new(Source { path: PathBuf::from("nowhere/fuzz.yaml"), text: Arc::from(text) });
    if let Err(problems) = parse(source, &Setting::default()) {
        assert!(!problems.list.is_empty(), "refused without a reason");
        for problem in &problems.list {
            assert!(problem.location.offset <= text.len(), "{:?} is outside the text", problem.location);
        }
    }
});
