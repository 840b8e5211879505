//! A bot's media socket, called in a telephony provider's place.

use std::time::Duration;

use crate::codec::Codec;
use crate::scenario::secrets::Secret;

/// Whose protocol the socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketProtocol {
    /// Twilio Media Streams.
    Twilio,
    /// Telnyx media streaming.
    Telnyx,
    /// Plivo audio streaming.
    Plivo,
    /// Exotel voice streaming.
    Exotel,
    /// Vonage WebSocket.
    Vonage,
    /// FreJun Teler.
    Teler,
    /// jambonz: control socket and audio socket.
    Jambonz,
    /// Genesys AudioHook.
    Genesys,
    /// Asterisk AudioSocket, over TCP.
    AudioSocket,
    /// Raw 16-bit frames.
    Pcm,
}

impl SocketProtocol {
    /// Every protocol.
    pub const ALL: [Self; 10] = [
        Self::Twilio,
        Self::Telnyx,
        Self::Plivo,
        Self::Exotel,
        Self::Vonage,
        Self::Teler,
        Self::Jambonz,
        Self::Genesys,
        Self::AudioSocket,
        Self::Pcm,
    ];

    /// The name that targets write, whether the provider asks an answer URL where the stream goes, and whether it signs what it
    /// asks.
    const fn facts(self) -> (&'static str, bool, bool) {
        match self {
            Self::Twilio => ("twilio", true, true),
            Self::Telnyx => ("telnyx", true, true),
            Self::Plivo => ("plivo", true, true),
            Self::Exotel => ("exotel", true, false),
            Self::Vonage => ("vonage", true, true),
            Self::Teler => ("teler", true, false),
            Self::Jambonz => ("jambonz", false, false),
            Self::Genesys => ("genesys", false, false),
            Self::AudioSocket => ("audiosocket", false, false),
            Self::Pcm => ("pcm", false, false),
        }
    }

    /// As targets write it.
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// Whether the provider asks an answer URL where the stream goes.
    pub fn asks_first(self) -> bool {
        self.facts().1
    }

    /// Whether the provider signs what it asks a bot.
    pub fn signs(self) -> bool {
        self.facts().2
    }

    /// The protocol of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }
}

/// Names in files and the encodings that media sockets carry.
pub const SOCKET_ENCODINGS: &[(&str, Codec)] = &[("pcmu", Codec::Pcmu), ("pcma", Codec::Pcma), ("l16", Codec::L16)];

/// A bot's media socket.
#[derive(Clone, Debug, PartialEq)]
pub struct WebSocketTarget {
    /// `ws://`, `wss://`; `host:port` of an AudioSocket. Empty where `answer_url` supplies it.
    pub url: String,
    /// Whose protocol it speaks.
    pub protocol: SocketProtocol,
    /// Encoding of the caller's audio; `None`: the protocol's default.
    pub encoding: Option<Codec>,
    /// Samples per second of linear audio.
    pub sample_rate: Option<u32>,
    /// Further headers of the WebSocket request.
    pub headers: Vec<(String, String)>,
    /// Parameters that the bot gets with the start of the stream.
    pub parameters: Vec<(String, String)>,
    /// The caller's number.
    pub from: String,
    /// The number called.
    pub to: String,
    /// Where the provider asks what to do with the call before it opens a stream (TwiML, NCCO, flow).
    pub answer_url: Option<String>,
    /// Hosts, with or without a port, that get `headers` and `auth_token` when the bot's answer sends the stream there.
    pub trusted_hosts: Vec<String>,
    /// Signs what the provider sends (Twilio: `X-Twilio-Signature`); redacted everywhere.
    pub auth_token: Option<Secret>,
    /// How long opening the stream may take.
    pub timeout: Duration,
}

impl WebSocketTarget {
    /// A target with the defaults: the protocol's own audio format, made-up numbers, 10 s to open.
    pub fn new(url: impl Into<String>, protocol: SocketProtocol) -> Self {
        Self {
            url: url.into(),
            protocol,
            encoding: None,
            sample_rate: None,
            headers: Vec::new(),
            parameters: Vec::new(),
            from: "+15550100".to_owned(),
            to: "+15550101".to_owned(),
            answer_url: None,
            trusted_hosts: Vec::new(),
            auth_token: None,
            timeout: Duration::from_secs(10),
        }
    }
}
