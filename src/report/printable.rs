//! Text of peers on a terminal: what a bot, a proxy or a recogniser wrote must not move the cursor, ring or change colours.

use crate::runner::CallResult;

/// `text` with every control character but line feeds and tabs replaced, those of C1 and of text direction among them.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
}

fn is_printable(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    matches!(c, '\n' | '\t') || !(c.is_control() || turns)
}

/// The result with all its texts printable.
pub(super) fn printable_result(result: &CallResult) -> CallResult {
    let value = serde_json::to_value(result).map(texts);
    value.and_then(serde_json::from_value).unwrap_or_else(|_| result.clone())
}

fn texts(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(printable(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(texts).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, texts(value))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn escape_sequences_are_gone_and_words_stay() {
        assert_eq!(printable("\u{1b}[31mred\u{1b}[0m\u{7}"), "\u{fffd}[31mred\u{fffd}[0m\u{fffd}");
        assert_eq!(printable("\u{9b}2J\u{202e}abc\r"), "\u{fffd}2J\u{fffd}abc\u{fffd}");
        assert_eq!(printable("Grüße, 你好\n\tok"), "Grüße, 你好\n\tok");
    }
}
