//! Every provider's request to `answer_url`.

use url::Url;

use super::ask::request;
use super::request::AnswerRequest;
use crate::scenario::{Secret, SocketProtocol, WebSocketTarget};
use crate::websocket::protocol::StreamStart;

#[test]
fn each_provider_asks_in_its_own_way() {
    let start = StreamStart {
        call_id: "C1".into(),
        stream_id: "S1".into(),
        account_id: "A1".into(),
        from: "+15550100".into(),
        to: "+15550101".into(),
        ..StreamStart::default()
    };
    let ask = |protocol: SocketProtocol| {
        let token = (protocol != SocketProtocol::Telnyx).then(|| Secret::new("12345"));
        let target = WebSocketTarget { auth_token: token, ..WebSocketTarget::new("", protocol) };
        let url = Url::parse("https://bot.example/answer?tenant=7").expect("URL");
        match request(&target, url, &start, 1_700_000_000, "n1") {
            Ok(AnswerRequest { get, url, headers, body }) => {
                let method = if get { "GET" } else { "POST" };
                // The order of JSON fields depends on what else the whole program is built with.
                let shown = |value: &str| if value.starts_with("Bearer ") { "Bearer TOKEN".to_owned() } else { value.to_owned() };
                let headers: Vec<String> = headers.iter().map(|(name, value)| format!("\n  {name}: {}", shown(value))).collect();
                let sorted = serde_json::from_str::<std::collections::BTreeMap<String, String>>(&body);
                let body = sorted.map_or(body, |fields| format!("{fields:?}"));
                format!("{}: {method} {url}{}\n  {body}", protocol.name(), headers.concat())
            }
            Err(why) => format!("{}: {why}", protocol.name()),
        }
    };
    insta::assert_snapshot!(SocketProtocol::ALL.map(ask).join("\n"));
}
