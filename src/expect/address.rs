//! Whether two ways to write an address mean the same party (RFC 3261, section 19.1.4, as far as a caller cares).

/// Whether the bot transferred the call to the right party. Parameters and headers of a URI do not count, nor do the visual
/// separators of a number; an expectation without a scheme is a user name or a number.
pub fn same_address(expected: &str, actual: &str) -> bool {
    let (expected, actual) = (Address::of(expected), Address::of(actual));
    match (&expected.scheme, &actual.scheme) {
        (None, _) if expected.host.is_none() => expected.user.is_some() && expected.user == actual.user,
        (None, _) => expected.user == actual.user && expected.host == actual.host,
        (Some(scheme), Some(other)) => scheme == other && expected.user == actual.user && expected.host == actual.host,
        (Some(_), None) => false,
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Address {
    scheme: Option<String>,
    user: Option<String>,
    /// With the port, where it is not the scheme's own.
    host: Option<String>,
}

impl Address {
    fn of(text: &str) -> Self {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>');
        let text = text.split([';', '?']).next().unwrap_or_default();
        let schemes = ["sip", "sips", "tel"];
        let split = text.split_once(':').filter(|(scheme, _)| schemes.contains(&scheme.to_ascii_lowercase().as_str()));
        let (scheme, rest) = split.map_or((None, text), |(scheme, rest)| (Some(scheme.to_ascii_lowercase()), rest));
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), Some(host)),
            None if matches!(scheme.as_deref(), Some("sip" | "sips")) => (None, Some(rest)),
            None => (Some(rest), None),
        };
        let port = if scheme.as_deref() == Some("sips") { ":5061" } else { ":5060" };
        let host = host.map(|host| host.trim_end_matches(port).to_ascii_lowercase());
        Self { scheme, user: user.map(plain).filter(|user| !user.is_empty()), host }
    }
}

/// A number without its visual separators (RFC 3966, section 5.1.1); other names as they are.
fn plain(user: &str) -> String {
    let number = user.chars().all(|c| c.is_ascii_digit() || "+-.() ".contains(c));
    if number { user.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect() } else { user.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_means_the_same_party() {
        let same = [
            ("sip:human@example.com", "sip:human@Example.com;transport=tcp"),
            ("sip:human@example.com:5060", "sip:human@example.com?Replaces=x"),
            ("human", "sip:human@pbx.example.com"),
            ("+1 (555) 0100", "tel:+15550100"),
            ("+15550100", "sip:+1-555-0100@trunk.example.com;user=phone"),
            ("human@example.com", "sips:human@example.com"),
            ("sip:10.0.0.5", "sip:10.0.0.5:5060"),
        ];
        for (expected, actual) in same {
            assert!(same_address(expected, actual), "{expected} {actual}");
        }
    }

    proptest! {
        #[test]
        fn an_address_means_itself(address in "\\PC{1,40}") {
            let own = Address::of(&address);
            if own.user.is_some() {
                prop_assert!(same_address(&address, &address));
            }
        }
    }

    #[test]
    fn what_does_not() {
        let other = [
            ("sip:human@example.com", "sip:robot@example.com"),
            ("sip:human@example.com", "sip:human@example.org"),
            ("sip:human@example.com", "sip:human@example.com:5070"),
            ("sips:human@example.com", "sip:human@example.com"),
            ("sip:Human@example.com", "sip:human@example.com"),
            ("+15550100", "tel:+15550101"),
            ("", "sip:10.0.0.5"),
        ];
        for (expected, actual) in other {
            assert!(!same_address(expected, actual), "{expected} {actual}");
        }
    }
}
