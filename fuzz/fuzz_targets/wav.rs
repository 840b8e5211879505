//! Any bytes are a clip or an error.
#![no_main]

use goldencall::internals::media::read_wav;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(clip) = read_wav(bytes) {
        assert!(clip.seconds().is_finite());
    }
});
