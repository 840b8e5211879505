//! Providers' media sockets, with goldencall in the provider's role: it dials the bot's endpoint, streams the caller's audio
//! and plays out what the bot sends as the provider would.

#[doc(hidden)]
pub mod answer;
mod audio;
pub(crate) mod control;
mod dialer;
mod form;
#[doc(hidden)]
pub mod fuzzed;
pub(crate) mod link;
pub mod protocol;
pub mod providers;
mod rtvi;
pub(crate) mod served;
mod session;
pub(crate) mod sink;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use audio::{WireDecoder, WireEncoder};
pub use dialer::WebSocketTransport;
