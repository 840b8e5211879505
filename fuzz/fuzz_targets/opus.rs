//! Any Opus packets decode to a bounded number of samples. Each packet follows its length.
#![no_main]

use goldencall::internals::media::VoiceDecoder;
use goldencall::internals::codec::Codec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut decoder = VoiceDecoder::new(Codec::Opus).expect("a decoder");
    let mut rest = input;
    while let Some((length, bytes)) = rest.split_first() {
        let (packet, after) = bytes.split_at(bytes.len().min(usize::from(*length)));
        assert!(decoder.decode(packet).samples.len() <= 960);
        rest = after;
    }
});
