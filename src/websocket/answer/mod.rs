//! What a provider asks before it opens a stream: `answer_url` gets a request as the provider makes it, signed as the
//! provider signs it, and tells where the stream goes (TwiML, TeXML, NCCO, a flow).

mod ask;
mod directions;
#[doc(hidden)]
pub mod fuzzed;
mod json;
mod request;
mod signature;
mod verify;
mod xml;

pub(super) use ask::ask;
pub(crate) use signature::is_twilios;
pub(super) use signature::{handshake as sign_handshake, handshake_credentials};
pub(crate) use verify::is_signed;
