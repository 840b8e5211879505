//! `${ENV}` in files, and masking its values in every output.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::lock::lock;

/// What RFC 3986 leaves as it is (section 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What replaces a secret in any output.
pub(super) const MASK: &str = "[redacted]";
/// Shorter values would mask ordinary words.
pub(super) const SHORTEST: usize = 4;

/// A text that is never shown: `Debug` prints the mask.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for sending.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

/// The environment a run may look at, and every value that was taken out of it.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    environment: Arc<BTreeMap<String, String>>,
    used: Arc<Mutex<Used>>,
}

/// Every form of every secret, and what finds them.
#[derive(Debug, Default)]
struct Used {
    forms: BTreeSet<String>,
    finder: Option<Arc<AhoCorasick>>,
}

/// A value that a secret cannot be taken out of without breaking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a secret is a part of it that cannot be masked")]
pub struct Unmaskable;

impl Secrets {
    /// Secrets come from these variables and no others.
    pub fn new(environment: BTreeMap<String, String>) -> Self {
        Self { environment: Arc::new(environment), used: Arc::default() }
    }

    /// Replaces every `${NAME}`; each value is a secret from then on.
    ///
    /// # Errors
    /// The name of the first variable that is not set.
    pub fn expand(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find("${") {
            let Some(close) = rest[open..].find('}').map(|at| at + open) else { break };
            let name = &rest[open + 2..close];
            let value = self.environment.get(name).ok_or_else(|| name.to_owned())?;
            self.add(value);
            out.push_str(&rest[..open]);
            out.push_str(value);
            rest = &rest[close + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    /// Marks a value as secret, in each form in which it may show.
    pub fn add(&self, value: &str) {
        if !is_long_enough(value) {
            return;
        }
        let mut used = lock(&self.used);
        if used.forms.insert(value.to_owned()) {
            used.forms.extend(forms(value));
            used.finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&used.forms).ok().map(Arc::new);
        }
    }

    /// The text with every secret masked.
    pub fn redact(&self, text: &str) -> String {
        self.replaced(text, |_| MASK.to_owned())
    }

    /// The text with every secret masked, as long as before: places in it and lengths of it stay what they are.
    pub fn blot(&self, text: &str) -> String {
        self.replaced(text, |found| "*".repeat(found.len()))
    }

    /// The value with every secret masked, in texts and in names of maps. Where a secret happens to be a word of the format (a field's
    /// name, a variant), that word stays: it is the same in everybody's files.
    ///
    /// # Errors
    /// The value cannot be written and read again, so that nothing could be masked.
    pub fn mask<T: Serialize + DeserializeOwned + Clone>(&self, value: &T) -> Result<T, Unmaskable> {
        let Some(finder) = self.finder() else { return Ok(value.clone()) };
        let json = serde_json::to_value(value).map_err(|_| Unmaskable)?;
        let mut places = 0;
        masked(&json, &finder, &|_| true, &mut places);
        if places == 0 {
            return Ok(value.clone());
        }
        read_again::<T>(&json).filter(|again| *again == json).ok_or(Unmaskable)?;
        let mut masks = vec![false; places];
        mask_all::<T>(&json, &finder, &mut masks, 0..places);
        let masked = masked(&json, &finder, &|place| masks.get(place) == Some(&true), &mut 0);
        serde_json::from_value(masked).map_err(|_| Unmaskable)
    }

    fn finder(&self) -> Option<Arc<AhoCorasick>> {
        lock(&self.used).finder.clone()
    }

    fn replaced(&self, text: &str, with: impl Fn(&str) -> String) -> String {
        let Some(finder) = self.finder() else { return text.to_owned() };
        let mut out = String::with_capacity(text.len());
        finder.replace_all_with(text, &mut out, |_, found, out| {
            out.push_str(&with(found));
            true
        });
        out
    }
}

/// Whether a value can be masked: shorter ones are in ordinary words.
pub fn is_long_enough(value: &str) -> bool {
    value.chars().count() >= SHORTEST
}

/// How a value looks inside of other formats.
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::to_string(value).unwrap_or_default();
    let xml = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;");
    let percent = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let uri = utf8_percent_encode(value, UNRESERVED).to_string();
    let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let mut all = vec![json.trim_matches('"').to_owned(), xml, lower_hex(&percent), percent, lower_hex(&uri), uri, form];
    for bytes_before in 0..3 {
        all.extend([&STANDARD, &URL_SAFE].map(|engine| in_base64(value, bytes_before, engine)));
    }
    all.retain(|form| is_long_enough(form));
    all
}

/// What of the base64 of a longer text is the value's alone, where so many bytes stand before it (modulo 3).
fn in_base64(value: &str, bytes_before: usize, engine: &GeneralPurpose) -> String {
    let text = [&vec![0; bytes_before], value.as_bytes()].concat();
    let from = (bytes_before * 8).div_ceil(6);
    engine.encode(&text).get(from..text.len() * 8 / 6).unwrap_or_default().to_owned()
}

/// The hexadecimal digits of percent-encoding, which are written in both cases.
fn lower_hex(text: &str) -> String {
    let mut digits = 0_u8;
    let lower = |c: char| match (c, digits) {
        ('%', _) => {
            digits = 2;
            c
        }
        (_, 0) => c,
        _ => {
            digits -= 1;
            c.to_ascii_lowercase()
        }
    };
    text.chars().map(lower).collect()
}

/// The JSON with secrets masked where `wanted` says so of a place, counted from 0.
fn masked(json: &Value, finder: &AhoCorasick, wanted: &dyn Fn(usize) -> bool, places: &mut usize) -> Value {
    let mask = |text: &str, places: &mut usize| {
        if !finder.is_match(text) {
            return text.to_owned();
        }
        *places += 1;
        if wanted(*places - 1) { finder.replace_all(text, &vec![MASK; finder.patterns_len()]) } else { text.to_owned() }
    };
    match json {
        Value::String(text) => Value::String(mask(text, places)),
        Value::Array(items) => items.iter().map(|item| masked(item, finder, wanted, places)).collect(),
        Value::Object(fields) => {
            let mut all = serde_json::Map::new();
            for (name, field) in fields {
                let mut name = mask(name, places);
                while all.contains_key(&name) {
                    name.push('\'');
                }
                all.insert(name, masked(field, finder, wanted, places));
            }
            Value::Object(all)
        }
        other => other.clone(),
    }
}

/// Masks as many of these places as the value allows.
fn mask_all<T: Serialize + DeserializeOwned>(json: &Value, finder: &AhoCorasick, masks: &mut [bool], places: Range<usize>) {
    let all = |masks: &mut [bool], on| masks.get_mut(places.clone()).into_iter().flatten().for_each(|mask| *mask = on);
    all(masks, true);
    let tried = masked(json, finder, &|place| masks.get(place) == Some(&true), &mut 0);
    if read_again::<T>(&tried).is_some_and(|again| again == tried) {
        return;
    }
    all(masks, false);
    if places.len() > 1 {
        let middle = places.start + places.len() / 2;
        mask_all::<T>(json, finder, masks, places.start..middle);
        mask_all::<T>(json, finder, masks, middle..places.end);
    }
}

/// What becomes of the JSON of a value that is read and written again: nothing that the type does not know is left.
fn read_again<T: Serialize + DeserializeOwned>(json: &Value) -> Option<Value> {
    serde_json::from_value::<T>(json.clone()).and_then(serde_json::to_value).ok()
}

/// JSON with each of its texts and names replaced; numbers stay what they are.
pub fn map_texts(value: serde_json::Value, replace: &impl Fn(&str) -> String) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(replace(&text)),
        Value::Array(items) => items.into_iter().map(|item| map_texts(item, replace)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (replace(&name), map_texts(field, replace))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::new(BTreeMap::from([("SIP_PASSWORD".to_owned(), "hunter22".to_owned())]))
    }

    #[test]
    fn what_was_taken_from_the_environment_never_shows() {
        let secrets = secrets();
        assert_eq!(secrets.expand("a${SIP_PASSWORD}b").as_deref(), Ok("ahunter22b"));
        assert_eq!(secrets.redact("sent hunter22 to the bot"), "sent [redacted] to the bot");
    }

    #[test]
    fn each_form_of_a_secret_is_masked() {
        let secrets = Secrets::default();
        secrets.add("p\"a&s w/9");
        for shown in ["p\"a&s w/9", "p\\\"a&s w/9", "p&quot;a&amp;s w/9", "p%22a%26s%20w%2F9", "p%22a%26s%20w%2f9", "p%22a%26s+w%2F9"] {
            assert_eq!(secrets.redact(&format!("<{shown}>")), "<[redacted]>", "{shown}");
        }
        for user in ["", "u", "us", "use"] {
            let encoded = STANDARD.encode(format!("{user}p\"a&s w/9 and more"));
            assert!(secrets.redact(&encoded).contains(MASK), "{encoded}");
        }
        assert_eq!(secrets.blot("<p\"a&s w/9>"), "<*********>");
        assert_eq!(secrets.redact("nothing of it"), "nothing of it");
    }

    #[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
    #[serde(tag = "event", rename_all = "snake_case")]
    enum Line {
        Turn { heard: String, captured: BTreeMap<String, String> },
    }

    fn line(heard: &str, name: &str) -> Line {
        Line::Turn { heard: heard.to_owned(), captured: BTreeMap::from([(name.to_owned(), "4829".to_owned())]) }
    }

    #[test]
    fn names_of_maps_are_masked_and_words_of_the_format_stay() {
        let secrets = Secrets::default();
        secrets.add("hunter22");
        assert_eq!(secrets.mask(&line("it is hunter22", "hunter22")), Ok(line("it is [redacted]", "[redacted]")));
        for word in ["turn", "event", "heard", "captured"] {
            let secrets = Secrets::default();
            secrets.add(word);
            let said = format!("the word {word}");
            assert_eq!(secrets.mask(&line(&said, "number")), Ok(line("the word [redacted]", "number")), "{word}");
        }
    }

    #[test]
    fn an_unset_variable_is_named() {
        assert_eq!(secrets().expand("${NOPE}"), Err("NOPE".to_owned()));
        assert_eq!(secrets().expand("costs $5 ${").as_deref(), Ok("costs $5 ${"));
    }
}
