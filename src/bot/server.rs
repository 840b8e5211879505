//! The bot as a whole: its scripts, its listeners, its log.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};

use super::lines::LiveLines;
use super::log::TrueTimes;
use super::script::{BotError, Library};
use super::state::BotState;
use super::{audiosocket, livekit, offers, sip, web};
use crate::scenario::{BotAccess, BotTarget, Fault, LiveKitRoom, Secret, Signalling, SipTarget, Target, WebRtcTarget, WebSocketTarget};
use crate::transport::MediaLane;
use crate::websocket::providers::provider;

/// How long a bot may ring that will answer.
const ANSWERED: Duration = Duration::from_secs(30);
/// How long to wait for a bot that never answers.
const UNANSWERED: Duration = Duration::from_secs(3);

/// How a bot behaves.
#[derive(Clone, Debug)]
pub struct BotOptions {
    /// Where it listens for SIP; port 0 takes a free one.
    pub address: SocketAddr,
    /// Where it listens for WebRTC offers and media sockets.
    pub web: SocketAddr,
    /// Where it listens for AudioSockets.
    pub audiosocket: SocketAddr,
    /// Its scripts.
    pub library: Library,
    /// How it goes wrong.
    pub fault: Option<Fault>,
    /// With which it checks the signatures of Twilio, Plivo and Vonage; without one it checks none.
    pub auth_token: Option<Secret>,
}

impl BotOptions {
    /// A bot on free ports of this machine.
    pub fn local(library: Library, fault: Option<Fault>) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { address: any, web: any, audiosocket: any, library, fault, auth_token: None }
    }
}

/// A running bot; it ends when this is dropped.
pub struct Bot {
    /// Where it listens for SIP.
    pub address: SocketAddr,
    /// Where it listens for HTTP: WebRTC offers and media sockets.
    pub web: SocketAddr,
    /// Where it listens for AudioSockets.
    pub audiosocket: SocketAddr,
    /// The true times of its replies.
    pub log: TrueTimes,
    _lane: MediaLane,
    _stop: DropGuard,
}

impl Bot {
    /// Starts to listen.
    ///
    /// # Errors
    /// An address is taken.
    pub async fn start(options: BotOptions) -> Result<Self, BotError> {
        let listen = |address: SocketAddr| move |message| BotError::Listen { address: address.to_string(), message };
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let log = TrueTimes::default();
        let state = BotState {
            library: options.library,
            fault: options.fault,
            auth_token: options.auth_token,
            log: log.clone(),
            lines: LiveLines::default(),
        };
        let state = Arc::new(state);
        let address = sip::serve(Arc::clone(&state), options.address, stop.clone()).await.map_err(listen(options.address))?;
        // Its true times must not depend on how busy the tester's runtime is.
        let lane = MediaLane::default();
        let on_lane = |error: std::io::Error| BotError::Listen { address: options.web.to_string(), message: error.to_string() };
        let media = lane.handle().map_err(on_lane)?;
        let web = media.spawn(web::serve(Arc::clone(&state), options.web, stop.clone())).await;
        let web = web.unwrap_or_else(|error| Err(error.to_string())).map_err(listen(options.web))?;
        let audiosocket = media.spawn(audiosocket::serve(state, options.audiosocket, stop)).await;
        let audiosocket = audiosocket.unwrap_or_else(|error| Err(error.to_string())).map_err(listen(options.audiosocket))?;
        Ok(Self { address, web, audiosocket, log, _lane: lane, _stop: guard })
    }
}

impl Bot {
    /// The target that reaches this bot over the access that is asked for.
    pub fn target(&self, wanted: &BotTarget) -> Target {
        let script = wanted.script.as_deref();
        let query = script.map(|script| format!("?script={script}")).unwrap_or_default();
        let patience = if wanted.fault == Some(Fault::NoAnswer) { UNANSWERED } else { ANSWERED };
        match wanted.over {
            BotAccess::Sip => {
                let uri = format!("sip:{}@{}", script.unwrap_or("bot"), self.address);
                Target::Sip(Box::new(SipTarget { ring_timeout: patience, ..SipTarget::new(uri) }))
            }
            BotAccess::WebRtc(Signalling::LiveKit) => {
                let url = format!("ws://{}{}{query}", self.web, offers::path(Signalling::LiveKit));
                let (api_key, api_secret) = (Some(livekit::KEY.to_owned()), Some(Secret::new(livekit::SECRET)));
                let livekit = LiveKitRoom { api_key, api_secret, ..LiveKitRoom::default() };
                Target::WebRtc(Box::new(WebRtcTarget { timeout: patience, livekit, ..WebRtcTarget::new(url, Signalling::LiveKit) }))
            }
            BotAccess::WebRtc(signalling) => {
                let url = format!("http://{}{}{query}", self.web, offers::path(signalling));
                let token = (signalling == Signalling::OpenAi).then(|| Secret::new("sample"));
                Target::WebRtc(Box::new(WebRtcTarget { timeout: patience, token, ..WebRtcTarget::new(url, signalling) }))
            }
            BotAccess::Socket(protocol) if provider(protocol).tcp().is_some() => {
                Target::WebSocket(Box::new(WebSocketTarget::new(self.audiosocket.to_string(), protocol)))
            }
            BotAccess::Socket(protocol) => {
                let url = format!("ws://{}/socket/{}{query}", self.web, protocol.name());
                Target::WebSocket(Box::new(WebSocketTarget { timeout: patience, ..WebSocketTarget::new(url, protocol) }))
            }
        }
    }
}
