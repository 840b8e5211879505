//! A WebRTC answer has audio that was offered, or a reason to refuse it.
#![no_main]

use goldencall::scenario::{Codec, WebRtcCodec};
use goldencall::transport::webrtc::sdp::audio_of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let offered = [WebRtcCodec::Opus, WebRtcCodec::G711(Codec::Pcmu), WebRtcCodec::G711(Codec::Pcma)];
    match audio_of(text, &offered) {
        Ok(audio) => assert!(offered.contains(&audio.codec)),
        Err(reason) => assert!(!reason.is_empty()),
    }
});
