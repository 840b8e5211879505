//! The JSON of Vonage, Teler and Exotel.

use proptest::prelude::*;

use super::directions::Directions;
use super::fuzzed::directions;
use crate::scenario::SocketProtocol;

#[test]
fn each_answer_leads_to_its_socket() {
    let ncco = r#"[{"action":"talk","text":"Hi"},{"action":"connect","endpoint":[{"type":"websocket","uri":"wss://b/ws","content-type":"audio/l16;rate=8000","headers":{"n":1}}]}]"#;
    let expected = Directions { parameters: vec![("n".into(), "1".into())], ..Directions::to("wss://b/ws".into()) };
    let expected = expected.with_content_type("audio/l16;rate=8000");
    assert_eq!(directions(SocketProtocol::Vonage, ncco), Ok(expected));
    let flow = r#"{"action":"stream","ws_url":"wss://b/ws","chunk_size":400,"sample_rate":"16k","record":true}"#;
    assert_eq!(directions(SocketProtocol::Teler, flow).map(|found| found.rate), Ok(Some(16_000)));
    assert_eq!(directions(SocketProtocol::Exotel, r#"{"url":"wss://b/ws"}"#).map(|found| found.url), Ok("wss://b/ws".to_owned()));
}

#[test]
fn every_other_answer_is_a_readable_error() {
    let cases = [
        (SocketProtocol::Vonage, "<Response/>"),
        (SocketProtocol::Vonage, r#"[{"action":"talk"}]"#),
        (SocketProtocol::Teler, r#"{"action":"hangup"}"#),
        (SocketProtocol::Teler, r#"{"action":"stream"}"#),
        (SocketProtocol::Exotel, "[]"),
    ];
    insta::assert_snapshot!(cases.map(|(protocol, text)| directions(protocol, text).expect_err(text).to_string()).join("\n"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), wrapped in "[a-z\"{}:,\\[\\]0-9]{0,60}") {
        for protocol in SocketProtocol::ALL {
            let _any = (directions(protocol, &text), directions(protocol, &wrapped));
        }
    }
}
