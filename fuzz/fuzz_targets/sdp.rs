//! What a peer sends as SDP is an audio stream or a reason to refuse it.
#![no_main]

use goldencall::internals::sip::parse_sdp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    match parse_sdp(body) {
        Ok(audio) => assert!(audio.formats.codecs().next().is_some() && audio.address.port() > 0),
        Err(reason) => assert!(!reason.is_empty()),
    }
});
