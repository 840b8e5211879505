//! The readers of this folder in one call, for the fuzz target `answers`.

use super::{json, xml};
use crate::scenario::SocketProtocol;

/// Reads a text as the answer of a bot that is asked where the stream goes.
pub fn read(text: &str) {
    for protocol in SocketProtocol::ALL {
        let _refused = (xml::directions(protocol, text), json::directions(protocol, text));
    }
}
