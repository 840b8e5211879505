//! A SIP target.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::codec::Codec;
use crate::scenario::decode::did_you_mean;
use crate::scenario::secrets::Secret;

/// A SIP user agent, called directly or through a proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct SipTarget {
    /// `sip:user@host:port;transport=tcp` or `sips:user@host`.
    pub uri: String,
    /// Offered in this order.
    pub codecs: Vec<Codec>,
    /// For digest authentication (RFC 7616).
    pub username: Option<String>,
    /// For digest authentication.
    pub password: Option<Secret>,
    /// How long it may ring.
    pub ring_timeout: Duration,
    /// Further headers of the INVITE.
    pub headers: Vec<(String, String)>,
    /// Who calls, as a SIP URI; made of the user name and the registrar where it is not given.
    pub from: Option<String>,
    /// The outbound proxy: a SIP URI that every request of the call goes to first.
    pub proxy: Option<String>,
    /// The registrar (a SIP URI) that the caller registers with before the call.
    pub register: Option<String>,
    /// How media is encrypted.
    pub srtp: Srtp,
    /// Milliseconds of audio per packet, 10 to 60.
    pub ptime: u32,
    /// How digits are sent.
    pub dtmf: DigitMode,
    /// Certificates of a peer over TLS are not verified.
    pub insecure: bool,
    /// Further certificate authorities (PEM) for TLS.
    pub ca_file: Option<PathBuf>,
    /// What the caller shows over TLS.
    pub client_certificate: Option<ClientCertificate>,
    /// The name server that is asked in place of the system's.
    pub dns: Option<SocketAddr>,
    /// Calls the target of a transfer (REFER) instead of only noting it.
    pub follow_transfer: bool,
    /// Hosts, with or without a port, whose challenges are answered and that get `headers` when a transfer leads there.
    pub trusted_hosts: Vec<String>,
    /// Addresses that plain RTP may come from, besides the one in the bot's SDP and that of its signalling.
    pub media_from: Vec<IpAddr>,
    /// Where the other side reaches this machine behind a NAT that keeps ports; in Contact and SDP.
    pub public_address: Option<IpAddr>,
}

/// A certificate chain and its key, both PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Names in files and the codecs that SIP calls offer.
pub const SIP_CODECS: &[(&str, Codec)] = &[("pcmu", Codec::Pcmu), ("pcma", Codec::Pcma), ("g722", Codec::G722), ("opus", Codec::Opus)];

/// How the media of a SIP call is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Srtp {
    /// Plain RTP.
    #[default]
    Off,
    /// Keys in the SDP (RFC 4568).
    Sdes,
    /// Keys by DTLS (RFC 5763).
    Dtls,
}

impl Srtp {
    /// Names in files.
    pub const NAMES: &[(&str, Srtp)] = &[("off", Self::Off), ("sdes", Self::Sdes), ("dtls", Self::Dtls)];
}

/// How digits are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DigitMode {
    /// `telephone-event` packets (RFC 4733).
    #[default]
    Rtp,
    /// `application/dtmf-relay` in INFO requests.
    Info,
}

impl DigitMode {
    /// Names in files.
    pub const NAMES: &[(&str, DigitMode)] = &[("rfc4733", Self::Rtp), ("info", Self::Info)];
}

/// What `--set sip.…` knows.
pub(crate) const SETTINGS: &[&str] = &[
    "sip.username",
    "sip.password",
    "sip.srtp",
    "sip.codecs",
    "sip.insecure",
    "sip.proxy",
    "sip.register",
    "sip.from",
    "sip.ptime",
    "sip.dtmf",
    "sip.ca_file",
    "sip.dns",
    "sip.public_address",
];

impl SipTarget {
    /// A target with the defaults: PCMU, then PCMA; no credentials; plain RTP; 30 s of ringing.
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            username: None,
            password: None,
            ring_timeout: Duration::from_secs(30),
            headers: Vec::new(),
            from: None,
            proxy: None,
            register: None,
            srtp: Srtp::Off,
            ptime: 20,
            dtmf: DigitMode::Rtp,
            insecure: false,
            ca_file: None,
            client_certificate: None,
            dns: None,
            follow_transfer: false,
            trusted_hosts: Vec::new(),
            media_from: Vec::new(),
            public_address: None,
        }
    }

    /// One setting of the command line, as in `sip.srtp=sdes`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "sip.username" => self.username = Some(value.to_owned()),
            "sip.password" => self.password = Some(Secret::new(value.to_owned())),
            "sip.srtp" => self.srtp = choice(value, Srtp::NAMES)?,
            "sip.codecs" => self.codecs = value.split(',').map(|name| choice(name.trim(), SIP_CODECS)).collect::<Result<_, _>>()?,
            "sip.insecure" => self.insecure = choice(value, &[("true", true), ("false", false)])?,
            "sip.proxy" => self.proxy = Some(address(value)?),
            "sip.register" => self.register = self.registrar(value)?,
            "sip.from" => self.from = Some(address(value)?),
            "sip.ptime" => self.ptime = ptime(value)?,
            "sip.dtmf" => self.dtmf = choice(value, DigitMode::NAMES)?,
            "sip.ca_file" => self.ca_file = Some(PathBuf::from(value)),
            "sip.dns" => self.dns = Some(value.parse().map_err(|_| format!("`{value}` is not a name server; write 10.0.0.53:53"))?),
            "sip.public_address" => {
                let address = value.parse().map_err(|_| format!("`{value}` is not an IP address; write one such as 203.0.113.5"))?;
                self.public_address = Some(address);
            }
            _ => return Err(format!("`{key}` is not a setting; {}", did_you_mean(key, SETTINGS))),
        }
        Ok(())
    }

    /// This address as the other side reaches it.
    pub fn seen_from_outside(&self, local: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.public_address.unwrap_or(local.ip()), local.port())
    }

    /// The registrar that `register:` names: `true` for the domain of the target, `false` for none, or a SIP URI.
    pub(super) fn registrar(&self, text: &str) -> Result<Option<String>, String> {
        match text {
            "false" => Ok(None),
            "true" => Ok(Some(domain(&self.uri))),
            uri => address(uri).map(Some),
        }
    }
}

/// A SIP URI without its user part.
fn domain(uri: &str) -> String {
    match uri.split_once(':').zip(uri.rsplit_once('@')) {
        Some(((scheme, _), (_, host))) => format!("{scheme}:{host}"),
        None => uri.to_owned(),
    }
}

fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        format!("`{text}` is not allowed here; write one of: {}", names.join(", "))
    })
}

/// A SIP URI of another party than the bot.
pub(super) fn address(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some(("sip" | "sips", rest)) => uri(text, rest),
        _ => Err(format!("`{text}` is not a SIP URI; write sip:host:port")),
    }
}

/// Milliseconds of audio per packet.
pub(super) fn ptime(text: &str) -> Result<u32, String> {
    let number = text.trim_end_matches("ms").trim();
    let good = number.parse().ok().filter(|ptime| [10, 20, 30, 40, 50, 60].contains(ptime));
    good.ok_or_else(|| format!("`{text}` is not a packet time; write 10ms, 20ms, 30ms, 40ms, 50ms or 60ms"))
}

/// The URI itself, once it is known to be one.
pub(super) fn uri(uri: &str, rest: &str) -> Result<String, String> {
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host.split([';', '?']).next().unwrap_or_default();
    if host.is_empty() || uri.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("`{uri}` is not a SIP URI; write sip:user@host:port"));
    }
    if let Some((user, _)) = rest.split_once('@')
        && user.contains(':')
    {
        return Err("a password does not belong in a URI; set `password: \"${SIP_PASSWORD}\"` in goldencall.yaml".to_owned());
    }
    Ok(uri.to_owned())
}
