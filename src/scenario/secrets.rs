//! `${ENV}` in files, and masking its values in every output.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use crate::lock::lock;

/// What replaces a secret in any output.
pub(super) const MASK: &str = "[redacted]";
/// Shorter values would mask ordinary words.
const SHORTEST: usize = 4;

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
    used: Arc<Mutex<BTreeSet<String>>>,
}

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

    /// Marks a value as secret.
    pub fn add(&self, value: &str) {
        if value.chars().count() >= SHORTEST {
            lock(&self.used).insert(value.to_owned());
        }
    }

    /// JSON with every secret masked in its texts; numbers and keys stay what they are.
    pub fn redact_json(&self, value: serde_json::Value) -> serde_json::Value {
        map_texts(value, &|text| self.redact(text))
    }

    /// The text with every secret masked, the longest first.
    pub fn redact(&self, text: &str) -> String {
        let used = lock(&self.used);
        let mut longest_first: Vec<&String> = used.iter().collect();
        longest_first.sort_by_key(|value| std::cmp::Reverse(value.len()));
        longest_first.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
    }
}

/// JSON with each of its texts replaced; numbers and keys stay what they are.
pub fn map_texts(value: serde_json::Value, replace: &impl Fn(&str) -> String) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(replace(&text)),
        Value::Array(items) => items.into_iter().map(|item| map_texts(item, replace)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (name, map_texts(field, replace))).collect(),
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
    fn an_unset_variable_is_named() {
        assert_eq!(secrets().expand("${NOPE}"), Err("NOPE".to_owned()));
        assert_eq!(secrets().expand("costs $5 ${").as_deref(), Ok("costs $5 ${"));
    }
}
