//! Whether a bot is on this machine.

use tokio::net::lookup_host;
use url::{Host, Url};

/// True where the URL's host is a loopback address: WebRTC leaves those candidates out unless asked.
pub(in crate::webrtc) async fn is_local(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => match lookup_host((name, 0)).await {
            Ok(mut addresses) => addresses.any(|address| address.ip().is_loopback()),
            Err(_) => false,
        },
        None => false,
    }
}
