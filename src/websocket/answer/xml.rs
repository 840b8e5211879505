//! TwiML, TeXML and Plivo XML.

use roxmltree::{Document, Node, ParsingOptions};

use super::directions::{Directions, NoStream};
use crate::transport::quote;

/// More elements than any such document needs.
const MOST_NODES: u32 = 10_000;

/// Follows a document to its `<Stream>`. Elements before it (`<Say>`, `<Pause>`) are skipped: the scenario waits for the stream's
/// own audio. A one-way `<Stream>` is skipped as well: it only listens in.
///
/// `is_two_way` says of a `<Stream>` whether the provider plays to the caller what the bot sends on it, `instead` what to write
/// in place of one that is not.
pub(in crate::websocket) fn directions(text: &str, is_two_way: fn(Node<'_, '_>) -> bool, instead: &str) -> Result<Directions, NoStream> {
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
            "Stream" if is_two_way(verb) => return stream(verb).map_err(unusable),
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
    Err(unusable(if one_way { unheard(instead) } else { "no `<Stream>`".to_owned() }))
}

/// Whether a `<Stream>` is `<Connect>`'s, which is two-way.
pub(in crate::websocket) fn is_connected(stream: Node<'_, '_>) -> bool {
    stream.parent().is_some_and(|parent| parent.has_tag_name("Connect"))
}

fn unheard(instead: &str) -> String {
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
