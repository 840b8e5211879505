//! Events without control characters, whatever peers wrote.

use crate::printable::{is_printable, printable};
use crate::runner::Event;
use crate::scenario::map_texts;

/// The event with each of its texts printable, so that no field can be forgotten; paths stay.
pub fn clean(event: Event) -> Event {
    let Ok(value) = serde_json::to_value(&event) else { return event };
    if is_clean(&value) {
        return event;
    }
    let mut clean: Event = serde_json::from_value(map_texts(value, &printable)).unwrap_or(Event::Unknown);
    if let (Event::CallFinished { result: clean }, Event::CallFinished { result }) = (&mut clean, event) {
        (clean.file, clean.recording) = (result.file, result.recording);
    }
    clean
}

fn is_clean(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.chars().all(is_printable),
        serde_json::Value::Array(items) => items.iter().all(is_clean),
        serde_json::Value::Object(fields) => fields.iter().all(|(name, field)| name.chars().all(is_printable) && is_clean(field)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_an_event_is_cleaned() {
        let event = |scenario: &str| Event::CallStarted { call: 1, scenario: scenario.to_owned(), target: "sip:bot@host".to_owned() };
        assert_eq!(clean(event("a\u{1b}[2Jb")), event("a\u{fffd}[2Jb"));
        assert_eq!(clean(event("plain")), event("plain"));
    }
}
