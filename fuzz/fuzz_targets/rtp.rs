//! Datagrams of a bot: RTP of every codec, telephone events, comfort noise. Each follows its length.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| goldencall::internals::rtp::read_any(input));
