//! The kinds of targets.

use super::bot::{BotAccess, BotTarget};
use super::originate::OriginateTarget;
use super::sip::SipTarget;
use super::webrtc::WebRtcTarget;
use super::websocket::{SocketProtocol, WebSocketTarget};

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
