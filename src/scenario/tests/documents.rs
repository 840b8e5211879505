//! Mistakes in the YAML itself.

use insta::assert_snapshot;

use super::drawing::{mistakes, read};

#[test]
fn empty_file() {
    assert_snapshot!(mistakes(""));
    assert_snapshot!("only_a_comment", mistakes("# nothing here\n"));
}

#[test]
fn no_mapping() {
    assert_snapshot!(mistakes("just words\n"));
}

#[test]
fn tabs() {
    assert_snapshot!(mistakes("name: Test\nsteps:\n\t- bot: Hello\n"));
}

#[test]
fn unclosed_quote() {
    assert_snapshot!(mistakes("name: Test\nsteps:\n  - bot: \"Hello\n  - bot: Goodbye\n"));
}

#[test]
fn unclosed_bracket() {
    assert_snapshot!(mistakes("name: Test\nsteps:\n  - bot: { says: Hello\n  - bot: Goodbye\n"));
}

#[test]
fn wrong_indentation() {
    assert_snapshot!(mistakes("name: Test\nsteps:\n  - bot:\n      says: Hello\n     latency: 1s\n"));
}

#[test]
fn colon_in_words() {
    assert_snapshot!(mistakes("name: Test\nsteps:\n  - bot: Your code: 4711\n"));
}

#[test]
fn second_document() {
    assert_snapshot!(mistakes("steps: [{ bot: Hello }]\n---\nsteps: [{ bot: Hello }]\n"));
}

#[test]
fn alias_bomb() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ["b", "c", "d", "e", "f"].into_iter().zip(["a", "b", "c", "d", "e"]) {
        text += &format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(", "));
    }
    assert_snapshot!(mistakes(&text));
}

#[test]
fn alias_to_itself() {
    assert_snapshot!(mistakes("steps: &a [*a]\n"));
}

#[test]
fn unknown_alias() {
    assert_snapshot!(mistakes("steps: *nowhere\n"));
}

#[test]
fn deep_nesting() {
    assert_snapshot!(mistakes(&format!("name: {}{}\n", "[".repeat(70), "]".repeat(70))));
    assert!(read(&"[".repeat(100_000)).is_err());
    assert!(read(&"- ".repeat(50_000)).is_err());
}

#[test]
fn keys_that_are_no_words() {
    assert_snapshot!(mistakes("? [a, b]\n: c\nsteps: [{ bot: Hello }]\n"));
}

#[test]
fn anchors_and_comments_are_fine() {
    let scenario = read("# A test\nname: Test\nsteps:\n  - bot: &hello Hello # words\n  - bot: *hello\n").expect("a scenario");
    assert_eq!(scenario.steps.len(), 2);
}

#[test]
fn unclosed_list() {
    assert_snapshot!(mistakes("name: Test\ntags: [a, b\nsteps:\n  - bot: Hello\n"));
}

#[test]
fn text_that_begins_with_a_star() {
    assert_snapshot!(mistakes("name: Test\nsteps:\n  - bot: *** Welcome\n"));
}
