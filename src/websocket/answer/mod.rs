//! Answer URLs: before a provider opens a stream, it sends `answer_url` a request, signed, and the document that answers it
//! (TwiML, TeXML, NCCO, a flow) has the URL of the media socket. This is what the providers share.

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
