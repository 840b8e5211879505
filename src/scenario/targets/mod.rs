//! Whom to call: a URI on the command line or a mapping in a file.

mod bot;
mod file;
mod originate;
mod originate_file;
mod sip;
mod sip_file;
mod uri;
mod web_file;
mod webrtc;
mod websocket;

pub use bot::{BotAccess, BotTarget, Fault};
#[cfg(test)]
pub(super) use file::TARGET_KEYS;
pub(super) use file::decode;
pub use originate::{Credentials, OriginateProvider, OriginateTarget};
#[cfg(test)]
pub(super) use originate_file::ORIGINATE_KEYS;
pub use sip::{ClientCertificate, DigitMode, SIP_CODECS, SipTarget, Srtp};
#[cfg(test)]
pub(super) use sip_file::SIP_KEYS;
#[cfg(test)]
pub(super) use web_file::{WEBRTC_KEYS, WEBSOCKET_KEYS};
pub use webrtc::{IceServer, LiveKitRoom, Signalling, WEBRTC_CODECS, WebRtcTarget};
pub use websocket::{SOCKET_ENCODINGS, SocketProtocol, WebSocketTarget};

/// A bot that can be dialled.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A SIP URI (RFC 3261).
    Sip(Box<SipTarget>),
    /// WebRTC, whatever its signalling.
    WebRtc(Box<WebRtcTarget>),
    /// The bot's own endpoint for a telephony provider's media socket.
    WebSocket(Box<WebSocketTarget>),
    /// A phone call that a provider places to the bot's number.
    Originate(Box<OriginateTarget>),
    /// The built-in sample bot, started for the run.
    Bot(BotTarget),
}

impl Target {
    /// From a URI: `sip:bot@host:port`, `webrtc+http://host/api/offer`, `twilio+wss://host/ws`, `bot:booking?fault=late:3s`.
    ///
    /// # Errors
    /// What is wrong and what to write instead.
    pub fn from_uri(uri: &str) -> Result<Self, String> {
        uri::parse(uri)
    }

    /// How reports name it.
    pub fn label(&self) -> String {
        match self {
            Target::Sip(sip) => sip.uri.clone(),
            Target::WebRtc(target) => format!("{}+{}", target.signalling.scheme(), target.url),
            Target::WebSocket(target) if target.protocol == SocketProtocol::AudioSocket => format!("audiosocket://{}", target.url),
            Target::WebSocket(target) => {
                let url = if target.url.is_empty() { target.answer_url.as_deref().unwrap_or_default() } else { &target.url };
                format!("{}+{url}", target.protocol.name())
            }
            Target::Originate(target) => format!("originate:{}:{}", target.provider().name(), target.to),
            Target::Bot(bot) => {
                let over = if bot.over == BotAccess::Sip { String::new() } else { format!("?over={}", bot.over.name()) };
                format!("bot:{}{over}", bot.script.as_deref().unwrap_or_default())
            }
        }
    }
}
