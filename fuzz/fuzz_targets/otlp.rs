//! Exported spans, as protobuf and as JSON, and what they tell.
#![no_main]

use goldencall::telemetry::{observe, otlp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for spans in [otlp::protobuf(body), otlp::json(body)] {
        match spans {
            Ok(spans) => spans.iter().for_each(|span| drop(observe(span))),
            Err(error) => assert!(!error.is_empty(), "refused without a reason"),
        }
    }
});
