//! The media-stream protocols of telephony providers, as pure codecs: messages in, events out and the reverse.
//! No clock, no socket, no randomness, so that every message of a run can be compared byte by byte.

mod audiosocket;
mod exotel;
mod format;
mod genesys;
mod genesys_session;
mod jambonz;
pub mod jambonz_control;
mod json;
mod kind;
mod message;
mod pcm;
mod plivo;
mod stream;
mod teler;
mod telnyx;
#[cfg(test)]
mod testing;
mod twilio;
mod vonage;
mod wav;

pub use audiosocket::split;
pub(crate) use format::encoding as encoding_of;
pub use kind::codec;
pub use message::{FromBot, Message, ProtocolCodec, ProtocolError, StreamStart, ToBot, WireFormat};

pub use crate::codec::Codec;
pub use crate::scenario::SocketProtocol as Protocol;
