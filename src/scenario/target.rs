//! Whom to call: a URI on the command line or a mapping in a file.

mod file;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::decode::{did_you_mean, parse_duration};
use super::secrets::MASK;

pub(super) use file::decode;

/// A bot that can be dialled.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A SIP URI (RFC 3261) over UDP.
    Sip(SipTarget),
    /// The built-in sample bot, started for the run and called over SIP.
    Bot(BotTarget),
}

/// G.711 and its two laws; RTP payload types 0 and 8 (RFC 3551).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl Codec {
    /// The static RTP payload type (RFC 3551, table 4).
    pub fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
        }
    }

    /// The encoding name of SDP.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
    }
}

/// A SIP user agent.
#[derive(Clone, PartialEq)]
pub struct SipTarget {
    /// `sip:user@host:port`.
    pub uri: String,
    /// Offered in this order.
    pub codecs: Vec<Codec>,
    /// For digest authentication.
    pub username: Option<String>,
    /// For digest authentication; redacted everywhere.
    pub password: Option<String>,
    /// How long it may ring.
    pub ring_timeout: Duration,
    /// Further headers of the INVITE.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for SipTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SipTarget")
            .field("uri", &self.uri)
            .field("codecs", &self.codecs)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| MASK))
            .field("ring_timeout", &self.ring_timeout)
            .field("headers", &self.headers)
            .finish()
    }
}

impl SipTarget {
    /// A target with the defaults: PCMU, then PCMA; no credentials; 30 s of ringing.
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            username: None,
            password: None,
            ring_timeout: Duration::from_secs(30),
            headers: Vec::new(),
        }
    }
}

/// The built-in sample bot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BotTarget {
    /// Name of the script; the first one where there is none.
    pub script: Option<String>,
    /// Script file instead of the built-in scripts.
    pub file: Option<PathBuf>,
    /// How the bot goes wrong.
    pub fault: Option<Fault>,
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
    /// It does not stop when the caller barges in.
    Deaf,
    /// It rejects the call with 486 Busy Here.
    Busy,
    /// It rings and never answers.
    NoAnswer,
}

const FAULTS: &[&str] = &["late", "silent", "wrong_reply", "talks_over", "drops", "garbled", "deaf", "busy", "no_answer"];

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
            "deaf" => Self::Deaf,
            "busy" => Self::Busy,
            "no_answer" => Self::NoAnswer,
            other => return Err(format!("`{other}` is no fault of the sample bot; {}", did_you_mean(other, FAULTS))),
        })
    }
}

const LATER: &[&str] = &[
    "webrtc+http",
    "webrtc+https",
    "whip+http",
    "whip+https",
    "openai+https",
    "fastrtc+http",
    "fastrtc+https",
    "twilio+ws",
    "twilio+wss",
    "telnyx+ws",
    "plivo+ws",
    "exotel+ws",
    "vonage+ws",
    "teler+ws",
    "jambonz+ws",
    "genesys+ws",
    "pcm+ws",
    "audiosocket",
    "sips",
];

impl Target {
    /// From a URI: `sip:bot@host:port`, `bot:`, `bot:booking?fault=late:3s`.
    ///
    /// # Errors
    /// What is wrong and what to write instead.
    pub fn from_uri(uri: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = uri.split_once(':') else {
            return Err(format!("`{uri}` is no target URI; write sip:bot@host or bot:"));
        };
        match scheme {
            "sip" => sip_uri(uri, rest).map(|uri| Self::Sip(SipTarget::new(uri))),
            "bot" => bot_uri(rest).map(Self::Bot),
            later if LATER.contains(&later) => Err(format!("`{later}:` targets are not supported by this version; it calls sip: and bot:")),
            other => Err(format!("`{other}:` is no known kind of target; {}", did_you_mean(other, &["sip", "bot"]))),
        }
    }

    /// How reports name it.
    pub fn label(&self) -> String {
        match self {
            Target::Sip(sip) => sip.uri.clone(),
            Target::Bot(bot) => format!("bot:{}", bot.script.as_deref().unwrap_or_default()),
        }
    }
}

fn sip_uri(uri: &str, rest: &str) -> Result<String, String> {
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host.split([';', '?']).next().unwrap_or_default();
    if host.is_empty() || uri.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("`{uri}` is no SIP URI; write sip:user@host:port"));
    }
    if let Some((user, _)) = rest.split_once('@')
        && user.contains(':')
    {
        return Err("a password does not belong in a URI; set `password: \"${SIP_PASSWORD}\"` in goldencall.yaml".to_owned());
    }
    Ok(uri.to_owned())
}

fn bot_uri(rest: &str) -> Result<BotTarget, String> {
    let (script, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut bot = BotTarget { script: (!script.is_empty()).then(|| script.to_owned()), ..BotTarget::default() };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("fault", fault)) => bot.fault = Some(Fault::parse(fault)?),
            _ => return Err(format!("`{pair}` means nothing to bot:; known: fault=...")),
        }
    }
    Ok(bot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_name_sip_and_the_sample_bot() {
        assert_eq!(Target::from_uri("sip:127.0.0.1:9"), Ok(Target::Sip(SipTarget::new("sip:127.0.0.1:9"))));
        let bot = BotTarget { script: Some("booking".into()), file: None, fault: Some(Fault::Late(Duration::from_secs(4))) };
        assert_eq!(Target::from_uri("bot:booking?fault=late:4s"), Ok(Target::Bot(bot)));
    }

    #[test]
    fn wrong_uris_say_what_to_write() {
        for uri in ["10.0.0.5", "sip:", "sip:a:secret@host", "spi:x@y", "twilio+ws://host/ws", "bot:?late", "bot:?fault=lat"] {
            let help = Target::from_uri(uri).expect_err(uri);
            insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(format!("uri_{}", uri.replace(|c: char| !c.is_alphanumeric(), "_")), help) });
        }
    }
}
