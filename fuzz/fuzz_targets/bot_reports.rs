//! What a bot says of itself over a data channel or a socket.
#![no_main]

use goldencall::internals::telemetry::{parse_openai, parse_rtvi};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for reports in [parse_rtvi(text), parse_openai(text)] {
        let written = serde_json::to_string(&reports).expect("reports are JSON");
        let _: serde_json::Value = serde_json::from_str(&written).expect("reports read back");
    }
});
