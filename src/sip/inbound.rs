//! What peers may send and the stack does not read: rewritten before the stack sees it.
//!
//! Contact by the grammar of RFC 3261, section 25.1 (quoted names and parameters with angle brackets, no brackets at all), and the SDP
//! of a `multipart/mixed` body (RFC 2046, section 5.1.1).

use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, SipMessage, Uri};

/// Leaves one plain Contact and a plain SDP body.
pub(super) fn tidy(message: &mut SipMessage) {
    let (headers, body) = match message {
        SipMessage::Request(request) => (&mut request.headers, &mut request.body),
        SipMessage::Response(response) => (&mut response.headers, &mut response.body),
    };
    // The registrar says in the parameters of a Contact how long it is registered.
    let registers = headers.iter().any(|header| matches!(header, Header::CSeq(cseq) if cseq.value().ends_with("REGISTER")));
    for header in headers.iter_mut().filter(|_| !registers) {
        if let Header::Contact(contact) = header
            && let Some(uri) = contact_uri(contact.value())
        {
            *header = Header::Contact(format!("<{uri}>").into());
        }
    }
    let kind = headers.iter().find_map(|header| match header {
        Header::ContentType(kind) => Some(kind.value().to_owned()),
        _ => None,
    });
    if let Some(sdp) = kind.and_then(|kind| sdp_part(&kind, body)) {
        headers.iter_mut().filter(|header| matches!(header, Header::ContentType(_))).for_each(|header| {
            *header = Header::ContentType("application/sdp".into());
        });
        *body = sdp;
    }
}

/// Where a peer wants further requests (RFC 3261, section 12.1.1): the URI of its Contact, if it has one that can be read.
pub(super) fn remote_target(message: &impl HeadersExt) -> Option<Uri> {
    message.typed_contact_headers().ok()?.into_iter().next().map(|contact| contact.uri)
}

/// The URI of the first value of a Contact; `None` for `*` and for what is not a Contact.
fn contact_uri(value: &str) -> Option<&str> {
    let rest = past_display_name(value.trim_start())?;
    if let Some(inside) = rest.strip_prefix('<') {
        return inside.split_once('>').map(|(uri, _)| uri.trim());
    }
    // Without brackets everything after the first semicolon belongs to the header.
    let uri = rest.split([';', ',', ' ', '\t', '?']).next()?.trim();
    uri.contains(':').then_some(uri)
}

/// Past a quoted string, or past the words before an angle bracket.
fn past_display_name(value: &str) -> Option<&str> {
    if let Some(quoted) = value.strip_prefix('"') {
        let mut escaped = false;
        let end = quoted.char_indices().find(|(_, c)| {
            let closes = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        })?;
        return Some(quoted[end.0 + 1..].trim_start());
    }
    // A bracket after a quote or a semicolon stands in a parameter.
    let name = value.find('<').filter(|at| !value[..*at].contains(['"', ';', ',']));
    Some(name.map_or(value, |at| &value[at..]))
}

/// The SDP in a body of several parts.
fn sdp_part(kind: &str, body: &[u8]) -> Option<Vec<u8>> {
    let (media_type, parameters) = kind.split_once(';')?;
    if !media_type.trim().to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    let text = std::str::from_utf8(body).ok()?;
    let delimiter = format!("--{boundary}");
    // What stands before the first delimiter is a preamble.
    let part = text.split(delimiter.as_str()).skip(1).find_map(|part| {
        let part = part.strip_prefix("\r\n").or_else(|| part.strip_prefix('\n'))?;
        let (head, content) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
        let sdp = head.lines().filter_map(|line| line.split_once(':')).any(|(name, value)| {
            let is_sdp = value.trim().to_ascii_lowercase().starts_with("application/sdp");
            name.trim().eq_ignore_ascii_case("content-type") && is_sdp
        });
        sdp.then_some(content)
    })?;
    Some(part.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_contact_is_read_by_its_grammar() {
        for (value, uri) in [
            ("<sip:bot@10.0.0.1:5070>", Some("sip:bot@10.0.0.1:5070")),
            ("sip:bot@10.0.0.1:5070", Some("sip:bot@10.0.0.1:5070")),
            ("sip:bot@10.0.0.1;expires=60", Some("sip:bot@10.0.0.1")),
            ("Acme Bot <sip:bot@h>;q=0.5", Some("sip:bot@h")),
            (r#""Acme <main>" <sip:bot@h>"#, Some("sip:bot@h")),
            (r#""A \"<x>\" B" <sip:bot@h;transport=tcp>;x="<y>""#, Some("sip:bot@h;transport=tcp")),
            (r#"sip:bot@h;note="<sip:other@h>""#, Some("sip:bot@h")),
            ("<sip:a@h>, <sip:b@h>", Some("sip:a@h")),
            ("*", None),
            (r#""never closed <sip:bot@h>"#, None),
        ] {
            assert_eq!(contact_uri(value), uri, "{value}");
        }
    }

    #[test]
    fn the_sdp_of_several_parts_is_found() {
        let body = "preamble\r\n--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1\r\nContent-Type: application/sdp\r\nContent-ID: <1>\r\n\r\nv=0\r\ns=-\r\n\r\n--b1--\r\n";
        let found = sdp_part("multipart/mixed; charset=x; boundary=\"b1\"", body.as_bytes());
        assert_eq!(found.as_deref(), Some(b"v=0\r\ns=-\r\n\r\n".as_slice()));
        assert_eq!(sdp_part("application/sdp; x=y", body.as_bytes()), None);
        assert_eq!(sdp_part("multipart/mixed; boundary=other", body.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_value_is_read_without_a_panic(value in "\\PC{0,60}", kind in "multipart/[a-z]{0,4};boundary=\\PC{0,4}") {
            let _uri = contact_uri(&value);
            let _sdp = sdp_part(&kind, value.as_bytes());
        }
    }
}
