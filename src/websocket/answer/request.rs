//! The request that a provider makes to `answer_url`, before it is sent.

use url::Url;

use crate::websocket::protocol::StreamStart;

/// A request, before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnswerRequest {
    /// GET, or else POST with the body.
    pub get: bool,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What a provider signs its request with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signing<'a> {
    /// The target's `auth_token`, where it has one.
    pub token: Option<&'a str>,
    pub unix_seconds: i64,
    pub nonce: &'a str,
}

/// Twilio's fields, which Telnyx's TeXML shares.
pub(in crate::websocket) fn twiml_fields(start: &StreamStart) -> Vec<(String, String)> {
    pairs(&[
        ("CallSid", &start.call_id),
        ("AccountSid", &start.account_id),
        ("From", &start.from),
        ("To", &start.to),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("ApiVersion", "2010-04-01"),
    ])
}

/// Names and values, owned.
pub(in crate::websocket) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl AnswerRequest {
    /// A POST of a form.
    pub fn form(url: Url, fields: &[(String, String)], headers: Vec<(String, String)>) -> Self {
        Self::post(url, "application/x-www-form-urlencoded", form(fields), headers)
    }

    /// A POST of a body of this content type.
    pub fn post(url: Url, content_type: &str, body: String, mut headers: Vec<(String, String)>) -> Self {
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
        Self { get: false, url, headers, body }
    }

    /// A GET with fields in its query.
    pub fn get(mut url: Url, fields: &[(String, String)], headers: Vec<(String, String)>) -> Self {
        url.query_pairs_mut().extend_pairs(fields);
        Self { get: true, url, headers, body: String::new() }
    }
}

/// Fields as the body of a form.
pub(in crate::websocket) fn form(fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
