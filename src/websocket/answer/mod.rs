//! What a provider asks before it opens a stream: `answer_url` gets a request as the provider makes it, signed as the
//! provider signs it, and tells where the stream goes (TwiML, TeXML, NCCO, a flow). Here is what the providers share.

mod ask;
mod directions;
mod document;
#[doc(hidden)]
pub mod fuzzed;
mod json;
#[cfg(test)]
mod json_tests;
mod request;
#[cfg(test)]
mod request_tests;
mod signature;
mod xml;
#[cfg(test)]
mod xml_tests;

pub(super) use ask::ask;
pub(super) use directions::{Directions, NoStream};
pub(crate) use document::Document;
pub(super) use document::escaped;
pub(super) use json::{parse, text_at, unusable};
pub(super) use request::{AnswerRequest, Signing, form, pairs, twiml_fields};
pub(crate) use signature::Received;
#[cfg(test)]
pub(super) use signature::testing;
pub(super) use signature::{Fields, Headers, hmac, is_hmac, sorted};
pub(super) use xml::{directions as xml_directions, is_connected};
