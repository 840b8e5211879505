//! jambonz's control socket, on which a bot answers calls with verbs
//! (<https://docs.jambonz.org/reference/websocket-api/call-control/overview>).

use serde_json::{Value, json};

use crate::websocket::protocol::json::{BOT, Incoming, object, plain, quote, text};
use crate::websocket::protocol::{Message, ProtocolError, StreamStart};

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "ws.jambonz.org";

/// What a bot sends on the control socket.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// The answer to the message of this `msgid`.
    Ack {
        /// Of the message that is answered.
        msgid: String,
        /// What to do next; without any, nothing changes.
        verbs: Vec<Step>,
    },
    /// Run these verbs instead of the current one, or after it.
    Redirect {
        /// After the current verb.
        queued: bool,
        /// What to do.
        verbs: Vec<Step>,
    },
    /// End the call.
    HangUp,
    /// A command or message that goldencall ignores.
    Other(String),
}

/// One verb of an application.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The bot's name of the step, for `verb:status`.
    pub id: Option<String>,
    /// Called by `verb:hook` when the verb ends.
    pub action_hook: Option<String>,
    /// What to do.
    pub verb: Verb,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Answer the call.
    Answer,
    /// Stream the call's audio to a media socket: `listen` and `stream` are the same.
    Listen(Listen),
    /// Speak a text.
    Say {
        /// Alternatives are joined by lines.
        text: String,
    },
    /// Play a file.
    Play {
        /// The first, where there are several.
        url: String,
    },
    /// End the call.
    Hangup,
    /// Wait.
    Pause {
        /// Seconds.
        length: f64,
    },
    /// Any other verb, by name.
    Other(String),
}

/// How audio is streamed.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// Of the media socket; can be relative to the control socket.
    pub url: String,
    /// Samples per second to the bot.
    pub sample_rate: u32,
    /// Whether the bot can send audio at all.
    pub bidirectional: bool,
    /// Whether the bot sends binary audio; else only `playAudio`.
    pub streaming: bool,
    /// Samples per second from the bot.
    pub bidirectional_sample_rate: u32,
    /// Custom fields of the media socket's first message.
    pub metadata: std::collections::BTreeMap<String, String>,
}

/// A new call. The bot has five seconds to answer it.
#[must_use]
pub fn session_new(msgid: &str, start: &StreamStart) -> Message {
    let mut data = call(start, "trying", 100);
    data["env_vars"] = object(&start.parameters);
    data["sip"] = json!({"headers": {}, "method": "INVITE"});
    message("session:new", msgid, &start.call_id, data)
}

/// The call is in another state: `in-progress`, `completed`.
#[must_use]
pub fn call_status(msgid: &str, start: &StreamStart, status: &str, sip_status: u16) -> Message {
    message("call:status", msgid, &start.call_id, call(start, status, sip_status))
}

fn message(kind: &str, msgid: &str, call_sid: &str, data: Value) -> Message {
    text(&json!({"type": kind, "msgid": msgid, "call_sid": call_sid, "data": data}))
}

fn call(start: &StreamStart, status: &str, sip_status: u16) -> Value {
    json!({
        "call_sid": start.call_id,
        "account_sid": start.account_id,
        "call_id": start.stream_id,
        "direction": "inbound",
        "from": start.from,
        "to": start.to,
        "call_status": status,
        "sip_status": sip_status,
        "sip_reason": match sip_status { 100 => "Trying", 200 => "OK", _ => "" },
    })
}

/// Reads what a bot sends.
///
/// # Errors
/// Broken JSON, or a verb that lacks what it needs.
pub fn read(message: &Message) -> Result<Control, ProtocolError> {
    let message = Incoming::read_text(BOT, "type", message)?;
    let command = message.string("command");
    Ok(match (message.kind(), command.as_str()) {
        ("ack", _) => Control::Ack { msgid: message.required("msgid")?, verbs: steps(&message)? },
        ("command", "redirect") => {
            Control::Redirect { queued: message.get("queueCommand") == Some(&Value::Bool(true)), verbs: steps(&message)? }
        }
        ("command", "call:status") if ["completed", "no-answer"].contains(&message.string("data.call_status").as_str()) => Control::HangUp,
        ("command", "hangup") => Control::HangUp,
        ("command", other) => Control::Other(quote(other)),
        (other, _) => Control::Other(quote(other)),
    })
}

fn steps(message: &Incoming<'_>) -> Result<Vec<Step>, ProtocolError> {
    match message.get("data") {
        None => Ok(Vec::new()),
        Some(Value::Array(verbs)) => verbs.iter().map(|verb| step(message, verb)).collect(),
        Some(_) => Err(message.error("has a `data` that is not a list of verbs")),
    }
}

fn step(message: &Incoming<'_>, step: &Value) -> Result<Step, ProtocolError> {
    let text = |name: &str| step.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("verb").ok_or_else(|| message.error("has a step without `verb`"))?;
    let need = |field: &str| words(step.get(field)).ok_or_else(|| message.error(format!("has a verb `{name}` without `{field}`")));
    let verb = match name.as_str() {
        "answer" => Verb::Answer,
        "listen" | "stream" => Verb::Listen(listen(step, need("url")?)),
        // With `stream`, the words come later, in `tts:tokens` messages.
        "say" if step.get("stream") == Some(&Value::Bool(true)) => Verb::Say { text: words(step.get("text")).unwrap_or_default() },
        "say" => Verb::Say { text: need("text")? },
        "play" => Verb::Play { url: need("url")?.lines().next().unwrap_or_default().to_owned() },
        "hangup" => Verb::Hangup,
        "pause" => Verb::Pause { length: step.get("length").and_then(Value::as_f64).unwrap_or_default() },
        other => Verb::Other(other.to_owned()),
    };
    Ok(Step { id: text("id"), action_hook: text("actionHook"), verb })
}

fn words(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Array(texts) => Some(texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")),
        _ => None,
    }
}

fn listen(step: &Value, url: String) -> Listen {
    let flag = |value: Option<&Value>, default| value.and_then(Value::as_bool).unwrap_or(default);
    let rate = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|rate| u32::try_from(rate).ok()).filter(|rate| *rate > 0);
    let audio = |name: &str| step.get("bidirectionalAudio").and_then(|audio| audio.get(name));
    let sample_rate = rate(step.get("sampleRate")).unwrap_or(8_000);
    let metadata = step.get("metadata").and_then(Value::as_object).into_iter().flatten();
    Listen {
        url,
        sample_rate,
        bidirectional: flag(audio("enabled"), true) && !flag(step.get("disableBidirectionalAudio"), false),
        streaming: flag(audio("streaming"), false),
        bidirectional_sample_rate: rate(audio("sampleRate")).unwrap_or(sample_rate),
        metadata: metadata.map(|(name, value)| (name.clone(), plain(value))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::websocket::protocol::Protocol;
    use crate::websocket::providers::testing::{begin, lines};

    fn reads(text: &str) -> Result<Control, ProtocolError> {
        read(&Message::Text(text.to_owned()))
    }

    #[test]
    fn a_call_has_jambonz_messages() {
        let start = begin(Protocol::Jambonz);
        let messages = [session_new("m1", &start), call_status("m4", &start, "completed", 200)];
        insta::assert_snapshot!(lines(&messages), @r#"
        {"call_sid":"CA1","data":{"account_sid":"AC1","call_id":"MZ1","call_sid":"CA1","call_status":"trying","direction":"inbound","env_vars":{"customer":"42"},"from":"+15550100","sip":{"headers":{},"method":"INVITE"},"sip_reason":"Trying","sip_status":100,"to":"+15550199"},"msgid":"m1","type":"session:new"}
        {"call_sid":"CA1","data":{"account_sid":"AC1","call_id":"MZ1","call_sid":"CA1","call_status":"completed","direction":"inbound","from":"+15550100","sip_reason":"OK","sip_status":200,"to":"+15550199"},"msgid":"m4","type":"call:status"}
        "#);
    }

    #[test]
    fn an_application_is_understood() {
        let ack = r#"{"type":"ack","msgid":"m1","data":[{"verb":"answer"},{"verb":"say","id":"greeting","text":["Hi","Hello"]},
            {"verb":"listen","url":"/media","actionHook":"/done","sampleRate":16000,"passDtmf":true,"metadata":{"turns":3},
             "bidirectionalAudio":{"enabled":true,"streaming":true,"sampleRate":24000}},
            {"verb":"pause","length":1.5},{"verb":"say","stream":true},{"verb":"gather"},{"verb":"hangup"}]}"#;
        let Control::Ack { verbs, .. } = reads(ack).unwrap() else { panic!("no ack") };
        insta::assert_snapshot!(verbs.iter().map(|step| format!("{step:?}\n")).collect::<String>(), @r#"
        Step { id: None, action_hook: None, verb: Answer }
        Step { id: Some("greeting"), action_hook: None, verb: Say { text: "Hi\nHello" } }
        Step { id: None, action_hook: Some("/done"), verb: Listen(Listen { url: "/media", sample_rate: 16000, bidirectional: true, streaming: true, bidirectional_sample_rate: 24000, metadata: {"turns": "3"} }) }
        Step { id: None, action_hook: None, verb: Pause { length: 1.5 } }
        Step { id: None, action_hook: None, verb: Say { text: "" } }
        Step { id: None, action_hook: None, verb: Other("gather") }
        Step { id: None, action_hook: None, verb: Hangup }
        "#);
    }

    #[test]
    fn commands_are_understood() {
        for (text, expected) in [
            (r#"{"type":"ack","msgid":"m1"}"#, Control::Ack { msgid: "m1".into(), verbs: Vec::new() }),
            (r#"{"type":"command","command":"call:status","data":{"call_status":"completed"}}"#, Control::HangUp),
            (r#"{"type":"command","command":"mute:status","data":{}}"#, Control::Other("mute:status".into())),
            (
                r#"{"type":"command","command":"redirect","queueCommand":true,"data":[]}"#,
                Control::Redirect { queued: true, verbs: Vec::new() },
            ),
            (r#"{"type":"tts:clear"}"#, Control::Other("tts:clear".into())),
        ] {
            assert_eq!(reads(text).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_missing_is_a_readable_error() {
        insta::assert_snapshot!(reads(r#"{"type":"ack"}"#).unwrap_err(), @r#"the bot's `ack` message has no `msgid`: {"type":"ack"}"#);
        insta::assert_snapshot!(reads(r#"{"type":"ack","msgid":"m1","data":{}}"#).unwrap_err(), @r#"the bot's `ack` message has a `data` that is not a list of verbs: {"type":"ack","msgid":"m1","data":{}}"#);
        insta::assert_snapshot!(reads(r#"{"type":"ack","msgid":"m1","data":[{"verb":"listen"}]}"#).unwrap_err(), @r#"the bot's `ack` message has a verb `listen` without `url`: {"type":"ack","msgid":"m1","data":[{"verb":"listen"}]}"#);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = reads(&text);
        }
    }
}
