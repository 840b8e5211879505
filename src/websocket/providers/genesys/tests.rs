use proptest::prelude::*;

use super::stream::API_KEY;
use crate::websocket::protocol::Protocol;
use crate::websocket::protocol::format::PCMU;
use crate::websocket::protocol::{FromBot, Message, ToBot};
use crate::websocket::providers::testing::{audio, begin, bot_reads, bot_says, key, lines, provider_reads, provider_writes, start, story};
use crate::websocket::providers::{bot_role, provider_role};

#[test]
fn a_call_has_genesyss_messages() {
    insta::assert_snapshot!(provider_writes(Protocol::Genesys, &story()), @r#"
    {"id":"MZ1","parameters":{"conversationId":"CA1","inputVariables":{"customer":"42"},"language":"en-US","media":[{"channels":["external"],"format":"PCMU","rate":8000,"type":"audio"}],"organizationId":"AC1","participant":{"ani":"+15550100","aniName":"","dnis":"+15550199","id":"MZ1"}},"position":"PT0.000S","seq":1,"serverseq":0,"type":"open","version":"2"}
    16 bytes: [ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
    16 bytes: [ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff, ff]
    {"id":"MZ1","parameters":{"digit":"5"},"position":"PT0.004S","seq":2,"serverseq":0,"type":"dtmf","version":"2"}
    {"id":"MZ1","parameters":{},"position":"PT0.004S","seq":3,"serverseq":0,"type":"playback_started","version":"2"}
    {"id":"MZ1","parameters":{},"position":"PT0.004S","seq":4,"serverseq":0,"type":"playback_completed","version":"2"}
    {"id":"MZ1","parameters":{"reason":"end"},"position":"PT0.004S","seq":5,"serverseq":0,"type":"close","version":"2"}
    "#);
}

#[test]
fn the_request_names_the_session_and_keeps_the_key_to_itself() {
    let mut start = begin(Protocol::Genesys);
    start.parameters.insert(API_KEY.into(), "secret".into());
    let mut provider = provider_role(Protocol::Genesys, None);
    let headers = crate::websocket::providers::provider(Protocol::Genesys)
        .request_headers(&start)
        .into_iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    insta::assert_snapshot!(headers.collect::<String>(), @r"
    audiohook-organization-id: AC1
    audiohook-session-id: MZ1
    audiohook-correlation-id: CA1
    x-api-key: secret
    ");
    assert!(!lines(&provider.write(&ToBot::Start(start))).contains("secret"));
}

#[test]
fn pipecats_messages_are_understood() {
    let opened = r#"{"version":"2","type":"opened","seq":1,"clientseq":1,"id":"MZ1","parameters":{"startPaused":false,"media":[{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}]}}"#;
    let barge_in = r#"{"version":"2","type":"event","seq":2,"clientseq":1,"id":"MZ1","position":"PT0.000S","parameters":{"entities":[{"type":"barge_in","data":{}}]}}"#;
    assert_eq!(bot_says(Protocol::Genesys, opened).unwrap(), [FromBot::Accepted { format: Some(PCMU) }]);
    assert_eq!(bot_says(Protocol::Genesys, barge_in).unwrap(), [FromBot::Clear(None)]);
    assert_eq!(bot_says(Protocol::Genesys, r#"{"type":"pong","seq":3}"#).unwrap(), []);
}

#[test]
fn disconnect_is_answered_with_close_and_nothing_follows() {
    let mut provider = provider_role(Protocol::Genesys, None);
    provider.write(&ToBot::Start(begin(Protocol::Genesys)));
    let disconnect = r#"{"version":"2","type":"disconnect","seq":4,"parameters":{"reason":"completed","info":"done"}}"#;
    let asked = provider.read(&Message::Text(disconnect.into())).unwrap();
    let [FromBot::Reply(close), hang_up] = asked.as_slice() else { panic!("{asked:?}") };
    insta::assert_snapshot!(lines(std::slice::from_ref(close)), @r#"{"id":"MZ1","parameters":{"reason":"disconnect"},"position":"PT0.000S","seq":2,"serverseq":4,"type":"close","version":"2"}"#);
    assert_eq!(*hang_up, FromBot::HangUp { reason: Some("done".into()) });
    assert_eq!(provider.write(&ToBot::Stop), []);
}

#[test]
fn a_pause_holds_the_callers_audio_back_and_says_how_much_was_lost() {
    let mut provider = provider_role(Protocol::Genesys, None);
    provider.write(&ToBot::Start(begin(Protocol::Genesys)));
    provider.write(&ToBot::Audio(vec![0; 800]));
    let mut replies = Vec::new();
    for kind in ["pause", "resume"] {
        let asked = provider.read(&Message::Text(format!(r#"{{"type":"{kind}","seq":2}}"#))).unwrap();
        replies.extend(asked.into_iter().filter_map(|request| if let FromBot::Reply(reply) = request { Some(reply) } else { None }));
        replies.extend(provider.write(&ToBot::Audio(vec![0; 160])));
    }
    insta::assert_snapshot!(lines(&replies), @r#"
    {"id":"MZ1","parameters":{},"position":"PT0.100S","seq":2,"serverseq":2,"type":"paused","version":"2"}
    {"id":"MZ1","parameters":{"discarded":"PT0.020S","start":"PT0.100S"},"position":"PT0.120S","seq":3,"serverseq":2,"type":"resumed","version":"2"}
    160 bytes: [00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00]
    "#);
}

#[test]
fn the_provider_pings_and_the_bot_answers_with_its_next_message() {
    let (mut provider, mut bot) = (provider_role(Protocol::Genesys, None), bot_role(Protocol::Genesys));
    let second = ToBot::Audio(vec![0; 8_000]);
    let messages = (0..6).flat_map(|_| provider.write(&second)).filter(|message| matches!(message, Message::Text(_))).collect::<Vec<_>>();
    insta::assert_snapshot!(lines(&messages), @r#"{"id":"","parameters":{},"position":"PT5.000S","seq":1,"serverseq":0,"type":"ping","version":"2"}"#);
    messages.iter().for_each(|message| assert_eq!(bot.read(message).unwrap(), []));
    insta::assert_snapshot!(lines(&bot.write(&FromBot::Clear(None))), @r#"
    {"clientseq":1,"id":"","parameters":{},"seq":1,"type":"pong","version":"2"}
    {"clientseq":1,"id":"","parameters":{"entities":[{"data":{},"type":"barge_in"}]},"seq":2,"type":"event","version":"2"}
    "#);
}

#[test]
fn close_is_answered_before_the_socket_closes() {
    let (mut provider, mut bot) = (provider_role(Protocol::Genesys, None), bot_role(Protocol::Genesys));
    let close = provider.write(&ToBot::Stop);
    assert_eq!(bot.read(&close[0]).unwrap(), [ToBot::Stop]);
    let closed = bot.write(&FromBot::Goodbye);
    insta::assert_snapshot!(lines(&closed), @r#"{"clientseq":1,"id":"","parameters":{},"seq":1,"type":"closed","version":"2"}"#);
    assert_eq!(provider.read(&closed[0]).unwrap(), [FromBot::Goodbye]);
}

#[test]
fn entities_that_genesys_does_not_act_on_are_passed_over() {
    let event =
        |entities: &str| bot_says(Protocol::Genesys, &format!(r#"{{"type":"event","seq":2,"parameters":{{"entities":[{entities}]}}}}"#));
    assert_eq!(event(r#"{"type":"transcript","data":{"id":"1"}}, {"data":{}}"#), Ok(Vec::new()));
    assert_eq!(event(r#"{"type":"transcript","data":{}}, {"type":"barge_in","data":{}}"#), Ok(vec![FromBot::Clear(None)]));
}

#[test]
fn what_is_wrong_is_a_readable_error() {
    let error = r#"{"type":"error","seq":2,"parameters":{"code":500,"message":"no GPU left"}}"#;
    insta::assert_snapshot!(bot_says(Protocol::Genesys, error).unwrap_err(), @"the bot reported an AudioHook error 500: no GPU left");
    insta::assert_snapshot!(bot_says(Protocol::Genesys, r#"{"type":"error","seq":2}"#).unwrap_err(), @"the bot reported an AudioHook error");
    let opened = |channels: &str| {
        format!(r#"{{"type":"opened","parameters":{{"media":[{{"format":"PCMU","rate":8000,"channels":[{channels}]}}]}}}}"#)
    };
    insta::assert_snapshot!(bot_says(Protocol::Genesys, &opened(r#""external","internal""#)).unwrap_err(), @r#"the bot's `opened` message chooses media that was not offered: {"type":"opened","parameters":{"media":[{"format":"PCMU","rate":8000,"channels":["external","internal"]}]}}"#);
    insta::assert_snapshot!(bot_says(Protocol::Genesys, r#"{"type":"opened","seq":1}"#).unwrap_err(), @r#"the bot's `opened` message has no `parameters.media`: {"type":"opened","seq":1}"#);
    insta::assert_snapshot!(bot_says(Protocol::Genesys, r#"{"type":"event","parameters":{}}"#).unwrap_err(), @r#"the bot's `event` message has no `parameters.entities`: {"type":"event","parameters":{}}"#);
}

fn request() -> impl Strategy<Value = FromBot> {
    prop_oneof![
        Just(FromBot::Accepted { format: Some(PCMU) }),
        audio().prop_map(|payload| FromBot::Audio { payload, format: None, chunk: None }),
        Just(FromBot::Clear(None)),
        prop::option::of("[a-z]{1,9}").prop_map(|reason| FromBot::HangUp { reason }),
    ]
}

proptest! {
    #[test]
    fn both_roles_understand_each_other(begin in start(Protocol::Genesys), sound in audio(), digit in key(), started in any::<bool>(), requests in prop::collection::vec(request(), 1..9)) {
        let events = [ToBot::Start(begin), ToBot::Audio(sound), ToBot::Dtmf(digit), ToBot::Playback { started }, ToBot::Stop];
        prop_assert_eq!(bot_reads(Protocol::Genesys, &events), events);
        prop_assert_eq!(provider_reads(Protocol::Genesys, &requests), requests);
    }
}
