//! TwiML, TeXML, Plivo XML, NCCOs, flows: where a bot says that the stream goes.
#![no_main]

use goldencall::internals::websocket::answers::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| read(text));
