//! The built-in sample bot as a target.

use std::path::PathBuf;
use std::time::Duration;

use super::{Signalling, SocketProtocol};
use crate::scenario::decode::{did_you_mean, parse_duration};

/// The built-in sample bot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BotTarget {
    /// Name of the script; the first one by default.
    pub script: Option<String>,
    /// Script file instead of the built-in scripts.
    pub file: Option<PathBuf>,
    /// How the bot goes wrong.
    pub fault: Option<Fault>,
    /// How the bot is reached.
    pub over: BotAccess,
}

/// The ways in which the sample bot can be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BotAccess {
    /// SIP and RTP.
    #[default]
    Sip,
    /// WebRTC.
    WebRtc(Signalling),
    /// A provider's media socket.
    Socket(SocketProtocol),
}

impl BotAccess {
    /// From a name as in `over: twilio`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(name: &str) -> Result<Self, String> {
        Self::all().into_iter().find(|access| access.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::all().into_iter().map(Self::name).collect();
            format!("the sample bot cannot be called over `{name}`; {}", did_you_mean(name, &names))
        })
    }

    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::WebRtc(signalling) => signalling.scheme(),
            Self::Socket(protocol) => protocol.name(),
        }
    }

    /// Every way.
    pub fn all() -> Vec<Self> {
        let webrtc = Signalling::ALL.into_iter().map(Self::WebRtc);
        let sockets = SocketProtocol::ALL.into_iter().map(Self::Socket);
        std::iter::once(Self::Sip).chain(webrtc).chain(sockets).collect()
    }
}

/// Each way in which the sample bot can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Its second reply comes this much later.
    Late(Duration),
    /// It never makes its second reply.
    Silent,
    /// It gives the reply that its script calls wrong.
    WrongReply,
    /// Its second reply starts while the caller is speaking.
    TalksOver,
    /// It hangs up instead of its second reply.
    Drops,
    /// Its second reply is mangled beyond understanding.
    Garbled,
    /// Every reply has a faint noise of its own, so that no two are bit for bit the same.
    Hiss,
    /// It does not stop when the caller barges in.
    Deaf,
    /// It rejects the call with 486 Busy Here.
    Busy,
    /// It rings and never answers.
    NoAnswer,
}

const FAULTS: &[&str] = &["late", "silent", "wrong_reply", "talks_over", "drops", "garbled", "hiss", "deaf", "busy", "no_answer"];

impl Fault {
    /// From a name as in `--fault late` or `late:3s`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once([':', '=']).map_or((text, None), |(name, value)| (name, Some(value)));
        Ok(match name.replace('-', "_").as_str() {
            "late" => Self::Late(value.map_or(Ok(Duration::from_secs(3)), parse_duration)?),
            "silent" => Self::Silent,
            "wrong_reply" => Self::WrongReply,
            "talks_over" => Self::TalksOver,
            "drops" => Self::Drops,
            "garbled" => Self::Garbled,
            "hiss" => Self::Hiss,
            "deaf" => Self::Deaf,
            "busy" => Self::Busy,
            "no_answer" => Self::NoAnswer,
            other => return Err(format!("`{other}` is not a fault of the sample bot; {}", did_you_mean(other, FAULTS))),
        })
    }
}

/// What follows `bot:`.
pub(super) fn uri(rest: &str) -> Result<BotTarget, String> {
    let (script, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut bot = BotTarget { script: (!script.is_empty()).then(|| script.to_owned()), ..BotTarget::default() };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("fault", fault)) => bot.fault = Some(Fault::parse(fault)?),
            Some(("over", over)) => bot.over = BotAccess::parse(over)?,
            _ => return Err(format!("`{pair}` means nothing to bot:; known: fault=..., over=...")),
        }
    }
    Ok(bot)
}
