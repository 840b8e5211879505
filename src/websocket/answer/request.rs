//! The request that a provider makes to `answer_url`, one a provider.

use serde_json::json;
use url::Url;

use super::signature;
use crate::scenario::{SocketProtocol, WebSocketTarget};
use crate::websocket::protocol::StreamStart;

/// A request, before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AnswerRequest {
    /// GET, or else POST with the body.
    pub get: bool,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

const FORM: &str = "application/x-www-form-urlencoded";

/// What the target's provider asks of the bot at the beginning of a call.
///
/// # Errors
/// The protocol's provider has no such request, or the token signs nothing.
pub(super) fn request(
    target: &WebSocketTarget,
    url: Url,
    start: &StreamStart,
    unix_seconds: i64,
    nonce: &str,
) -> Result<AnswerRequest, String> {
    let token = target.auth_token.as_ref().map(|token| token.reveal());
    match target.protocol {
        SocketProtocol::Twilio => {
            let fields = twilio_fields(start);
            let signed = token.map(|token| signature::twilio(token, url.as_str(), &fields));
            Ok(post(url, FORM, form(&fields), signed.into_iter().collect()))
        }
        SocketProtocol::Telnyx => {
            let body = form(&twilio_fields(start));
            let signed = token.map(|token| signature::telnyx(token, &body, unix_seconds)).transpose()?;
            Ok(post(url, FORM, body, signed.unwrap_or_default()))
        }
        SocketProtocol::Plivo => {
            let fields = pairs(&[
                ("CallUUID", &start.call_id),
                ("From", &start.from),
                ("To", &start.to),
                ("CallStatus", "ringing"),
                ("Direction", "inbound"),
                ("Event", "StartApp"),
            ]);
            let signed = token.map(|token| signature::plivo(token, &url, &fields, nonce));
            Ok(post(url, FORM, form(&fields), signed.unwrap_or_default()))
        }
        SocketProtocol::Vonage => {
            let fields =
                pairs(&[("to", &start.to), ("from", &start.from), ("uuid", &start.call_id), ("conversation_uuid", &start.stream_id)]);
            let signed = token.map(|token| signature::vonage(token, "", unix_seconds, nonce));
            Ok(get(url, &fields, signed.into_iter().collect()))
        }
        SocketProtocol::Exotel => {
            let fields = pairs(&[("CallSid", &start.call_id), ("CallFrom", &start.from), ("CallTo", &start.to), ("Direction", "incoming")]);
            Ok(get(url, &fields, Vec::new()))
        }
        SocketProtocol::Teler => {
            let body = json!({
                "call_id": start.call_id, "account_id": start.account_id, "from_number": start.from, "to_number": start.to,
            });
            Ok(post(url, "application/json", body.to_string(), Vec::new()))
        }
        SocketProtocol::Jambonz | SocketProtocol::Genesys | SocketProtocol::AudioSocket | SocketProtocol::Pcm => {
            Err(format!("{} opens its socket without asking first; write `url` in place of `answer_url`", target.protocol.name()))
        }
    }
}

/// Twilio's fields, which Telnyx's TeXML shares.
fn twilio_fields(start: &StreamStart) -> Vec<(String, String)> {
    pairs(&[
        ("CallSid", &start.call_id),
        ("AccountSid", &start.account_id),
        ("From", &start.from),
        ("To", &start.to),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("ApiVersion", "2010-04-01"),
    ])
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn form(fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn post(url: Url, kind: &str, body: String, mut headers: Vec<(String, String)>) -> AnswerRequest {
    headers.push(("Content-Type".to_owned(), kind.to_owned()));
    AnswerRequest { get: false, url, headers, body }
}

fn get(mut url: Url, fields: &[(String, String)], headers: Vec<(String, String)>) -> AnswerRequest {
    url.query_pairs_mut().extend_pairs(fields);
    AnswerRequest { get: true, url, headers, body: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Secret;

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
}
