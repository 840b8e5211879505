//! The readers of this folder in one call, for the fuzz target `signalling`.

use super::offer;

/// Reads a text as the answer to an offer or to `/start`.
pub fn read(text: &str) {
    if let Ok(answer) = serde_json::from_str(text) {
        let _read = (offer::sdp_of(&answer), offer::ice_servers(&answer));
    }
}
