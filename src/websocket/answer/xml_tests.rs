//! The XML of Twilio, Telnyx and Plivo.

use SocketProtocol::{Plivo, Telnyx, Twilio};
use proptest::prelude::*;

use super::directions::Directions;
use super::fuzzed::directions;
use crate::scenario::SocketProtocol;

#[test]
fn a_stream_is_found_with_its_parameters() {
    let twiml = r#"<?xml version="1.0"?><Response><Say>One moment</Say><Connect><Stream url="wss://bot/ws"><Parameter name="a" value="1"/></Stream></Connect></Response>"#;
    let expected = Directions { parameters: vec![("a".into(), "1".into())], ..Directions::to("wss://bot/ws".into()) };
    assert_eq!(directions(Twilio, twiml), Ok(expected));
    let plivo = r#"<Response><Stream bidirectional="true" contentType="audio/x-l16;rate=16000" extraHeaders="a=1,b=2">wss://bot/ws</Stream></Response>"#;
    let found = directions(Plivo, plivo).expect("a stream");
    assert_eq!((found.url.as_str(), found.rate, found.parameters.len()), ("wss://bot/ws", Some(16_000), 2));
}

#[test]
fn every_other_answer_is_a_readable_error() {
    let cases = [
        "hello",
        "<Hello/>",
        "<Response/>",
        "<Response><Reject reason=\"busy\"/></Response>",
        "<Response><Say>No</Say><Hangup/></Response>",
        "<Response><Redirect>/next</Redirect></Response>",
        "<Response><Connect><Stream/></Connect></Response>",
    ];
    insta::assert_snapshot!(cases.map(|case| directions(Twilio, case).expect_err(case).to_string()).join("\n"));
}

#[test]
fn a_stream_on_which_nobody_hears_the_bot_is_refused() {
    let cases = [
        (Twilio, "<Response><Start><Stream url=\"wss://bot/ws\"/></Start><Pause length=\"60\"/></Response>"),
        (Twilio, "<Response><Stream url=\"wss://bot/ws\" bidirectional=\"true\"/></Response>"),
        (Twilio, "<Response><Start><Stream url=\"wss://bot/ws\"/></Start><Dial>+15550100</Dial></Response>"),
        (Telnyx, "<Response><Start><Stream url=\"wss://bot/ws\"/></Start></Response>"),
        (Plivo, "<Response><Stream>wss://bot/ws</Stream></Response>"),
        (Plivo, "<Response><Stream bidirectional=\"false\">wss://bot/ws</Stream></Response>"),
    ];
    insta::assert_snapshot!(cases.map(|(protocol, case)| directions(protocol, case).expect_err(case).to_string()).join("\n"));
}

#[test]
fn the_stream_that_is_heard_counts() {
    let recorded_too =
        "<Response><Start><Stream url=\"wss://recorder/\"/></Start><Connect><Stream url=\"wss://bot/ws\"/></Connect></Response>";
    let rtp = "<Response><Start><Stream url=\"wss://bot/ws\" bidirectionalMode=\"rtp\"/></Start><Pause length=\"60\"/></Response>";
    for (protocol, text) in [(Twilio, recorded_too), (Telnyx, recorded_too), (Telnyx, rtp)] {
        assert_eq!(directions(protocol, text).map(|found| found.url), Ok("wss://bot/ws".to_owned()), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(<Response>)?[<>/a-zA-Z\"=& ]{0,120}") {
        [Twilio, Telnyx, Plivo].into_iter().for_each(|protocol| drop(directions(protocol, &text)));
    }
}
