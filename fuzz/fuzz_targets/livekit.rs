//! What a LiveKit server and an agent send: signalling, descriptions, data packets.
#![no_main]

use goldencall::internals::webrtc::read_livekit;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| read_livekit(bytes));
