//! What is not speech in a text: Markdown, and the marks that recognisers put in for sounds.

/// Sounds in round brackets; in square ones any word is a mark.
const SOUNDS: &[&str] = &[
    "music",
    "laughs",
    "laughter",
    "laughing",
    "applause",
    "inaudible",
    "unintelligible",
    "silence",
    "noise",
    "background noise",
    "coughs",
    "coughing",
    "sighs",
    "crosstalk",
    "pause",
    "beep",
    "ringing",
    "static",
    "speaking foreign language",
    "blank audio",
];
/// A longer text in brackets is not a mark.
const LONGEST_MARK: usize = 32;

/// `text` with Markdown and marks such as `[MUSIC]` overwritten by spaces, so that every other byte keeps its place.
pub(super) fn without_marks(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut blank = |range: std::ops::Range<usize>| bytes.get_mut(range).into_iter().flatten().for_each(|b| *b = b' ');
    for (at, c) in text.char_indices() {
        match c {
            '[' => mark(text, at, ']', |_| true).into_iter().for_each(&mut blank),
            '(' => mark(text, at, ')', |inside| SOUNDS.contains(&inside)).into_iter().for_each(&mut blank),
            '<' => mark(text, at, '>', |_| true).into_iter().for_each(&mut blank),
            '♪' | '♫' | '\u{200b}' | '\u{feff}' => blank(at..at + c.len_utf8()),
            '*' | '_' | '`' | '#' | '~' if is_markdown(text, at, c) => blank(at..at + 1),
            _ => {}
        }
    }
    // Whole characters were overwritten, each by spaces: this is UTF-8 still.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The place of a mark such as `[BLANK_AUDIO]` or `(laughs)`: letters only, and at a word's boundary.
fn mark(text: &str, at: usize, close: char, known: impl Fn(&str) -> bool) -> Option<std::ops::Range<usize>> {
    let length = text.get(at + 1..)?.char_indices().take(LONGEST_MARK).find(|(_, c)| *c == close)?.0;
    let inside = text.get(at + 1..at + 1 + length)?;
    let inside = inside.strip_prefix('/').filter(|_| close == '>').unwrap_or(inside);
    let words = inside.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '_' | '|' | '-'))
        && !inside.is_empty()
        && inside.trim() == inside;
    let after = text.get(at + 2 + length..)?.chars().next();
    // "[text](address)" is a link: its text is read.
    (words && after != Some('(') && known(&inside.to_ascii_lowercase())).then_some(at..at + 2 + length)
}

/// Emphasis and code marks touch a word on one side only; `#` begins a heading.
fn is_markdown(text: &str, at: usize, c: char) -> bool {
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    let outer_before = before.trim_end_matches(c).chars().next_back();
    let outer_after = after.trim_start_matches(c).chars().next();
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let touched = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
    let double = before.ends_with(c) || after.starts_with(c);
    match c {
        '#' => before.trim_end_matches('#').chars().next_back().is_none_or(|c| c == '\n') && outer_after == Some(' '),
        '_' | '`' | '~' => !(word(outer_before) && word(outer_after)),
        '*' if double => (touched(outer_before) || touched(outer_after)) && has_partner(before, after, c),
        // A lone star is a key of the telephone.
        _ => word(outer_before) != word(outer_after) && has_partner(before, after, c),
    }
}

/// The same mark stands somewhere before or after on the line, touching a word.
fn has_partner(before: &str, after: &str, c: char) -> bool {
    let line_before = before.rsplit('\n').next().unwrap_or_default().trim_end_matches(c);
    let line_after = after.split('\n').next().unwrap_or_default().trim_start_matches(c);
    line_before.contains(c) || line_after.contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_markdown_are_blanked_in_place() {
        for (text, left) in [
            ("[MUSIC] Hello", "        Hello"),
            ("Hello (laughs) there", "Hello          there"),
            ("Hello [BLANK_AUDIO]", "Hello              "),
            ("<unk> yes", "      yes"),
            ("Your **Tuesday** slot", "Your   Tuesday   slot"),
            ("It is *not* open", "It is  not  open"),
            ("Use `code` now", "Use  code  now"),
            ("## Hello", "   Hello"),
        ] {
            assert_eq!(without_marks(text), left);
        }
    }

    #[test]
    fn what_is_said_stays() {
        for text in ["(415) 555-0132", "401(k)", "press * now", "press # now", "john_smith@example.com", "gate #5", "5 [5] 6", "a < b > 2"]
        {
            assert_eq!(without_marks(text), text);
        }
    }
}
