//! WebRTC and WebSocket targets as files write them.

use std::time::Duration;

use super::uri::{check, check_address};
use super::{IceServer, LiveKitRoom, SOCKET_ENCODINGS, Signalling, SocketProtocol, Target, WEBRTC_CODECS, WebRtcTarget, WebSocketTarget};
use crate::codec::Codec;
use crate::scenario::decode::{Decoder, Fields};
use crate::scenario::problem::Problem;
use crate::scenario::secrets::{SHORTEST, Secret, is_long_enough};
use crate::scenario::yaml::{Node, Value};

pub(in crate::scenario) const WEBRTC_KEYS: &[&str] = &[
    "url",
    "signalling",
    "codecs",
    "token",
    "headers",
    "ice_servers",
    "ice_transport_policy",
    "body",
    "timeout",
    "room",
    "identity",
    "api_key",
    "api_secret",
];
pub(in crate::scenario) const WEBSOCKET_KEYS: &[&str] = &[
    "url",
    "protocol",
    "encoding",
    "sample_rate",
    "headers",
    "parameters",
    "from",
    "to",
    "answer_url",
    "trusted_hosts",
    "auth_token",
    "timeout",
];

/// Any way, or over TURN only.
const ICE_POLICIES: &[(&str, bool)] = &[("all", false), ("relay", true)];

/// Every rate that some protocol carries.
const RATES: &[(&str, u32)] = &[
    ("8000", 8000),
    ("12000", 12_000),
    ("16000", 16_000),
    ("24000", 24_000),
    ("32000", 32_000),
    ("44100", 44_100),
    ("48000", 48_000),
    ("64000", 64_000),
    ("96000", 96_000),
    ("192000", 192_000),
];

pub(super) fn webrtc(decoder: &mut Decoder<'_>, node: &Node) -> Option<Target> {
    let fields = decoder.fields(node, "a webrtc target", WEBRTC_KEYS)?;
    let choices = Signalling::ALL.map(|signalling| (signalling.name(), signalling));
    let signalling = match fields.get("signalling") {
        Some(node) => decoder.choice(node, &choices)?,
        None => Signalling::Offer,
    };
    let scheme = if signalling == Signalling::LiveKit { "ws" } else { "http" };
    let url = needed(decoder, &fields, "url", "a webrtc target needs a `url`", "add `url: \"http://localhost:7860/api/offer\"`")?;
    let url = url_of(decoder, url, scheme)?;
    let mut target = WebRtcTarget::new(url, signalling);
    if let Some(node) = fields.get("codecs") {
        target.codecs = codecs(decoder, node);
    }
    target.token = secret(decoder, &fields, "token");
    target.headers = pairs(decoder, &fields, "headers");
    if let Some(node) = fields.get("ice_servers") {
        target.ice_servers = decoder.list(node).into_iter().filter_map(|node| ice_server(decoder, node)).collect();
    }
    target.relay_only = fields.get("ice_transport_policy").is_some_and(|node| decoder.choice(node, ICE_POLICIES).unwrap_or(false));
    // A LiveKit server and a `/start` session bring their own; a WHIP endpoint is asked for them where the target has none.
    let asked = signalling == Signalling::Whip && target.ice_servers.is_empty();
    let brings_servers = signalling == Signalling::LiveKit || asked || target.asks_for_a_session();
    // One with a mistake has had its own message.
    let relays = |server: &IceServer| server.urls.is_empty() || server.urls.iter().any(|url| url.starts_with("turn:"));
    if target.relay_only && !target.ice_servers.iter().any(relays) && !brings_servers {
        let problem = Problem::new(fields.location, "`ice_transport_policy: relay` without a TURN server cannot connect");
        decoder.problem(problem.help("add `ice_servers: [{ urls: \"turn:host:3478\", username: u, credential: c }]`"));
    }
    target.body = fields.get("body").and_then(|node| json(decoder, node));
    target.timeout = timeout(decoder, &fields).unwrap_or(target.timeout);
    let mut text = |name: &str| fields.get(name).and_then(|node| decoder.text(node));
    let (room, identity, api_key) = (text("room"), text("identity"), text("api_key"));
    target.livekit = LiveKitRoom { room, identity, api_key, api_secret: secret(decoder, &fields, "api_secret") };
    if signalling != Signalling::LiveKit {
        for (name, location) in fields.present(&["room", "identity", "api_key", "api_secret"]) {
            let problem = Problem::new(location, format!("`{name}` is not a setting of `signalling: {}`", signalling.name()));
            decoder.problem(problem.help("remove it, or write `signalling: livekit`"));
        }
    } else if target.token.is_none() && (target.livekit.api_key.is_none() || target.livekit.api_secret.is_none()) {
        let problem = Problem::new(fields.location, "a livekit target needs a `token`, or an `api_key` with its `api_secret`");
        decoder.problem(problem.help("add `api_key: \"${LIVEKIT_API_KEY}\"` and `api_secret: \"${LIVEKIT_API_SECRET}\"`"));
    }
    Some(Target::WebRtc(Box::new(target)))
}

pub(super) fn websocket(decoder: &mut Decoder<'_>, node: &Node) -> Option<Target> {
    let fields = decoder.fields(node, "a websocket target", WEBSOCKET_KEYS)?;
    let protocols = SocketProtocol::ALL.map(|protocol| (protocol.name(), protocol));
    let protocol = needed(decoder, &fields, "protocol", "a websocket target needs a `protocol`", "add for instance `protocol: twilio`")?;
    let protocol = decoder.choice(protocol, &protocols)?;
    let answer_url = fields.get("answer_url").and_then(|node| url_of(decoder, node, "http"));
    let url = match fields.get("url") {
        Some(node) if protocol == SocketProtocol::AudioSocket => address(decoder, node)?,
        Some(node) => url_of(decoder, node, "ws")?,
        None if answer_url.is_some() => String::new(),
        None => {
            needed(decoder, &fields, "url", "a websocket target needs a `url`", "add `url: \"ws://localhost:7860/ws\"`, or `answer_url`")?;
            return None;
        }
    };
    let mut target = WebSocketTarget::new(url, protocol);
    target.answer_url = answer_url;
    if let Some((_, location)) = fields.present(&["answer_url"]).first().filter(|_| !protocol.asks_first()) {
        let problem = Problem::new(*location, format!("{} opens its socket without asking first", protocol.name()));
        decoder.problem(problem.help("write `url` in place of `answer_url`"));
    }
    if let Some((_, location)) = fields.present(&["auth_token"]).first().filter(|_| !protocol.signs()) {
        let problem = Problem::new(*location, format!("`auth_token` is not a setting of `protocol: {}`", protocol.name()));
        decoder.problem(problem.help("remove it; twilio, telnyx, plivo and vonage sign their requests, other bots take `headers`"));
    }
    target.encoding = fields.get("encoding").and_then(|node| decoder.choice(node, SOCKET_ENCODINGS));
    target.sample_rate = fields.get("sample_rate").and_then(|node| decoder.choice(node, RATES));
    target.headers = pairs(decoder, &fields, "headers");
    target.parameters = pairs(decoder, &fields, "parameters");
    target.trusted_hosts = fields.get("trusted_hosts").map(|node| decoder.texts(node)).unwrap_or_default();
    let mut text = |name: &str| fields.get(name).and_then(|node| decoder.text(node));
    target.from = text("from").unwrap_or(target.from);
    target.to = text("to").unwrap_or(target.to);
    target.auth_token = secret(decoder, &fields, "auth_token");
    target.timeout = timeout(decoder, &fields).unwrap_or(target.timeout);
    Some(Target::WebSocket(Box::new(target)))
}

pub(super) fn needed<'n>(decoder: &mut Decoder<'_>, fields: &Fields<'n>, name: &str, missing: &str, help: &str) -> Option<&'n Node> {
    let node = fields.get(name);
    if node.is_none() && !fields.has_unknown {
        decoder.problem(Problem::new(fields.location, missing).help(help));
    }
    node
}

fn url_of(decoder: &mut Decoder<'_>, node: &Node, scheme: &str) -> Option<String> {
    let url = decoder.text(node)?;
    match check(&url, scheme) {
        Ok(()) => Some(url),
        Err(why) => {
            if let Ok(parsed) = url::Url::parse(&url) {
                decoder.secrets.add(parsed.password().unwrap_or_default());
            }
            decoder.problem(Problem::new(node.location, "not a URL that can be called").help(why));
            None
        }
    }
}

fn address(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let text = decoder.text(node)?;
    let address = text.trim_start_matches("audiosocket://").trim_end_matches('/').to_owned();
    match check_address(&address) {
        Ok(()) => Some(address),
        Err(why) => {
            decoder.problem(Problem::new(node.location, "not the address of an AudioSocket").help(why));
            None
        }
    }
}

fn codecs(decoder: &mut Decoder<'_>, node: &Node) -> Vec<Codec> {
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        decoder.problem(Problem::new(node.location, "no codec to offer").help("list opus, pcmu or pcma"));
    }
    decoder.list(node).into_iter().filter_map(|node| decoder.choice(node, WEBRTC_CODECS)).collect()
}

pub(in crate::scenario) fn secret(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str) -> Option<Secret> {
    let node = fields.get(name)?;
    let text = decoder.text(node)?;
    if !is_long_enough(&text) {
        let problem = Problem::new(node.location, format!("`{name}` is too short to be masked in reports"));
        decoder.problem(problem.help(format!("use one of at least {SHORTEST} characters: shorter ones are in ordinary words")));
        return None;
    }
    decoder.secrets.add(&text);
    Some(Secret::new(text))
}

fn timeout(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<Duration> {
    fields.get("timeout").and_then(|node| decoder.positive(node))
}

pub(super) fn pairs(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str) -> Vec<(String, String)> {
    let Some(node) = fields.get(name) else { return Vec::new() };
    let entries = decoder.entries(node, name);
    entries.into_iter().filter_map(|(key, _, value)| Some((key.to_owned(), decoder.text(value)?))).collect()
}

fn ice_server(decoder: &mut Decoder<'_>, node: &Node) -> Option<IceServer> {
    let fields = decoder.fields(node, "an ICE server", &["urls", "username", "credential"])?;
    let urls = needed(decoder, &fields, "urls", "an ICE server needs `urls`", "add `urls: stun:stun.example.com:3478`")?;
    let anonymous = fields.get("username").is_none() || fields.get("credential").is_none();
    let mut good = Vec::new();
    for node in decoder.list(urls) {
        let Some(url) = decoder.text(node) else { continue };
        if url.starts_with("turns:") || url.starts_with("stuns:") || url.contains("transport=tcp") {
            let problem = Problem::new(node.location, format!("`{url}`: this version reaches STUN and TURN servers over UDP only"));
            decoder.problem(problem.help("write turn:host:3478, or turn:host:3478?transport=udp"));
        } else if url.starts_with("turn:") && anonymous {
            let problem = Problem::new(node.location, format!("`{url}` needs a `username` and a `credential`"));
            decoder.problem(
                problem.help("add `username: u, credential: \"${TURN_PASSWORD}\"`: TURN servers relay only for clients with credentials"),
            );
        } else if url.starts_with("stun:") || url.starts_with("turn:") {
            good.push(url);
        } else {
            let problem = Problem::new(node.location, format!("`{url}` is not an ICE server"));
            decoder.problem(problem.help("write stun:host:port or turn:host:port"));
        }
    }
    let username = fields.get("username").and_then(|node| decoder.text(node));
    Some(IceServer { urls: good, username, credential: secret(decoder, &fields, "credential") })
}

/// A JSON text, as it is sent.
fn json(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let text = decoder.text(node)?;
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(_) => Some(text),
        Err(error) => {
            let problem = Problem::new(node.location, format!("`body` is not JSON ({error})"));
            decoder.problem(problem.help("write for instance body: '{\"user\": \"ci\"}'"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::providers::provider;

    #[test]
    fn every_rate_that_a_protocol_carries_can_be_asked_for_and_no_other() {
        let formats = SocketProtocol::ALL.into_iter().flat_map(|protocol| provider(protocol).formats());
        let carried: std::collections::BTreeSet<u32> = formats.map(|format| format.rate).collect();
        assert_eq!(carried, RATES.iter().map(|(_, rate)| *rate).collect());
        assert!(RATES.iter().all(|(name, rate)| *name == rate.to_string()));
    }
}
