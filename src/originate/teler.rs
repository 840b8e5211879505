//! FreJun Teler's REST API, flows and status callbacks, as texts (<https://frejun.ai/docs>).
//!
//! Teler does not document a signature: only the call's random token in the path, 128 bits sent to Teler over TLS, shows that a
//! request is Teler's.

use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoints::Endpoint;
use super::provider::{ApiRequest, Auth, Body, Flow, RestProvider};
use super::status::{Stage, Status};
use crate::scenario::{OriginateProvider, OriginateTarget, SocketProtocol};
use crate::transport::{DialError, DialErrorKind, quote};

/// Milliseconds of audio in one of Teler's messages: the least that it allows, because a message's arrival dates only its last
/// sample.
const CHUNK_MS: u32 = 20;

/// One account at Teler.
pub(super) struct Teler<'a> {
    pub api_key: &'a str,
}

impl RestProvider for Teler<'_> {
    fn socket(&self) -> SocketProtocol {
        SocketProtocol::Teler
    }

    fn auth(&self) -> Auth<'_> {
        Auth::Header { name: "x-api-key", value: self.api_key }
    }

    fn is_idempotent(&self) -> bool {
        true
    }

    fn call(&self, target: &OriginateTarget, token: &str) -> ApiRequest {
        ApiRequest { path: "voice/calls/initiate".to_owned(), body: Body::Json(call(target, token)) }
    }

    fn placed(&self, body: &str) -> Result<String, String> {
        placed(body)
    }

    fn refused(&self, status: u16, body: &str) -> DialError {
        refused(status, body)
    }

    fn hang_up(&self, call_id: &str) -> ApiRequest {
        ApiRequest { path: format!("voice/calls/{call_id}/hangup"), body: Body::Json(json!({})) }
    }

    fn is_over(&self, status: u16, _body: &str) -> bool {
        is_over(status)
    }

    fn press(&self, call_id: &str, digits: &str) -> Result<ApiRequest, String> {
        Ok(ApiRequest { path: format!("voice/calls/{call_id}/dtmf"), body: Body::Json(json!({"digits": digits})) })
    }

    fn status(&self, body: &[u8]) -> Result<Status, String> {
        status(body)
    }

    fn flow(&self, target: &OriginateTarget, token: &str) -> Option<Flow> {
        Some(Flow { call_id: asked, answer: flow(target, token) })
    }
}

/// The request that places the call.
fn call(target: &OriginateTarget, token: &str) -> Value {
    json!({
        "from_number": target.from,
        "to_number": target.to,
        "flow_url": Endpoint::Flow.url(target, token),
        "status_callback_url": Endpoint::Status.url(target, token),
        "record": false,
    })
}

/// The answer to Teler's question what to do with the call.
fn flow(target: &OriginateTarget, token: &str) -> Value {
    json!({
        "action": "stream",
        "ws_url": Endpoint::Stream(OriginateProvider::Teler).url(target, token),
        "sample_rate": "8k",
        "chunk_size": CHUNK_MS,
        "record": false,
    })
}

/// The call's id out of the answer to the request that placed it, with and without Teler's `data` around it.
fn placed(body: &str) -> Result<String, String> {
    let answer: Value = serde_json::from_str(body).map_err(|error| format!("no JSON ({error}): {}", quote(body)))?;
    let data = answer.get("data").filter(|data| data.is_object()).unwrap_or(&answer);
    let id = ["id", "call_id"].iter().find_map(|name| data.get(name)).and_then(Value::as_str);
    let id = id.ok_or_else(|| format!("no id of a call: {}", quote(body)))?;
    if id_is_plain(id) { Ok(id.to_owned()) } else { Err(format!("`{}`, which is not an id of a call", quote(id))) }
}

/// It becomes part of a URL's path.
fn id_is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[derive(Deserialize)]
struct ErrorBody {
    message: String,
}

/// Whether a hang-up was refused because nothing is left to hang up.
fn is_over(status: u16) -> bool {
    matches!(status, 404 | 409 | 410)
}

/// Why no call was placed, in a sentence.
fn refused(status: u16, body: &str) -> DialError {
    let said = match serde_json::from_str::<ErrorBody>(body) {
        Ok(ErrorBody { message }) => format!("{} (HTTP {status})", quote(message.trim().trim_end_matches('.'))),
        Err(_) if body.trim().is_empty() => format!("HTTP {status} without a word"),
        Err(_) => format!("HTTP {status}: {}", quote(body)),
    };
    let (kind, message) = match status {
        401 | 403 => (DialErrorKind::Unauthorized, format!("Teler does not take the API key: {said}; check `api_key`")),
        429 => (DialErrorKind::Rejected, format!("Teler takes no more calls now: {said}; run with fewer `--jobs`, or later")),
        500.. => (DialErrorKind::Rejected, format!("Teler could not place the call: {said}; run again later")),
        _ => (DialErrorKind::Rejected, format!("Teler refused the call: {said}")),
    };
    DialError::new(kind, message)
}

/// The call's id out of Teler's question to the flow URL.
///
/// # Errors
/// What is wrong with the body.
fn asked(body: &[u8]) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Question {
        call_id: String,
    }
    let Question { call_id } = serde_json::from_slice(body).map_err(|error| format!("a flow request has a `call_id`: {error}"))?;
    Ok(quote(&call_id))
}

/// A status callback: `{"event": "call.ringing", "data": {...}}`; the newer version names a `state` and a `reason`.
///
/// # Errors
/// What is wrong with the body.
fn status(body: &[u8]) -> Result<Status, String> {
    let message: Value = serde_json::from_slice(body).map_err(|error| format!("a status callback is JSON: {error}"))?;
    let data = message.get("data").unwrap_or(&Value::Null);
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let event = text(&message, "event").unwrap_or_default();
    let event = event.trim_start_matches("call.");
    let reason = ["reason", "hangup_cause", "status", "state"].iter().find_map(|name| text(data, name));
    let words =
        reason.as_deref().filter(|reason| *reason != event).map_or_else(|| event.to_owned(), |reason| format!("{event} ({reason})"));
    // A call that ended unanswered is also reported as completed: the reason is more precise.
    let stage = match (Stage::of(event), reason.as_deref().map(Stage::of)) {
        (Stage::Over(_) | Stage::Dialling, Some(better @ Stage::Over(_))) => better,
        (stage, _) => stage,
    };
    Ok(Status { stage, words: quote(&words), sip: None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::endpoints::testing::target;
    use super::super::status::Ending;
    use super::*;

    #[test]
    fn the_requests_are_those_of_the_documentation() {
        insta::assert_json_snapshot!([call(&target(), "t0"), flow(&target(), "t0")]);
    }

    #[test]
    fn a_call_has_an_id() {
        assert_eq!(placed(r#"{"success":true,"data":{"id":"c-1"}}"#), Ok("c-1".to_owned()));
        assert_eq!(placed(r#"{"call_id":"c_1"}"#), Ok("c_1".to_owned()));
        for wrong in ["", "{}", "[]", r#"{"data":{"id":"../x"}}"#, r#"{"data":{"id":7}}"#] {
            assert!(placed(wrong).is_err(), "{wrong}");
        }
        assert_eq!(asked(br#"{"call_id":"c-1","account_id":"a"}"#), Ok("c-1".to_owned()));
        assert!(asked(b"{}").is_err());
    }

    #[test]
    fn refusals_are_sentences() {
        let said = [
            refused(401, r#"{"success":false,"message":"Invalid API key.","code":401}"#),
            refused(422, r#"{"message":"to_number is not allowed"}"#),
            refused(429, "slow down"),
            refused(502, ""),
        ];
        insta::assert_snapshot!(said.map(|error| format!("{:?}: {error}", error.kind)).join("\n"));
    }

    #[test]
    fn a_status_callback_is_read() {
        let stage = |text: &str| status(text.as_bytes()).map(|status| (status.stage, status.words));
        assert_eq!(stage(r#"{"event":"call.ringing","data":{"call_id":"c"}}"#), Ok((Stage::Ringing, "ringing".into())));
        let busy = stage(r#"{"event":"call.completed","data":{"reason":"busy"}}"#);
        assert_eq!(busy, Ok((Stage::Over(Ending::Busy), "completed (busy)".into())));
        assert_eq!(stage(r#"{"event":"call.answered","data":{"state":"answered"}}"#), Ok((Stage::Answered, "answered".into())));
        assert_eq!(stage(r#"{"event":"call.recorded"}"#), Ok((Stage::Dialling, "recorded".into())));
        assert!(stage("CallStatus=busy").is_err());
    }

    proptest! {
        #[test]
        fn no_body_panics(bytes in any::<Vec<u8>>(), word in ".{0,12}", reason in ".{0,12}") {
            let _anything = (status(&bytes), asked(&bytes), placed(&String::from_utf8_lossy(&bytes)));
            let body = json!({"event": format!("call.{word}"), "data": {"reason": reason, "id": word}}).to_string();
            prop_assert!(status(body.as_bytes()).is_ok());
            prop_assert!(placed(&body).is_ok_and(|id| id_is_plain(&id)) || placed(&body).is_err());
        }
    }
}
