//! Digest headers that `rsipstack` 0.7.14 reads and writes differently from RFC 7616, and a watch on
//! who has answered at all.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, SipMessage};
use rsipstack::transaction::endpoint::MessageInspector;
use rsipstack::transport::SipAddr;

/// Call-IDs for which any response has come in.
pub(crate) type Answered = Arc<Mutex<HashSet<String>>>;

/// Rewrites digest headers on the way in and out.
pub(crate) struct Inspector {
    answered: Answered,
}

impl Inspector {
    pub fn new(answered: Answered) -> Self {
        Self { answered }
    }
}

impl MessageInspector for Inspector {
    fn before_send(&self, mut message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        // RFC 7616, section 3.4: `qop` and `algorithm` are tokens here, not quoted strings.
        rewrite(&mut message, &[("qop=\"auth\"", "qop=auth"), ("algorithm=SHA256", "algorithm=SHA-256")]);
        message
    }

    fn after_received(&self, mut message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Response(response) = &message
            && let Ok(id) = response.call_id_header()
        {
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(id.value().to_owned());
        }
        let fixes = [
            ("algorithm=SHA-256", "algorithm=SHA256"),
            ("algorithm=\"SHA-256\"", "algorithm=SHA256"),
            ("qop=\"auth,auth-int\"", "qop=\"auth\""),
            ("qop=\"auth, auth-int\"", "qop=\"auth\""),
        ];
        rewrite(&mut message, &fixes);
        message
    }
}

fn rewrite(message: &mut SipMessage, fixes: &[(&str, &str)]) {
    let headers = match message {
        SipMessage::Request(request) => &mut request.headers,
        SipMessage::Response(response) => &mut response.headers,
    };
    let fix = |text: &str| fixes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    for header in headers.iter_mut() {
        match header {
            Header::Authorization(value) => *value = fix(value.value()).into(),
            Header::ProxyAuthorization(value) => *value = fix(value.value()).into(),
            Header::WwwAuthenticate(value) => *value = fix(value.value()).into(),
            Header::ProxyAuthenticate(value) => *value = fix(value.value()).into(),
            _ => {}
        }
    }
}
