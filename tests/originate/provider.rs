//! A telephony provider: takes the REST call, rings the sample bot's media socket and joins it with the stream that it opens to
//! goldencall, in the form of Twilio's and Teler's documentation.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::bridge::{self, Side};

pub const ACCOUNT: &str = "AC0123456789";
/// Also Teler's API key.
pub const TOKEN: &str = "sesame-sesame";

/// What becomes of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The bot answers.
    Answered,
    Busy,
    /// It rings until somebody gives up.
    Rings,
    /// Answered, but the stream has another account's signature.
    Forged,
    /// The bot answers, and a stranger sends a status callback in mid-call.
    Stranger,
    /// It rings, and the request to end it fails on the provider's side.
    Deaf,
    /// The REST request takes a second; then it rings.
    Slow,
    /// The first REST request fails on the provider's side; then the bot is busy.
    Stumbles,
}

pub struct Provider {
    pub address: SocketAddr,
    state: Arc<Office>,
    _runtime: Runtime,
}

pub struct Office {
    fate: Fate,
    /// The sample bot's web side.
    bot: String,
    log: Mutex<Vec<String>>,
    calls: Mutex<Vec<CancellationToken>>,
    http: reqwest::Client,
}

impl Provider {
    pub fn start(fate: Fate, bot: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let _already_there = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        let state = Arc::new(Office { fate, bot: bot.to_owned(), log: Mutex::default(), calls: Mutex::default(), http });
        let app = Router::new()
            .route("/2010-04-01/Accounts/{account}/Calls.json", post(twilio_call))
            .route("/2010-04-01/Accounts/{account}/Calls/{sid}", post(twilio_change))
            .route("/voice/calls/initiate", post(teler_call))
            .route("/voice/calls/{id}/hangup", post(teler_hang_up))
            .with_state(Arc::clone(&state));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { address, state, _runtime: runtime }
    }

    /// Everything that happened, a line each.
    pub fn log(&self) -> Vec<String> {
        self.state.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Office {
    fn note(&self, line: impl Into<String>) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(line.into());
    }

    /// A call's number and what ends it.
    fn new_call(&self) -> (usize, CancellationToken) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(CancellationToken::new());
        (calls.len(), calls[calls.len() - 1].clone())
    }

    fn end(&self, id: &str) {
        let number: usize = id.trim_start_matches("CA").parse().expect("a call's number");
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)[number - 1].cancel();
    }

    async fn tell(&self, what: &str, request: reqwest::RequestBuilder) -> String {
        let response = request.send().await.expect("goldencall answers");
        self.note(format!("{what}: {}", response.status().as_u16()));
        response.text().await.expect("a body")
    }

    async fn twilio_status(&self, url: &str, sid: &str, status: &str) {
        let fields = [("CallSid", sid), ("AccountSid", ACCOUNT), ("CallStatus", status), ("Direction", "outbound-api")];
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut sorted = fields.to_vec();
        sorted.sort_unstable();
        let text: String = sorted.iter().map(|(name, value)| format!("{name}{value}")).collect();
        let request = self.http.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(body);
        self.tell(status, request.header("X-Twilio-Signature", signature(TOKEN, &format!("{url}{text}")))).await;
    }

    async fn teler_status(&self, url: &str, id: &str, event: &str) {
        let body = json!({"event": format!("call.{event}"), "account_id": "a", "data": {"call_id": id}});
        self.tell(event, self.http.post(url).json(&body)).await;
    }
}

/// As Twilio's documentation has it: HMAC-SHA1, base64.
pub fn signature(token: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

type Answer = (StatusCode, Json<Value>);

async fn twilio_call(State(office): State<Arc<Office>>, Path(account): Path<String>, headers: HeaderMap, body: String) -> Answer {
    let expected = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
    if headers.get("authorization").is_none_or(|given| *given != expected) || account != ACCOUNT {
        let message =
            json!({"code": 20003, "message": "Authenticate", "more_info": "https://www.twilio.com/docs/errors/20003", "status": 401});
        return (StatusCode::UNAUTHORIZED, Json(message));
    }
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).expect("a field");
    let twiml = field("Twiml");
    let document = roxmltree::Document::parse(&twiml).expect("TwiML");
    let stream = document.descendants().find(|node| node.has_tag_name("Stream")).expect("a stream");
    let stream = stream.attribute("url").expect("its URL").to_owned();
    let status = field("StatusCallback");
    assert!(field("To").starts_with('+') && fields.iter().filter(|(name, _)| name == "StatusCallbackEvent").count() == 4);
    if office.fate == Fate::Slow {
        office.note("asked");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (number, over) = office.new_call();
    let sid = format!("CA{number}");
    tokio::spawn(twilio_rings(Arc::clone(&office), sid.clone(), status, stream, over));
    (StatusCode::CREATED, Json(json!({"sid": sid, "status": "queued"})))
}

async fn twilio_rings(office: Arc<Office>, sid: String, status: String, stream: String, over: CancellationToken) {
    office.twilio_status(&status, &sid, "initiated").await;
    office.twilio_status(&status, &sid, "ringing").await;
    match office.fate {
        Fate::Busy => return office.twilio_status(&status, &sid, "busy").await,
        Fate::Rings | Fate::Slow | Fate::Deaf => {
            over.cancelled().await;
            return office.twilio_status(&status, &sid, "canceled").await;
        }
        _ => tokio::time::sleep(Duration::from_millis(100)).await,
    }
    office.twilio_status(&status, &sid, "in-progress").await;
    let token = if office.fate == Fate::Forged { "another" } else { TOKEN };
    if office.fate == Fate::Stranger {
        let request = office.http.post(&status).body("CallStatus=completed");
        office.tell("stranger", request.header("X-Twilio-Signature", signature("another", &status))).await;
    }
    let header = ("X-Twilio-Signature", signature(token, &stream));
    match bridge::open(&stream, Some(header)).await {
        Ok(socket) => {
            let bot = bridge::open(&format!("ws://{}/socket/twilio?script=booking", office.bot), None).await.expect("the bot");
            bridge::join(Side::Twilio, &sid, socket, bot, &over).await;
        }
        Err(status) => office.note(format!("stream: {status}")),
    }
    office.twilio_status(&status, &sid, "completed").await;
}

async fn twilio_change(State(office): State<Arc<Office>>, Path((_, sid)): Path<(String, String)>, body: String) -> Answer {
    let sid = sid.trim_end_matches(".json");
    office.note(format!("hang up {sid}: {body}"));
    if office.fate == Fate::Deaf {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"code": 20503, "message": "Service unavailable", "status": 503})));
    }
    office.end(sid);
    (StatusCode::OK, Json(json!({"sid": sid, "status": "completed"})))
}

async fn teler_call(State(office): State<Arc<Office>>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    if headers.get("x-api-key").is_none_or(|key| key != TOKEN) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"success": false, "message": "Invalid API key."})));
    }
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).expect("a key");
    assert_eq!(body["record"], false, "{body}");
    office.note(format!("asked {key}"));
    let (number, over) = office.new_call();
    if office.fate == Fate::Stumbles && number == 1 {
        return (StatusCode::BAD_GATEWAY, Json(json!({"success": false, "message": "upstream"})));
    }
    let id = number.to_string();
    tokio::spawn(teler_rings(Arc::clone(&office), id.clone(), body, over));
    (StatusCode::CREATED, Json(json!({"success": true, "data": {"id": id}})))
}

async fn teler_rings(office: Arc<Office>, id: String, call: Value, over: CancellationToken) {
    let url = |name: &str| call[name].as_str().expect("a URL").to_owned();
    let status = url("status_callback_url");
    office.teler_status(&status, &id, "initiated").await;
    office.teler_status(&status, &id, "ringing").await;
    if office.fate == Fate::Stumbles {
        let body = json!({"event": "call.completed", "data": {"call_id": id, "reason": "busy"}});
        office.tell("busy", office.http.post(&status).json(&body)).await;
        return;
    }
    office.teler_status(&status, &id, "answered").await;
    let question = json!({"call_id": id, "account_id": "a", "from_number": call["from_number"], "to_number": call["to_number"]});
    let flow = office.tell("flow", office.http.post(url("flow_url")).json(&question)).await;
    let flow: Value = serde_json::from_str(&flow).expect("a flow");
    assert_eq!((&flow["action"], &flow["sample_rate"]), (&json!("stream"), &json!("8k")));
    let stream = bridge::open(flow["ws_url"].as_str().expect("a URL"), None).await.expect("the stream");
    let bot = bridge::open(&format!("ws://{}/socket/teler?script=booking", office.bot), None).await.expect("the bot");
    bridge::join(Side::Teler, &id, stream, bot, &over).await;
    office.teler_status(&status, &id, "completed").await;
}

async fn teler_hang_up(State(office): State<Arc<Office>>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    assert!(headers.contains_key("idempotency-key"));
    office.note(format!("hang up {id}"));
    office.end(&id);
    (StatusCode::OK, Json(json!({"success": true, "data": {"request_id": "r"}})))
}
