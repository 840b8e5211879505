//! JSON of a WebRTC bot's HTTP server: answers to an offer and to `/start`.
#![no_main]

use goldencall::internals::webrtc::read_signalling;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| read_signalling(text));
