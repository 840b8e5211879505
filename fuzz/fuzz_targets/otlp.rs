//! Exported spans, as protobuf and as JSON, and what they tell.
#![no_main]

use goldencall::internals::telemetry::{observe, otlp_json, otlp_protobuf};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for spans in [otlp_protobuf(body).map(|(spans, _)| spans), otlp_json(body)] {
        match spans {
            Ok(spans) => spans.iter().for_each(|span| drop(observe(span))),
            Err(error) => assert!(!error.is_empty(), "refused without a reason"),
        }
    }
});
