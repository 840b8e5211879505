//! Makes text from peers safe to print: nothing from a bot, a proxy, a recogniser or a file may move the cursor, ring the bell, change
//! colours or the direction of text, nor give a command to the CI system that reads the log.

use std::borrow::Cow;

/// `text` with every control character but line feeds and tabs replaced, those of C1 and of text direction among them.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
}

/// Whether a character is text and nothing else.
pub fn is_printable(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    matches!(c, '\n' | '\t') || !(c.is_control() || turns)
}

/// The text for the log of a CI system: no line of it is a command. GitHub takes lines that begin with `::` and `##[` anywhere, Azure
/// `##vso[` and `##[`.
pub fn for_log(text: &str) -> Cow<'_, str> {
    let commands = |line: &str| line.trim_start().starts_with("::") || line.contains("##[") || line.contains("##vso[");
    if !text.split('\n').any(commands) {
        return Cow::Borrowed(text);
    }
    let defused = |line: &str| {
        let line = line.replace("##[", "## [").replace("##vso[", "## vso[");
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with("::") { format!("{}: {}", &line[..indent], &line[indent + 1..]) } else { line }
    };
    Cow::Owned(text.split('\n').map(defused).collect::<Vec<_>>().join("\n"))
}

/// The text with something printable in place of what is not, as long as before: places in it stay what they are.
pub fn covered(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\r' => out.push(c),
            c if is_printable(c) => out.push(c),
            c => out.extend(std::iter::repeat_n('?', c.len_utf8())),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_gone_and_words_stay() {
        assert_eq!(printable("\u{1b}[31mred\u{1b}[0m\u{7}"), "\u{fffd}[31mred\u{fffd}[0m\u{fffd}");
        assert_eq!(printable("\u{1b}]52;c;aGk=\u{7}\0"), "\u{fffd}]52;c;aGk=\u{fffd}\u{fffd}");
        assert_eq!(printable("\u{9b}2J\u{202e}abc\r"), "\u{fffd}2J\u{fffd}abc\u{fffd}");
        assert_eq!(printable("Grüße, 你好\n\tok"), "Grüße, 你好\n\tok");
    }

    #[test]
    fn what_is_covered_keeps_its_length() {
        assert_eq!(covered("a\u{1b}[2J\u{202e}b\r\n"), "a?[2J???b\r\n");
    }

    #[test]
    fn no_line_is_a_command() {
        assert_eq!(for_log("heard:\n  ::error::x\n::set-output name=a::b"), "heard:\n  : :error::x\n: :set-output name=a::b");
        assert_eq!(for_log("a ##[group]b\n##vso[task.setvariable variable=x]y"), "a ## [group]b\n## vso[task.setvariable variable=x]y");
        assert!(matches!(for_log("std::fs at ::1 is fine"), Cow::Borrowed(_)));
    }
}
