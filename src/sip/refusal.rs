//! What a failure response means, for people.

use rsipstack::sip::prelude::HasHeaders;
use rsipstack::sip::{Response, StatusCodeKind};

use super::digest;
use crate::scenario::SipTarget;
use crate::transport::{DialError, DialErrorKind, quote};

/// A header by name, whatever the stack made of it.
pub(super) fn header<'m>(message: &'m impl HasHeaders, name: &str) -> Option<&'m str> {
    message.headers().iter().find(|header| header.name().eq_ignore_ascii_case(name)).map(|header| header.value().trim())
}

/// The reason phrase as the peer wrote it; the stack's own text is that of the code.
pub(super) fn phrase(response: &Response) -> &str {
    response.wire_reason.as_deref().unwrap_or_else(|| response.status_code.text())
}

/// The error of a final response to INVITE or REGISTER.
pub(super) fn refused(who: &str, target: &SipTarget, response: &Response) -> DialError {
    let code = response.status_code.code();
    let kind = match code {
        486 | 600 => DialErrorKind::Busy,
        401 | 407 => DialErrorKind::Unauthorized,
        408 | 480 => DialErrorKind::NoAnswer,
        _ => DialErrorKind::Rejected,
    };
    let fix = match kind {
        DialErrorKind::Busy => "; the bot has no free line".to_owned(),
        DialErrorKind::Unauthorized => unauthorized(target, response),
        _ => redirected(response).unwrap_or_else(|| reason(response)),
    };
    DialError::new(kind, format!("{who} answered {code} {}{fix}", quote(phrase(response))))
}

fn unauthorized(target: &SipTarget, response: &Response) -> String {
    let realm = digest::realm(response).map(|realm| format!(" for the realm `{}`", quote(&realm))).unwrap_or_default();
    match &target.username {
        Some(username) => {
            format!("; the user name `{username}` or its password is not accepted{realm}: check `sip.username` and `sip.password`")
        }
        None => format!("; it wants a user name and a password{realm}: set `username` and `password` of the target"),
    }
}

fn redirected(response: &Response) -> Option<String> {
    let contact = header(response, "Contact").filter(|_| response.status_code.kind() == StatusCodeKind::Redirection)?;
    Some(format!("; it sends callers to {}: call that address", quote(contact)))
}

/// What the peer says of its reasons (RFC 3326, RFC 3261, section 20.43).
fn reason(response: &Response) -> String {
    let said = header(response, "Reason").or_else(|| header(response, "Warning"));
    said.map(|said| format!(" ({})", quote(said))).unwrap_or_default()
}
