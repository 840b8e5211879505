//! A SIP target.

use std::fmt;
use std::time::Duration;

use super::Codec;
use crate::scenario::secrets::MASK;

/// A SIP user agent.
#[derive(Clone, PartialEq)]
pub struct SipTarget {
    /// `sip:user@host:port`.
    pub uri: String,
    /// Offered in this order.
    pub codecs: Vec<Codec>,
    /// For digest authentication.
    pub username: Option<String>,
    /// For digest authentication; redacted everywhere.
    pub password: Option<String>,
    /// How long it may ring.
    pub ring_timeout: Duration,
    /// Further headers of the INVITE.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for SipTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SipTarget")
            .field("uri", &self.uri)
            .field("codecs", &self.codecs)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| MASK))
            .field("ring_timeout", &self.ring_timeout)
            .field("headers", &self.headers)
            .finish()
    }
}

impl SipTarget {
    /// A target with the defaults: PCMU, then PCMA; no credentials; 30 s of ringing.
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            username: None,
            password: None,
            ring_timeout: Duration::from_secs(30),
            headers: Vec::new(),
        }
    }
}

/// The URI itself, once it is known to be one.
pub(super) fn uri(uri: &str, rest: &str) -> Result<String, String> {
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host.split([';', '?']).next().unwrap_or_default();
    if host.is_empty() || uri.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("`{uri}` is no SIP URI; write sip:user@host:port"));
    }
    if let Some((user, _)) = rest.split_once('@')
        && user.contains(':')
    {
        return Err("a password does not belong in a URI; set `password: \"${SIP_PASSWORD}\"` in goldencall.yaml".to_owned());
    }
    Ok(uri.to_owned())
}
