//! The URIs of a call: caller, callee, route and contact.

use std::net::SocketAddr;

use rsipstack::sip::typed::Route;
use rsipstack::sip::{Auth, Param, Transport, Uri};

use crate::scenario::SipTarget;
use crate::transport::DialError;

/// A SIP URI, its user name unescaped.
pub(super) fn uri(text: &str) -> Result<Uri, DialError> {
    let mut uri = Uri::try_from(text).map_err(|error| DialError::local(&format!("`{text}` is not a SIP URI"), error))?;
    unescape(&mut uri);
    Ok(uri)
}

/// A URI of this user, whose name may have an `@` or a space.
fn of_user(name: &str, rest: &str) -> Result<Uri, DialError> {
    let (scheme, address) = rest.split_once(':').unwrap_or(("sip", rest));
    let mut uri = uri(&format!("{scheme}:{address}"))?;
    uri.auth = Some(Auth { user: name.to_owned(), password: None });
    Ok(uri)
}

/// The stack escapes the user of every URI that it writes, and takes that of a URI that it reads for one that was not.
pub(super) fn unescape(uri: &mut Uri) {
    let Some(auth) = uri.auth.as_mut().filter(|auth| auth.user.contains('%')) else { return };
    let (mut bytes, mut rest) = (Vec::new(), auth.user.as_bytes());
    while let [first, tail @ ..] = rest {
        let hex = |digits: &&[u8]| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit);
        let escaped = tail.get(..2).filter(hex).and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    if let Ok(user) = String::from_utf8(bytes) {
        auth.user = user;
    }
}

/// Where the peer reaches this call: over the connection that the call itself uses.
pub(super) fn contact(target: &SipTarget, transport: Transport, address: SocketAddr) -> Result<Uri, DialError> {
    let user = target.username.as_deref().unwrap_or("goldencall");
    // A call to a `sips:` URI is secured on its way back as well (RFC 3261, section 8.1.1.8).
    let (scheme, transport) = match transport {
        Transport::Tls if target.uri.starts_with("sips:") => ("sips", ";transport=tcp"),
        Transport::Tls => ("sip", ";transport=tls"),
        Transport::Tcp => ("sip", ";transport=tcp"),
        _ => ("sip", ""),
    };
    of_user(user, &format!("{scheme}:{}{transport}", target.seen_from_outside(address)))
}

/// Who calls: PBXs know their endpoints by it.
pub(super) fn caller(target: &SipTarget, callee: &Uri, address: SocketAddr) -> Result<Uri, DialError> {
    if let Some(from) = &target.from {
        return uri(from);
    }
    match &target.username {
        Some(username) => {
            let domain = target.register.as_deref().map_or(Ok(callee.clone()), uri)?;
            of_user(username, &format!("sip:{}", domain.host_with_port.host))
        }
        None => uri(&format!("sip:goldencall@{address}")),
    }
}

/// The outbound proxy as the first hop of the call, by loose routing.
pub(super) fn proxy_route(target: &SipTarget) -> Result<Vec<Route>, DialError> {
    let Some(proxy) = &target.proxy else { return Ok(Vec::new()) };
    let mut proxy = uri(proxy)?;
    if !proxy.params.iter().any(|param| matches!(param, Param::Lr)) {
        proxy.params.push(Param::Lr);
    }
    Ok(vec![Route { display_name: None, uri: proxy, params: Vec::new() }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_fits_into_a_uri() {
        for (name, written) in [("ci", "ci"), ("+15550100", "+15550100"), ("a@b c", "a%40b%20c"), ("ü:%", "%C3%BC%3A%25")] {
            let text = format!("sip:{written}@127.0.0.1");
            assert_eq!(of_user(name, "sip:127.0.0.1").expect("a URI").to_string(), text);
            assert_eq!(uri(&text).expect("a URI").to_string(), text);
        }
        let target = SipTarget { username: Some("ci@example.com".to_owned()), ..SipTarget::new("sip:bot@127.0.0.1") };
        let contact = contact(&target, Transport::Udp, SocketAddr::from(([127, 0, 0, 1], 5070))).expect("a URI");
        assert_eq!(contact.to_string(), "sip:ci%40example.com@127.0.0.1:5070");
        let behind_nat = SipTarget { public_address: Some([203, 0, 113, 5].into()), ..target.clone() };
        let outside = super::contact(&behind_nat, Transport::Udp, SocketAddr::from(([127, 0, 0, 1], 5070))).expect("a URI");
        assert_eq!(outside.to_string(), "sip:ci%40example.com@203.0.113.5:5070");
        let from = caller(&target, &uri(&target.uri).expect("a URI"), SocketAddr::from(([127, 0, 0, 1], 5070))).expect("a URI");
        assert_eq!(from.to_string(), "sip:ci%40example.com@127.0.0.1");
    }
}
