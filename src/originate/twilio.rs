//! Twilio's REST API, TwiML and status callbacks, as texts (<https://www.twilio.com/docs/voice/api/call-resource>).

use axum::http::HeaderMap;
use serde::Deserialize;
use url::form_urlencoded;

use super::endpoints::Endpoint;
use super::provider::{ApiRequest, Auth, Body, RestProvider};
use super::status::{Stage, Status};
use crate::scenario::{OriginateProvider, OriginateTarget, SocketProtocol};
use crate::transport::{DialError, DialErrorKind, quote};
use crate::websocket::providers::is_signed_by_twilio;

/// Status callbacks for all stages: without `StatusCallbackEvent` Twilio sends one at the end only.
const EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];
/// The code of a change to a call that is over ("Call is not in-progress").
const CALL_IS_OVER: u32 = 21220;

/// One account at Twilio.
pub(super) struct Twilio<'a> {
    pub account: &'a str,
    pub auth_token: &'a str,
}

impl Twilio<'_> {
    fn post(&self, path: &str, form: String) -> ApiRequest {
        ApiRequest { path: format!("2010-04-01/Accounts/{}/Calls{path}.json", self.account), body: Body::Form(form) }
    }
}

impl RestProvider for Twilio<'_> {
    fn socket(&self) -> SocketProtocol {
        SocketProtocol::Twilio
    }

    fn auth(&self) -> Auth<'_> {
        Auth::Basic { user: self.account, password: self.auth_token }
    }

    fn call(&self, target: &OriginateTarget, token: &str) -> ApiRequest {
        self.post("", form(target, token))
    }

    fn placed(&self, body: &str) -> Result<String, String> {
        placed(body)
    }

    fn refused(&self, status: u16, body: &str) -> DialError {
        refused(status, body, self.account)
    }

    fn hang_up(&self, call_id: &str) -> ApiRequest {
        self.post(&format!("/{call_id}"), HANG_UP.to_owned())
    }

    fn is_over(&self, status: u16, body: &str) -> bool {
        is_over(status, body)
    }

    fn press(&self, _call_id: &str, _digits: &str) -> Result<ApiRequest, String> {
        let why = "Twilio cannot send digits into a call whose audio it streams";
        Err(format!("{why}; call the bot over a SIP trunk (a `sip` target) where a step sends `dtmf`"))
    }

    fn forgery(&self, headers: &HeaderMap, url: &str, body: &[u8]) -> Option<&'static str> {
        match headers.get("X-Twilio-Signature").and_then(|value| value.to_str().ok()) {
            Some(given) if is_signed_by_twilio(given, self.auth_token, url, &fields(body)) => None,
            Some(_) => Some("with a signature that is not of this `auth_token` and URL"),
            None => Some("without `X-Twilio-Signature`"),
        }
    }

    fn status(&self, body: &[u8]) -> Result<Status, String> {
        Ok(status(&fields(body)))
    }
}

/// Twilio's instructions for the answered call: a two-way stream, and nothing behind it, so that its end is the call's.
fn twiml(stream: &str, parameters: &[(String, String)]) -> String {
    let parameter = |(name, value): &(String, String)| format!("<Parameter name=\"{}\" value=\"{}\"/>", escaped(name), escaped(value));
    let parameters: String = parameters.iter().map(parameter).collect();
    format!("<Response><Connect><Stream url=\"{}\">{parameters}</Stream></Connect></Response>", escaped(stream))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The form of the request that places the call.
fn form(target: &OriginateTarget, token: &str) -> String {
    let stream = Endpoint::Stream(OriginateProvider::Twilio).url(target, token);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("To", &target.to)
        .append_pair("From", &target.from)
        .append_pair("Twiml", &twiml(&stream, &target.parameters))
        .append_pair("StatusCallback", &Endpoint::Status.url(target, token))
        .append_pair("StatusCallbackMethod", "POST")
        // Whole seconds; goldencall's own timer ends the call to the millisecond.
        .append_pair("Timeout", &target.ring_timeout.as_secs().max(1).to_string());
    form.extend_pairs(EVENTS.map(|event| ("StatusCallbackEvent", event)));
    form.finish()
}

/// The form of the request that ends the call. `completed` ends it at whatever stage it is; `canceled` would pass over a call that
/// was answered a moment ago.
const HANG_UP: &str = "Status=completed";

/// The call's SID out of the answer to the request that placed it.
fn placed(body: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Placed {
        sid: String,
    }
    let Placed { sid } = serde_json::from_str(body).map_err(|error| format!("no call resource ({error}): {}", quote(body)))?;
    // It becomes part of a URL's path.
    if sid.is_empty() || sid.len() > 64 || !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(format!("`{}`, which is not a SID of a call", quote(&sid)));
    }
    Ok(sid)
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    message: String,
    more_info: Option<String>,
}

/// Whether a hang-up was refused because nothing is left to hang up.
fn is_over(status: u16, body: &str) -> bool {
    status == 404 || serde_json::from_str::<ErrorBody>(body).is_ok_and(|error| error.code == CALL_IS_OVER)
}

/// Why no call was placed, in a sentence.
fn refused(status: u16, body: &str, account: &str) -> DialError {
    let said = match serde_json::from_str::<ErrorBody>(body) {
        Ok(ErrorBody { code, message, more_info }) => {
            let more = more_info.map(|url| format!(", {}", quote(&url))).unwrap_or_default();
            format!("{} (HTTP {status}, Twilio's code {code}{more})", quote(message.trim().trim_end_matches('.')))
        }
        Err(_) if body.trim().is_empty() => format!("HTTP {status} without a word"),
        Err(_) => format!("HTTP {status}: {}", quote(body)),
    };
    let (kind, message) = match status {
        401 | 403 => {
            (DialErrorKind::Unauthorized, format!("Twilio does not let account {account} in: {said}; check `account` and `auth_token`"))
        }
        429 => (DialErrorKind::Rejected, format!("Twilio takes no more calls now: {said}; run with fewer `--jobs`, or later")),
        500.. => (DialErrorKind::Rejected, format!("Twilio could not place the call: {said}; run again later")),
        _ => (DialErrorKind::Rejected, format!("Twilio refused the call: {said}")),
    };
    DialError::new(kind, message)
}

/// A status callback's fields.
fn status(fields: &[(String, String)]) -> Status {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let word = field("CallStatus").unwrap_or_default();
    let sip = field("SipResponseCode").and_then(|code| code.parse().ok()).filter(|code| (100..700).contains(code));
    let error = field("ErrorMessage").filter(|text| !text.is_empty()).map(|text| format!(" ({text})"));
    Status { stage: Stage::of(word), words: quote(&format!("{word}{}", error.unwrap_or_default())), sip }
}

/// A form's fields.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::endpoints::testing::target;
    use super::super::status::Ending;
    use super::*;

    #[test]
    fn the_form_asks_for_a_stream_and_for_news() {
        let form = fields(form(&target(), "t0").as_bytes());
        let lines: Vec<String> = form.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn twiml_is_xml_whatever_the_parameters() {
        let text = twiml("wss://h/?a=1&b=2", &[("<".into(), "\">&'".into())]);
        let document = roxmltree::Document::parse(&text).expect("XML");
        let parameter = document.descendants().find(|node| node.has_tag_name("Parameter")).expect("a parameter");
        assert_eq!((parameter.attribute("name"), parameter.attribute("value")), (Some("<"), Some("\">&'")));
    }

    #[test]
    fn a_call_has_a_sid() {
        assert_eq!(placed(r#"{"sid":"CA1","status":"queued"}"#), Ok("CA1".to_owned()));
        for wrong in [r#"{"sid":"../Accounts"}"#, r#"{"sid":""}"#, "{}", "queued"] {
            assert!(placed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn refusals_are_sentences() {
        let body = |code: u32, message: &str| {
            format!(r#"{{"code":{code},"message":"{message}","more_info":"https://www.twilio.com/docs/errors/{code}","status":400}}"#)
        };
        let said = [
            refused(401, &body(20003, "Authenticate"), "AC1"),
            refused(400, &body(21211, "The 'To' number +1555 is not a valid phone number."), "AC1"),
            refused(429, &body(20429, "Too Many Requests"), "AC1"),
            refused(503, "<html>upstream\n down</html>", "AC1"),
        ];
        insta::assert_snapshot!(said.map(|error| format!("{:?}: {error}", error.kind)).join("\n"));
        assert!(is_over(400, &body(21220, "Call is not in-progress")) && !is_over(400, &body(20001, "x")) && !is_over(500, ""));
    }

    #[test]
    fn a_status_callback_is_read() {
        let busy = status(&fields(b"CallSid=CA1&CallStatus=busy&SipResponseCode=486"));
        assert_eq!(busy, Status { stage: Stage::Over(Ending::Busy), words: "busy".into(), sip: Some(486) });
        let failed = status(&fields(b"CallStatus=failed&ErrorMessage=No+route&SipResponseCode=0"));
        assert_eq!(failed, Status { stage: Stage::Over(Ending::Failed), words: "failed (No route)".into(), sip: None });
        assert_eq!(status(&fields(b"CallStatus=in-progress")).stage, Stage::Answered);
        assert_eq!(status(&fields(b"CallStatus=no-answer")).stage, Stage::Over(Ending::NoAnswer));
    }

    proptest! {
        #[test]
        fn no_callback_panics(body in any::<Vec<u8>>(), word in "[a-z-]{0,12}", code in any::<i64>()) {
            let _anything = status(&fields(&body));
            let known = format!("CallStatus={word}&SipResponseCode={code}");
            let read = status(&fields(known.as_bytes()));
            prop_assert!(read.sip.is_none_or(|code| (100..700).contains(&code)));
            let text = String::from_utf8_lossy(&body);
            let _anything = (placed(&text), refused(400, &text, "AC1"), is_over(400, &text));
        }
    }
}
