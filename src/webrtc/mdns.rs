//! Multicast DNS, for bots that hide their addresses behind `.local` names. A container or network namespace may have no route for
//! it; then the call does without, instead of failing.

use rtc::ice::mdns::MulticastDnsMode;
use rtc::mdns::MulticastSocket;
use rtc::peer_connection::configuration::setting_engine::{SettingEngine, SettingEngineBuilder};

/// Settings of a connection: `.local` candidates are resolved where this machine can join 224.0.0.251.
pub(super) fn settings() -> SettingEngine {
    // The socket that the stack would open, and fail without.
    let mode = match MulticastSocket::new().into_std() {
        Ok(_) => MulticastDnsMode::QueryOnly,
        Err(error) => {
            tracing::debug!(%error, "no multicast DNS: `.local` candidates are not resolved");
            MulticastDnsMode::Disabled
        }
    };
    SettingEngineBuilder::new().with_multicast_dns_mode(mode).build()
}
