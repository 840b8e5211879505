//! The providers of media sockets, one file each: the protocol in both roles, the answer URL, the signature, and what the sample
//! bot answers.

mod audiosocket;
mod control_socket;
mod exotel;
mod genesys;
mod interface;
pub mod jambonz;
mod pcm;
mod plivo;
mod registry;
mod teler;
mod telnyx;
#[cfg(test)]
mod testing;
mod twilio;
mod vonage;

pub use audiosocket::split;
pub(crate) use control_socket::ControlSocket;
pub(super) use interface::AnswerUrl;
pub(crate) use registry::provider;
pub use registry::{bot_role, provider_role};
pub(crate) use twilio::is_signed as is_signed_by_twilio;
