//! What the sample bot answers a provider that asks where the stream of a call goes.

use serde_json::Value;

/// An answer document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub content_type: &'static str,
    pub text: String,
}

impl Document {
    /// TwiML and its like, with this inside of `<Response>`.
    pub fn xml(inner: &str) -> Self {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{inner}</Response>");
        Self { content_type: "application/xml", text }
    }

    /// JSON.
    pub fn json(value: &Value) -> Self {
        Self { content_type: "application/json", text: value.to_string() }
    }

    /// `<Connect><Stream>`, which Twilio and Telnyx share.
    pub fn connect_stream(url: &str) -> Self {
        Self::xml(&format!("<Connect><Stream url=\"{}\"/></Connect>", escaped(url)))
    }
}

/// A URL as the text or an attribute of an XML element.
pub(in crate::websocket) fn escaped(url: &str) -> String {
    url.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
