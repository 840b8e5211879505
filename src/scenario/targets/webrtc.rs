//! A bot that is reached by WebRTC.

use std::time::Duration;

use crate::codec::Codec;
use crate::scenario::secrets::Secret;

/// How offer and answer are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signalling {
    /// JSON `{sdp, type}` by POST: Pipecat's SmallWebRTC and aiortc-style servers.
    Offer,
    /// FastRTC: the same with a `webrtc_id`.
    FastRtc,
    /// WHIP (RFC 9725).
    Whip,
    /// `application/sdp` by POST with a Bearer token, events on the `oai-events` channel.
    OpenAi,
    /// A LiveKit room.
    LiveKit,
}

impl Signalling {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Offer, Self::FastRtc, Self::Whip, Self::OpenAi, Self::LiveKit];

    /// As targets write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::FastRtc => "fastrtc",
            Self::Whip => "whip",
            Self::OpenAi => "openai",
            Self::LiveKit => "livekit",
        }
    }

    /// The part of a target URI before `+http`.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Offer => "webrtc",
            other => other.name(),
        }
    }
}

/// Names in files and the codecs that WebRTC calls offer.
pub const WEBRTC_CODECS: &[(&str, Codec)] = &[("opus", Codec::Opus), ("pcmu", Codec::Pcmu), ("pcma", Codec::Pcma)];

/// A STUN or TURN server (RFC 8489, RFC 8656).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:host:port`, `turn:host:port?transport=udp`.
    pub urls: Vec<String>,
    /// For TURN.
    pub username: Option<String>,
    /// For TURN; redacted everywhere.
    pub credential: Option<Secret>,
}

/// The room of a LiveKit call, and the caller's identity in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveKitRoom {
    /// The room; a fresh name by default.
    pub room: Option<String>,
    /// The participant's identity; `goldencall` by default.
    pub identity: Option<String>,
    /// With the secret, makes a token; unused where the target has a token.
    pub api_key: Option<String>,
    /// Signs the token; redacted everywhere.
    pub api_secret: Option<Secret>,
}

/// A bot that is reached by WebRTC.
#[derive(Clone, Debug, PartialEq)]
pub struct WebRtcTarget {
    /// Where the offer goes; a path that ends in `/start` asks for a session first.
    pub url: String,
    /// How offer and answer are exchanged.
    pub signalling: Signalling,
    /// Offered in this order.
    pub codecs: Vec<Codec>,
    /// Bearer token (LiveKit: access token); redacted everywhere.
    pub token: Option<Secret>,
    /// Further headers of the HTTP requests.
    pub headers: Vec<(String, String)>,
    /// STUN and TURN servers.
    pub ice_servers: Vec<IceServer>,
    /// Over TURN or not at all (`iceTransportPolicy: relay` of the W3C).
    pub relay_only: bool,
    /// JSON that the bot gets with the offer (`request_data`) or with `/start` (`body`).
    pub body: Option<String>,
    /// How long signalling, ICE and DTLS may take together.
    pub timeout: Duration,
    /// Of `livekit` only.
    pub livekit: LiveKitRoom,
}

impl WebRtcTarget {
    /// A target with the defaults: Opus, then PCMU and PCMA; no servers; 15 s to connect.
    pub fn new(url: impl Into<String>, signalling: Signalling) -> Self {
        Self {
            url: url.into(),
            signalling,
            codecs: WEBRTC_CODECS.iter().map(|(_, codec)| *codec).collect(),
            token: None,
            headers: Vec::new(),
            ice_servers: Vec::new(),
            relay_only: false,
            body: None,
            timeout: Duration::from_secs(15),
            livekit: LiveKitRoom::default(),
        }
    }

    /// Whether the URL asks for a session first (`POST /start`), which may bring ICE servers.
    pub fn asks_for_a_session(&self) -> bool {
        self.signalling == Signalling::Offer && self.path().ends_with("/start")
    }

    /// The URL without its query and fragment.
    pub fn path(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }
}
