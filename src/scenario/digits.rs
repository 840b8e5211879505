//! Digits of a telephone in YAML.

use super::decode::Decoder;
use super::problem::Problem;
use super::source::Location;
use super::yaml::Node;
use crate::media::telephone_event;

/// No caller sends more at once.
const MOST: usize = 64;

/// A text of digits.
pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let text = decoder.text(node)?;
    checked(decoder, &text, node.location)
}

/// The digits of a text, in upper case; anything else in it is a problem.
pub(super) fn checked(decoder: &mut Decoder<'_>, text: &str, location: Location) -> Option<String> {
    let help = "write DTMF digits in quotes, such as `\"1#\"`: 0 to 9, *, # and A to D";
    let wrong = text.chars().find(|digit| telephone_event::code(*digit).is_none());
    let problem = match wrong {
        Some(wrong) => format!("`{}` is not a DTMF digit", wrong.escape_default()),
        None if text.is_empty() => "no digits".to_owned(),
        None if text.len() > MOST => format!("more than {MOST} digits"),
        None => return Some(text.to_ascii_uppercase()),
    };
    decoder.problem(Problem::new(location, problem).help(help));
    None
}
