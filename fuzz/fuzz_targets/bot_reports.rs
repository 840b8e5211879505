//! What a bot says of itself over a data channel or a socket.
#![no_main]

use goldencall::telemetry::{openai, rtvi};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for reports in [rtvi::parse(text), openai::parse(text)] {
        let written = serde_json::to_string(&reports).expect("reports are JSON");
        let _: serde_json::Value = serde_json::from_str(&written).expect("reports read back");
    }
});
