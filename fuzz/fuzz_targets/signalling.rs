//! JSON of a WebRTC bot's HTTP server: answers to an offer and to `/start`.
#![no_main]

use goldencall::webrtc::fuzzed::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| read(text));
