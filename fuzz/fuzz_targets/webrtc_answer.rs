//! A WebRTC answer has audio that was offered, or a reason to refuse it.
#![no_main]

use goldencall::internals::codec::Codec;
use goldencall::internals::webrtc::audio_of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let offered = [Codec::Opus, Codec::Pcmu, Codec::Pcma];
    match audio_of(text, &offered) {
        Ok(audio) => assert!(offered.contains(&audio.codec)),
        Err(reason) => assert!(!reason.is_empty()),
    }
});
