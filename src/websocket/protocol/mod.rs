//! What every provider's media-stream protocol shares: events, the two roles, JSON. No clock, no socket, no randomness, so that
//! every message of a run can be compared byte by byte.

pub(super) mod format;
pub(super) mod json;
mod message;
mod roles;
pub(super) mod stream;

pub use message::{FromBot, Message, ProtocolError, StreamStart, ToBot, WireFormat};
pub use roles::{BotRole, ProviderRole};

pub use crate::scenario::SocketProtocol as Protocol;
