//! Whether a URL leads to this machine.

use std::net::IpAddr;

use url::Url;

/// By its address, or by the name `localhost`; no other name is looked up.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_by_name_or_address() {
        for (url, local) in [
            ("http://localhost:8000/v1", true),
            ("ws://127.0.0.9/", true),
            ("https://[::1]:7860/offer", true),
            ("http://10.0.0.1/", false),
            ("http://localhost.example.com/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).expect("a URL")), local, "{url}");
        }
    }
}
