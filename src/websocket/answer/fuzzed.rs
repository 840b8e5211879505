//! The providers' readers in one call, for the fuzz target `answers`.

use super::directions::{Directions, NoStream};
use crate::scenario::SocketProtocol;
use crate::websocket::providers::provider;

/// Reads a text as the answer of a bot that is asked where the stream goes.
pub fn read(text: &str) {
    for protocol in SocketProtocol::ALL.into_iter().filter(|protocol| protocol.asks_first()) {
        let _refused = directions(protocol, text);
    }
}

/// What this provider makes of a text.
pub(super) fn directions(protocol: SocketProtocol, text: &str) -> Result<Directions, NoStream> {
    let unasked = || NoStream::Unusable("an answer that nobody asked for".to_owned());
    provider(protocol).answer_url().ok_or_else(unasked)?.directions(text)
}
