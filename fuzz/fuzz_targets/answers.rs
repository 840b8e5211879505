//! TwiML, TeXML, Plivo XML, NCCOs, flows: where a bot says that the stream goes.
#![no_main]

use goldencall::internals::websocket::read_answer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| read_answer(text));
