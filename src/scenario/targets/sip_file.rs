//! SIP targets as files write them.

use std::net::IpAddr;
use std::path::Path;

use super::sip::SETTINGS;
use super::web_file::{needed, pairs, secret};
use super::{ClientCertificate, DigitMode, SIP_CODECS, SipTarget, Srtp, Target};
use crate::codec::Codec;
use crate::scenario::decode::{Decoder, Fields};
use crate::scenario::problem::Problem;
use crate::scenario::yaml::{Node, Value};

pub(in crate::scenario) const SIP_KEYS: &[&str] = &[
    "uri",
    "username",
    "password",
    "from",
    "proxy",
    "register",
    "codecs",
    "ptime",
    "srtp",
    "dtmf",
    "ring_timeout",
    "headers",
    "insecure",
    "ca_file",
    "client_certificate",
    "dns",
    "follow_transfer",
    "trusted_hosts",
    "media_from",
    "public_address",
];

pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node, folder: &Path) -> Option<Target> {
    let fields = decoder.fields(node, "a sip target", SIP_KEYS)?;
    let uri_node = needed(decoder, &fields, "uri", "a sip target needs a `uri`", "add `uri: \"sip:bot@host\"`")?;
    let uri = decoder.text(uri_node)?;
    hide_password(decoder, &uri);
    let help = match Target::from_uri(&uri) {
        Ok(Target::Sip(sip)) => return Some(Target::Sip(Box::new(settings(decoder, &fields, *sip, folder)))),
        Ok(_) => "write sip:user@host:port, or use the kind of target that the URI belongs to".to_owned(),
        Err(help) => help,
    };
    decoder.problem(Problem::new(uri_node.location, "not a SIP URI").help(help));
    None
}

/// A password that stands where it should not is not shown for it.
pub(super) fn hide_password(decoder: &Decoder<'_>, uri: &str) {
    let user = uri.split_once('@').and_then(|(user, _)| user.split_once(':'));
    if let Some((_, password)) = user.and_then(|(_, rest)| rest.split_once(':')) {
        decoder.secrets.add(password);
    }
}

fn settings(decoder: &mut Decoder<'_>, fields: &Fields<'_>, mut sip: SipTarget, folder: &Path) -> SipTarget {
    sip.username = fields.get("username").and_then(|node| decoder.text(node));
    sip.password = secret(decoder, fields, "password");
    for key in ["from", "proxy", "register", "ptime", "dns", "public_address"] {
        if let Some(node) = fields.get(key) {
            set(decoder, &mut sip, key, node);
        }
    }
    if let Some(node) = fields.get("codecs") {
        sip.codecs = codecs(decoder, node);
    }
    if let Some(srtp) = fields.get("srtp").and_then(|node| decoder.choice(node, Srtp::NAMES)) {
        sip.srtp = srtp;
    }
    if let Some(dtmf) = fields.get("dtmf").and_then(|node| decoder.choice(node, DigitMode::NAMES)) {
        sip.dtmf = dtmf;
    }
    if let Some(timeout) = fields.get("ring_timeout").and_then(|node| decoder.positive(node)) {
        sip.ring_timeout = timeout;
    }
    sip.headers = headers(decoder, fields);
    sip.insecure = fields.get("insecure").and_then(|node| decoder.flag(node)).unwrap_or(false);
    sip.follow_transfer = fields.get("follow_transfer").and_then(|node| decoder.flag(node)).unwrap_or(false);
    sip.trusted_hosts = fields.get("trusted_hosts").map(|node| decoder.texts(node)).unwrap_or_default();
    sip.media_from = fields.get("media_from").map(|node| addresses(decoder, node)).unwrap_or_default();
    if let Some(node) = fields.get("follow_transfer").filter(|_| sip.follow_transfer && sip.srtp == Srtp::Dtls) {
        let problem = Problem::new(node.location, "a transfer cannot be followed with `srtp: dtls`: one call has one DTLS handshake");
        decoder.problem(problem.help("use `srtp: sdes`, or leave `follow_transfer` out"));
    }
    sip.ca_file = fields.get("ca_file").and_then(|node| decoder.text(node)).map(|file| folder.join(file));
    sip.client_certificate = fields.get("client_certificate").and_then(|node| client_certificate(decoder, node, folder));
    sip
}

fn addresses(decoder: &mut Decoder<'_>, node: &Node) -> Vec<IpAddr> {
    let mut all = Vec::new();
    for node in decoder.list(node) {
        let Some(text) = decoder.text(node) else { continue };
        match text.parse() {
            Ok(address) => all.push(address),
            Err(_) => {
                decoder.problem(Problem::new(node.location, format!("`{text}` is not an IP address")).help("write one such as 10.0.0.9"))
            }
        }
    }
    all
}

/// A setting that the command line knows too, by the same rules.
fn set(decoder: &mut Decoder<'_>, sip: &mut SipTarget, key: &str, node: &Node) {
    debug_assert!(SETTINGS.contains(&format!("sip.{key}").as_str()));
    let Some(text) = decoder.text(node) else { return };
    hide_password(decoder, &text);
    if let Err(help) = sip.set(&format!("sip.{key}"), &text) {
        decoder.problem(Problem::new(node.location, format!("not a `{key}`")).help(help));
    }
}

fn codecs(decoder: &mut Decoder<'_>, node: &Node) -> Vec<Codec> {
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        decoder.problem(Problem::new(node.location, "no codec to offer").help("list pcmu, pcma, g722 or opus"));
    }
    decoder.list(node).into_iter().filter_map(|node| decoder.choice(node, SIP_CODECS)).collect()
}

/// Headers that the dialog itself is made of cannot be set.
fn headers(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Vec<(String, String)> {
    const OWN: &[&str] = &["via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-length", "content-type", "route"];
    let headers = pairs(decoder, fields, "headers");
    for (name, value) in &headers {
        let token = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c));
        let own = OWN.contains(&name.to_ascii_lowercase().as_str());
        if (!token || own || value.contains(['\r', '\n']))
            && let Some((_, location)) = fields.present(&["headers"]).first()
        {
            let why = if own { "goldencall writes this header itself" } else { "it is not a header field of SIP" };
            let problem = Problem::new(*location, format!("`{name}` cannot be set: {why}"));
            decoder.problem(problem.help("use a header of your own, for instance `X-Tenant: acme`, on one line"));
        }
    }
    headers
}

fn client_certificate(decoder: &mut Decoder<'_>, node: &Node, folder: &Path) -> Option<ClientCertificate> {
    let fields = decoder.fields(node, "a client certificate", &["certificate", "key"])?;
    let mut file = |name: &str| {
        let help = "write `client_certificate: { certificate: client.pem, key: client.key }`";
        let node = needed(decoder, &fields, name, "a client certificate needs a `certificate` and its `key`", help)?;
        decoder.text(node).map(|file| folder.join(file))
    };
    Some(ClientCertificate { certificate: file("certificate")?, key: file("key")? })
}
