//! What the providers' signatures share: HMAC in base64, over fields in the order of their names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{Algorithm, Key, sign, verify};

/// Names and values of HTTP headers.
pub(in crate::websocket) type Headers = Vec<(String, String)>;
/// Names and values of a form.
pub(in crate::websocket) type Fields<'a> = &'a [(String, String)];

/// A request as a bot receives it.
pub(crate) struct Received<'a> {
    /// As the provider signed it.
    pub url: &'a str,
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    pub body: &'a str,
}

impl Received<'_> {
    /// The fields of a form.
    pub fn fields(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

/// A text's HMAC, in base64.
pub(in crate::websocket) fn hmac(algorithm: Algorithm, token: &str, text: &str) -> String {
    STANDARD.encode(sign(&Key::new(algorithm, token.as_bytes()), text.as_bytes()))
}

/// Whether a signature in base64 is a text's HMAC; compared in constant time.
pub(in crate::websocket) fn is_hmac(signature: &str, algorithm: Algorithm, token: &str, text: &str) -> bool {
    let key = Key::new(algorithm, token.as_bytes());
    STANDARD.decode(signature).is_ok_and(|signature| verify(&key, text.as_bytes(), &signature).is_ok())
}

/// Names and values, in the order of the names.
pub(in crate::websocket) fn sorted(fields: Fields<'_>) -> String {
    let mut fields: Vec<&(String, String)> = fields.iter().collect();
    fields.sort();
    fields.into_iter().map(|(name, value)| format!("{name}{value}")).collect()
}

#[cfg(test)]
pub(in crate::websocket) mod testing {
    use super::Headers;

    /// The fields of a call.
    pub fn fields() -> Headers {
        let pairs = [("CallSid", "CA1"), ("From", "+15550100"), ("To", "+15550101"), ("AccountSid", "AC1")];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }
}
