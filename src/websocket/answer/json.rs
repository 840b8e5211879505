//! Vonage's NCCO, Teler's flow and Exotel's dynamic URL.

use serde_json::Value;

use super::directions::{Directions, NoStream};
use crate::scenario::SocketProtocol;
use crate::transport::quote;

/// Follows a JSON answer to its media socket.
pub(super) fn directions(protocol: SocketProtocol, text: &str) -> Result<Directions, NoStream> {
    let unusable = |what: &str| NoStream::Unusable(format!("{what}: {}", quote(text)));
    let answer: Value = serde_json::from_str(text).map_err(|error| unusable(&format!("no JSON ({error})")))?;
    match protocol {
        SocketProtocol::Vonage => ncco(&answer).ok_or_else(|| unusable("no NCCO action `connect` with a `websocket` endpoint")),
        SocketProtocol::Teler => flow(&answer, &unusable),
        _ => {
            let url = text_at(&answer, "/url").ok_or_else(|| unusable("no `url`"))?;
            Ok(Directions::to(url))
        }
    }
}

/// `[{"action": "connect", "endpoint": [{"type": "websocket", "uri": ..., "content-type": ..., "headers": {...}}]}]`.
fn ncco(answer: &Value) -> Option<Directions> {
    let connect = answer.as_array()?.iter().filter(|action| action["action"] == "connect");
    let endpoint = connect.filter_map(|action| action["endpoint"].as_array()).flatten().find(|endpoint| endpoint["type"] == "websocket")?;
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let headers = endpoint["headers"].as_object().into_iter().flatten();
    let parameters = headers.map(|(name, value)| (name.clone(), plain(value))).collect();
    let directions = Directions { parameters, ..Directions::to(text_at(endpoint, "/uri")?) };
    Some(directions.with_content_type(endpoint["content-type"].as_str().unwrap_or_default()))
}

/// `{"action": "stream", "ws_url": ..., "sample_rate": "8k", "chunk_size": ..., "record": ...}`.
fn flow(answer: &Value, unusable: &dyn Fn(&str) -> NoStream) -> Result<Directions, NoStream> {
    match answer["action"].as_str() {
        Some("stream") => {
            let url = text_at(answer, "/ws_url").ok_or_else(|| unusable("a `stream` without `ws_url`"))?;
            let rate = answer["sample_rate"].as_str().and_then(|rate| rate.strip_suffix('k')).and_then(|rate| rate.parse::<u32>().ok());
            Ok(Directions { rate: rate.map(|thousands| thousands.saturating_mul(1000)), ..Directions::to(url) })
        }
        Some("hangup") => Err(NoStream::Refused("ends the call with `hangup`".to_owned())),
        _ => Err(unusable("no `action: stream`")),
    }
}

fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
    fn whatever_else_is_told() {
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
}
