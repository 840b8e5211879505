//! The JSON schema of the scenario language, for editors.

/// JSON Schema (2020-12) of a scenario file; a test holds it to the keys that the parser knows.
pub const SCENARIO_SCHEMA: &str = include_str!("../../schema/scenario.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::{defaults, matchers, parse, quality, steps, targets};
    use super::*;

    fn keys(schema: &Value, pointer: &str) -> BTreeSet<String> {
        let properties = schema.pointer(pointer).and_then(Value::as_object).expect(pointer);
        properties.keys().cloned().collect()
    }

    #[test]
    fn the_schema_knows_the_keys_that_the_parser_knows() {
        let schema: Value = serde_json::from_str(SCENARIO_SCHEMA).expect("JSON");
        let tables = [
            ("/properties", parse::SCENARIO_KEYS),
            ("/$defs/defaults/properties", defaults::DEFAULT_KEYS),
            ("/$defs/matchers/properties", matchers::MATCHER_KEYS),
            ("/$defs/bot/properties", steps::BOT_KEYS),
            ("/$defs/quality/properties", &quality::QUALITY_KEYS),
            ("/$defs/caller/properties", steps::CALLER_KEYS),
            ("/$defs/step/properties", steps::STEP_KEYS),
            ("/$defs/step/properties/transfer/oneOf/1/properties", steps::TRANSFER_KEYS),
            ("/$defs/step/properties/hangup/oneOf/1/properties", steps::HANGUP_KEYS),
            ("/$defs/target/oneOf/1/properties", targets::TARGET_KEYS),
            ("/$defs/target/oneOf/1/properties/sip/properties", targets::SIP_KEYS),
            ("/$defs/webrtc/properties", targets::WEBRTC_KEYS),
            ("/$defs/websocket/properties", targets::WEBSOCKET_KEYS),
            ("/$defs/originate/properties", targets::ORIGINATE_KEYS),
        ];
        for (pointer, known) in tables {
            assert_eq!(keys(&schema, pointer), known.iter().map(|key| (*key).to_owned()).collect(), "{pointer}");
        }
    }
}
