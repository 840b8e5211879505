//! Hosts besides the target's own that its credentials may go to.

/// Whether `trusted_hosts` lists a host, with this port or without one.
pub fn is_listed(trusted: &[String], host: &str, port: Option<u16>) -> bool {
    let with_port = port.map(|port| format!("{host}:{port}"));
    let is = |entry: &String, text: &str| entry.eq_ignore_ascii_case(text);
    trusted.iter().any(|entry| is(entry, host) || with_port.as_ref().is_some_and(|text| is(entry, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_listed_with_its_port_or_with_any() {
        let trusted = ["media.example.com".to_owned(), "127.0.0.1:7861".to_owned()];
        for (host, port, listed) in [
            ("Media.example.com", Some(443), true),
            ("media.example.com", None, true),
            ("127.0.0.1", Some(7861), true),
            ("127.0.0.1", Some(7862), false),
            ("example.com", Some(443), false),
        ] {
            assert_eq!(is_listed(&trusted, host, port), listed, "{host} {port:?}");
        }
    }
}
