//! TwiML, TeXML and Plivo XML.

use roxmltree::{Document, Node, ParsingOptions};

use super::directions::{Directions, NoStream};
use crate::scenario::SocketProtocol;
use crate::transport::quote;

/// Elements that a document of this kind never needs.
const MOST_NODES: u32 = 10_000;

/// Follows a document to its `<Stream>`. What comes before it (`<Say>`, `<Pause>`) is passed over: the scenario waits for
/// the stream's own audio. So is a one-way `<Stream>`, which only listens in.
pub(super) fn directions(protocol: SocketProtocol, text: &str) -> Result<Directions, NoStream> {
    let unusable = |what: String| NoStream::Unusable(format!("{what}: {}", quote(text)));
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text.trim(), options).map_err(|error| unusable(format!("no XML ({error})")))?;
    let root = document.root_element();
    if !root.has_tag_name("Response") {
        return Err(unusable(format!("`<{}>` where `<Response>` is due", root.tag_name().name())));
    }
    let mut one_way = false;
    for verb in root.descendants().filter(Node::is_element) {
        match verb.tag_name().name() {
            "Stream" if is_two_way(protocol, verb) => return stream(verb).map_err(unusable),
            "Stream" => one_way = true,
            "Reject" if verb.attribute("reason") == Some("busy") => return Err(NoStream::Busy),
            name @ ("Reject" | "Hangup") => return Err(NoStream::Refused(format!("ends the call with `<{name}>`"))),
            "Redirect" | "Dial" | "Gather" | "Record" if one_way => break,
            name @ ("Redirect" | "Dial" | "Gather" | "Record") => {
                return Err(unusable(format!("`<{name}>` before any `<Stream>`; answer the test call with the stream itself")));
            }
            _ => {}
        }
    }
    Err(unusable(if one_way { unheard(protocol) } else { "no `<Stream>`".to_owned() }))
}

/// Whether the provider plays to the caller what the bot sends on this stream.
fn is_two_way(protocol: SocketProtocol, verb: Node<'_, '_>) -> bool {
    let is_connected = || verb.parent().is_some_and(|parent| parent.has_tag_name("Connect"));
    match protocol {
        SocketProtocol::Plivo => verb.attribute("bidirectional").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        SocketProtocol::Telnyx => verb.attribute("bidirectionalMode") == Some("rtp") || is_connected(),
        _ => is_connected(),
    }
}

fn unheard(protocol: SocketProtocol) -> String {
    let instead = match protocol {
        SocketProtocol::Plivo => "`<Stream bidirectional=\"true\">`",
        SocketProtocol::Telnyx => "`<Connect><Stream bidirectionalMode=\"rtp\">`",
        _ => "`<Connect><Stream>`",
    };
    format!("a one-way `<Stream>`, on which callers never hear the bot; answer with {instead}")
}

/// `<Stream url="..."><Parameter name= value=/></Stream>`, or Plivo's `<Stream extraHeaders="a=b">wss://...</Stream>`.
fn stream(verb: Node<'_, '_>) -> Result<Directions, String> {
    let text = || verb.text().map(str::trim).filter(|text| !text.is_empty());
    let url = verb.attribute("url").or_else(text).ok_or_else(|| "a `<Stream>` without a URL".to_owned())?;
    let inside = verb.children().filter(|child| child.has_tag_name("Parameter"));
    let inside = inside.filter_map(|child| Some((child.attribute("name")?.to_owned(), child.attribute("value")?.to_owned())));
    let extra = verb.attribute("extraHeaders").unwrap_or_default();
    let extra = extra
        .split([',', ';'])
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    let directions = Directions { parameters: inside.chain(extra).collect(), ..Directions::to(url.to_owned()) };
    Ok(directions.with_content_type(verb.attribute("contentType").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use SocketProtocol::{Plivo, Telnyx, Twilio};
    use proptest::prelude::*;

    use super::*;

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
    fn whatever_else_is_told() {
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
}
