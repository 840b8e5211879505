//! Text of peers on a terminal: what a bot, a proxy or a recogniser wrote must not move the cursor, ring or change colours.

use crate::runner::CallResult;
use crate::scenario::map_texts;

/// `text` with every control character but line feeds and tabs replaced, those of C1 and of text direction among them.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
}

fn is_printable(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    matches!(c, '\n' | '\t') || !(c.is_control() || turns)
}

/// The result with each of its texts replaced, so that no field can be forgotten.
pub(super) fn with_texts(result: &CallResult, replace: impl Fn(&str) -> String) -> CallResult {
    let value = serde_json::to_value(result).map(|value| map_texts(value, &replace));
    value.and_then(serde_json::from_value).unwrap_or_else(|_| result.clone())
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
