//! Whether the bot called a function, with the expected arguments.

use std::fmt;

use serde_json::Value;

use crate::telemetry::ToolCall;

/// How an expected function call came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallVerdict {
    /// The function was called, with the expected arguments.
    Met,
    /// The function was not called.
    Missing {
        /// The functions that were called instead, in order; empty names where the bot does not report them.
        called: Vec<String>,
    },
    /// The function was called with other arguments.
    WrongArguments {
        /// How the call that came closest differs, in words.
        differences: Vec<String>,
    },
}

/// Looks for a call of `expected_name` whose arguments contain `expected_args`.
///
/// Names are equal to the letter. Objects need the expected keys only, at every depth; lists need the same length.
/// Texts are equal without regard to case and to spaces around them, numbers by value, also where one side is a text:
/// `5`, `5.0` and `"5"` are equal, as are `true` and `"True"`. `null` is met by a missing key.
pub(super) fn match_call(expected_name: &str, expected_args: Option<&Value>, calls: &[ToolCall]) -> CallVerdict {
    let named = calls.iter().filter(|call| call.name == expected_name);
    let closest = named.map(|call| expected_args.map_or_else(Vec::new, |args| differences(args, call))).min_by_key(Vec::len);
    match closest {
        None => CallVerdict::Missing { called: calls.iter().map(|call| call.name.clone()).collect() },
        Some(differences) if differences.is_empty() => CallVerdict::Met,
        Some(differences) => CallVerdict::WrongArguments { differences },
    }
}

fn differences(expected: &Value, call: &ToolCall) -> Vec<String> {
    let mut found = Vec::new();
    compare("", expected, Some(&call.arguments), &mut found);
    if !found.is_empty() && call.arguments.is_null() {
        return vec!["the bot does not report the arguments of its calls".to_owned()];
    }
    found
}

fn compare(path: &str, expected: &Value, actual: Option<&Value>, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(keys), Some(Value::Object(actual))) => {
            for (key, expected) in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, expected, actual.get(key), found);
            }
        }
        (Value::Array(items), Some(Value::Array(actual))) if items.len() == actual.len() => {
            for (index, (expected, actual)) in items.iter().zip(actual).enumerate() {
                compare(&format!("{path}[{index}]"), expected, Some(actual), found);
            }
        }
        (expected, actual) if equal(expected, actual.unwrap_or(&Value::Null)) => {}
        (expected, actual) => found.push(Difference { path, expected, actual }.to_string()),
    }
}

/// Whether two values that are not both objects or both lists mean the same.
fn equal(expected: &Value, actual: &Value) -> bool {
    let (Some(expected_text), Some(actual_text)) = (scalar(expected), scalar(actual)) else { return expected == actual };
    if expected_text == actual_text {
        return true;
    }
    // Two texts are texts, even of digits: a postcode "01234" is not "1234".
    if !expected.is_number() && !actual.is_number() {
        return false;
    }
    if ![&expected_text, &actual_text].into_iter().all(|text| is_written_as_a_number(text)) {
        return false;
    }
    // As integers: floats lose the last digits of long numbers.
    match (expected_text.parse::<i128>(), actual_text.parse::<i128>()) {
        (Ok(expected), Ok(actual)) => expected == actual,
        _ => matches!((expected_text.parse::<f64>(), actual_text.parse::<f64>()), (Ok(a), Ok(b)) if a == b),
    }
}

/// `+15550100` is a phone number and `01234` a postcode: neither is the number that it looks like.
fn is_written_as_a_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.starts_with('0') && digits[1..].starts_with(|next: char| next.is_ascii_digit());
    digits.starts_with(|first: char| first.is_ascii_digit()) && !leading_zero
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_lowercase()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

struct Difference<'a> {
    path: &'a str,
    expected: &'a Value,
    actual: Option<&'a Value>,
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "arguments" } else { self.path };
        write!(f, "{path}: expected {}, got ", self.expected)?;
        match self.actual {
            Some(actual) => write!(f, "{actual}"),
            None => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn call(name: &str, arguments: Value) -> ToolCall {
        ToolCall { name: name.to_owned(), arguments, id: None }
    }

    fn wrong(expected: Value, actual: Value) -> String {
        match match_call("book", Some(&expected), &[call("book", actual)]) {
            CallVerdict::WrongArguments { differences } => differences.join("; "),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn arguments_are_a_subset_compared_by_meaning() {
        let expected = json!({"name": " alice ", "guests": 5, "vip": "True", "at": {"hour": "15"}, "note": null});
        let actual = json!({"name": "Alice", "guests": "5.0", "vip": true, "at": {"hour": 15, "minute": 0}, "extra": 1});
        assert_eq!(wrong(expected, actual), "Met");
    }

    #[test]
    fn differences_are_told_in_words() {
        let expected = json!({"at": {"day": 3}, "dishes": ["soup", "fish"], "name": "Eve", "time": "15:00"});
        let actual = json!({"time": "16:00", "at": {"day": "4"}, "dishes": ["soup", "meat"]});
        insta::assert_snapshot!(wrong(expected, actual).replace("; ", "\n"), @r#"
        at.day: expected 3, got "4"
        dishes[1]: expected "fish", got "meat"
        name: expected "Eve", got nothing
        time: expected "15:00", got "16:00"
        "#);
    }

    #[test]
    fn digits_in_texts_and_long_numbers_stay_what_they_are() {
        insta::assert_snapshot!(wrong(json!({"zip": "01234"}), json!({"zip": "1234"})), @r#"zip: expected "01234", got "1234""#);
        insta::assert_snapshot!(wrong(json!({"zip": "01234"}), json!({"zip": 1234})), @r#"zip: expected "01234", got 1234"#);
        insta::assert_snapshot!(wrong(json!({"to": "+15550100"}), json!({"to": 15550100})), @r#"to: expected "+15550100", got 15550100"#);
        insta::assert_snapshot!(wrong(json!({"id": 9007199254740993_i64}), json!({"id": "9007199254740992"})), @r#"id: expected 9007199254740993, got "9007199254740992""#);
    }

    #[test]
    fn the_closest_of_several_calls_counts() {
        let calls = [call("book", json!({"a": 0, "b": 0})), call("book", json!({"a": 1, "b": 0})), call("end", json!({}))];
        let differences = vec!["b: expected 1, got 0".to_owned()];
        assert_eq!(match_call("book", Some(&json!({"a": 1, "b": 1})), &calls), CallVerdict::WrongArguments { differences });
        assert_eq!(match_call("book", None, &calls), CallVerdict::Met);
        let called = vec!["book".to_owned(), "book".to_owned(), "end".to_owned()];
        assert_eq!(match_call("Book", None, &calls), CallVerdict::Missing { called });
    }

    #[test]
    fn arguments_that_the_bot_keeps_to_itself_are_no_wrong_arguments_in_disguise() {
        insta::assert_snapshot!(wrong(json!({"a": 1}), Value::Null), @"the bot does not report the arguments of its calls");
        insta::assert_snapshot!(wrong(json!({"a": 1}), json!("{\"a\":")), @r#"arguments: expected {"a":1}, got "{\"a\":""#);
        assert_eq!(match_call("book", None, &[call("book", Value::Null)]), CallVerdict::Met);
    }

    proptest! {
        #[test]
        fn every_value_meets_itself(text in any::<String>(), number in any::<i64>(), float in any::<f64>(), flag: bool) {
            let value = json!({"text": text, "list": [number, float, {"flag": flag}]});
            prop_assert_eq!(match_call("f", Some(&value), &[call("f", value.clone())]), CallVerdict::Met);
        }
    }
}
