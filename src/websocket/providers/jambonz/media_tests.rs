use proptest::prelude::*;

use super::*;
use crate::websocket::protocol::Protocol;
use crate::websocket::protocol::json::MOST_WAITING;
use crate::websocket::providers::provider_role;
use crate::websocket::providers::testing::{
    audio, bot_reads, bot_says, key, lines, provider_reads, provider_writes, request, start, story,
};

#[test]
fn a_call_has_jambonz_messages() {
    insta::assert_snapshot!(provider_writes(Protocol::Jambonz, &story()), @r#"
    {"accountSid":"AC1","callId":"MZ1","callSid":"CA1","callStatus":"in-progress","customer":"42","direction":"inbound","from":"+15550100","mixType":"mono","sampleRate":8000,"to":"+15550199"}
    16 bytes: [ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
    16 bytes: [ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
    {"dtmf":"5","duration":"1600","event":"dtmf"}
    {"data":{"event":"playout","name":"end"},"type":"mark"}
    {"data":{"event":"cleared","name":"late"},"type":"mark"}
    "#);
}

#[test]
fn the_end_of_play_audio_names_its_id() {
    let mut provider = provider_role(Protocol::Jambonz, None);
    let play = r#"{"type":"playAudio","data":{"audioContent":"AAAA/w==","audioContentType":"raw","sampleRate":24000,"id":"a"}}"#;
    let play = Message::Text(play.into());
    let audio = FromBot::Audio { payload: vec![0, 0, 0, 255], format: Some(l16(24_000)), chunk: Some("a".into()) };
    assert_eq!(provider.read(&play).unwrap(), std::slice::from_ref(&audio));
    assert_eq!(provider.read(&play).unwrap(), [FromBot::Clear(None), audio]);
    insta::assert_snapshot!(lines(&provider.write(&ToBot::Playback { started: false })), @r#"
    {"data":{"id":"a"},"type":"playDone"}
    {"data":{"id":"a"},"type":"playDone"}
    "#);
    assert_eq!(provider.write(&ToBot::Playback { started: false }), []);
}

#[test]
fn cleared_marks_are_never_reported() {
    let mut provider = provider_role(Protocol::Jambonz, None);
    for text in [r#"{"type":"mark","name":"a"}"#, r#"{"type":"clearMarks"}"#, r#"{"type":"mark","data":{"name":"b"}}"#] {
        provider.read(&Message::Text(text.into())).unwrap();
    }
    let reached = |name: &str| ToBot::MarkReached { name: name.into(), cleared: false };
    assert_eq!(provider.write(&reached("a")), []);
    insta::assert_snapshot!(lines(&provider.write(&reached("b"))), @r#"{"data":{"event":"playout","name":"b"},"type":"mark"}"#);
}

#[test]
fn what_is_wrong_is_a_readable_error() {
    insta::assert_snapshot!(bot_says(Protocol::Jambonz, r#"{"type":"mark"}"#).unwrap_err(), @r#"the bot's `mark` message has no `data.name`: {"type":"mark"}"#);
    let kilohertz = r#"{"type":"playAudio","data":{"audioContent":"","audioContentType":"raw","sampleRate":8}}"#;
    insta::assert_snapshot!(bot_says(Protocol::Jambonz, kilohertz).unwrap_err(), @r#"the bot's `playAudio` message has a `data.sampleRate` of 8: write samples a second, 8000 to 192000: {"type":"playAudio","data":{"audioContent":"","audioContentType":"raw","sampleRate":8}}"#);
    let prime = r#"{"type":"playAudio","data":{"audioContent":"","audioContentType":"raw","sampleRate":4294967291}}"#;
    insta::assert_snapshot!(bot_says(Protocol::Jambonz, prime).unwrap_err(), @r#"the bot's `playAudio` message has a `data.sampleRate` of 4294967291: write samples a second, 8000 to 192000: {"type":"playAudio","data":{"audioContent":"","audioContentType":"raw","sampleRate":4294967291}}"#);
    let mp3 = r#"{"type":"playAudio","data":{"audioContent":"","audioContentType":"mp3"}}"#;
    insta::assert_snapshot!(bot_says(Protocol::Jambonz, mp3).unwrap_err(), @r#"the bot's `playAudio` message has a `data.audioContentType` that is neither `raw` nor `wav`: {"type":"playAudio","data":{"audioContent":"","audioContentType":"mp3"}}"#);
}

fn more_requests() -> impl Strategy<Value = FromBot> {
    let reason = prop::option::of("[a-z]{1,9}");
    let format = prop::sample::select(FORMATS.to_vec()).prop_map(Some);
    prop_oneof![
        3 => request(),
        1 => reason.prop_map(|reason| FromBot::HangUp { reason }),
        1 => (audio(), format, prop::option::of("[a-z0-9]{1,9}")).prop_map(|(payload, format, chunk)| FromBot::Audio { payload, format, chunk }),
    ]
}

#[test]
fn what_waits_for_playout_is_bounded() {
    let mark = r#"{"type":"mark","data":{"name":"m"}}"#;
    let play = r#"{"type":"playAudio","data":{"audioContent":"","audioContentType":"raw","queuePlay":true}}"#;
    for text in [mark, play] {
        let (mut provider, message) = (provider_role(Protocol::Jambonz, None), Message::Text(text.into()));
        assert!((0..MOST_WAITING).all(|_| provider.read(&message).is_ok()));
        let error = provider.read(&message).unwrap_err().to_string();
        assert!(error.contains("is one too many: 10000 others still wait for playout"), "{error}");
        // Forgotten marks are still on their way through playout.
        assert!(provider.read(&Message::Text(r#"{"type":"clearMarks"}"#.into())).is_ok());
        assert!(provider.read(&message).is_err());
    }
}

proptest! {
    #[test]
    fn both_roles_understand_each_other(begin in start(Protocol::Jambonz), sound in audio(), digit in key(), name in ".{0,20}", cleared in any::<bool>(), requests in prop::collection::vec(more_requests(), 1..9)) {
        let events = [ToBot::Start(begin), ToBot::Audio(sound), ToBot::Dtmf(digit), ToBot::MarkReached { name, cleared }];
        prop_assert_eq!(bot_reads(Protocol::Jambonz, &events), events);
        prop_assert_eq!(provider_reads(Protocol::Jambonz, &requests), requests);
    }
}
