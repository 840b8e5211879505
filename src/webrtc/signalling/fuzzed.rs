//! The readers of this folder in one call, for the fuzz target `signalling`.

use super::{link, offer};

/// Reads a text as the answer to an offer or to `/start`, and as a `Link` header field.
pub fn read(text: &str) {
    let _servers = link::ice_servers(text);
    if let Ok(answer) = serde_json::from_str(text) {
        let _read = (offer::sdp_of(&answer), offer::ice_servers(&answer));
    }
}
