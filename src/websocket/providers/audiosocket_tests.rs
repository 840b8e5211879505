use proptest::prelude::*;

use super::super::provider_role;
use super::super::testing::{audio, bot_reads, key, provider_reads, provider_writes, story};
use super::*;
use crate::websocket::protocol::Protocol;

const UUID: &str = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

#[test]
fn a_call_has_asterisks_messages() {
    insta::assert_snapshot!(provider_writes(Protocol::AudioSocket, &story()), @r"
    19 bytes: [01, 00, 10, a6, 8c, da, 35, dc, 8b, 88, 22, 83, 6d, bc, 79, 3f, fb, 2a, b8]
    19 bytes: [10, 00, 10, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
    19 bytes: [10, 00, 10, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
    4 bytes: [03, 00, 01, 35]
    3 bytes: [00, 00, 00]
    ");
}

#[test]
fn an_id_that_is_a_uuid_is_kept_and_any_other_becomes_one() {
    assert_eq!(uuid_text(&uuid(UUID)), UUID);
    insta::assert_snapshot!(uuid_text(&uuid("CA1")), @"a68cda35-dc8b-8822-836d-bc793ffb2ab8");
    assert_ne!(uuid("CA1"), uuid("CA2"));
}

#[test]
fn what_is_wrong_is_a_readable_error() {
    let bot = |bytes: &[u8]| provider_role(Protocol::AudioSocket, None).read(&Message::Binary(bytes.to_vec())).unwrap_err();
    insta::assert_snapshot!(bot(&[0x10, 0, 4, 0, 0]), @"the bot sent 5 bytes that are not one whole AudioSocket frame");
    insta::assert_snapshot!(bot(&[0x10, 0, 1, 0]), @"the bot's audio has 1 bytes, which is not a whole number of 16-bit samples");
    insta::assert_snapshot!(bot(&[0x03, 0, 1, b'x']), @"the bot's DTMF frame is not a key of a telephone: [78]");
    insta::assert_snapshot!(bot(&[0xff, 0, 1, 0x04]), @"the bot reported the error 0x04 (out of memory) and gave up");
    insta::assert_snapshot!(bot(&[0xff, 0, 1, 0x77]), @"the bot reported the error 0x77 and gave up");
    insta::assert_snapshot!(bot(&[0xff, 0, 0]), @"the bot reported an error, without a code, and gave up");
    insta::assert_snapshot!(split(&mut b"GET / HTTP/1.1".to_vec()).unwrap_err(), @"the stream goes on with no AudioSocket frame: [47, 45, 54, 20, 2f, 20, 48, 54]");
}

proptest! {
    #[test]
    fn frames_come_off_a_stream_however_it_is_cut(frames in prop::collection::vec(audio(), 1..6), step in 1_usize..700) {
        let frames: Vec<Vec<u8>> = frames.iter().flat_map(|payload| audio_frames(l16(24_000), payload)).map(|frame| match frame {
            Message::Binary(bytes) => bytes,
            Message::Text(text) => panic!("{text}"),
        }).collect();
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        for part in frames.concat().chunks(step) {
            buffer.extend_from_slice(part);
            while let Some(frame) = split(&mut buffer).unwrap() {
                found.push(frame);
            }
        }
        prop_assert_eq!(found, frames);
    }

    #[test]
    fn no_stream_panics(mut buffer in any::<Vec<u8>>()) {
        while let Ok(Some(_)) = split(&mut buffer) {}
    }

    #[test]
    fn both_roles_understand_each_other(sound in audio(), digit in key()) {
        let begin = StreamStart { call_id: UUID.into(), stream_id: UUID.into(), format: Some(l16(8_000)), ..StreamStart::default() };
        let events = [ToBot::Start(begin), ToBot::Audio(sound.clone()), ToBot::Dtmf(digit), ToBot::Stop];
        prop_assert_eq!(bot_reads(Protocol::AudioSocket, &events), events);
        let audio = FromBot::Audio { payload: sound, format: Some(l16(24_000)), chunk: None };
        let requests = [audio, FromBot::Dtmf(digit.to_string()), FromBot::HangUp { reason: None }];
        prop_assert_eq!(provider_reads(Protocol::AudioSocket, &requests), requests);
    }
}
