//! Targets as URIs.

use super::{Signalling, SipTarget, SocketProtocol, Target, WebRtcTarget, WebSocketTarget, bot, sip};
use crate::scenario::decode::did_you_mean;

impl Target {
    /// From a URI: `sip:bot@host:port`, `webrtc+http://host/api/offer`, `twilio+wss://host/ws`, `bot:booking?fault=late:3s`.
    ///
    /// # Errors
    /// What is wrong and what to write instead.
    pub fn from_uri(uri: &str) -> Result<Self, String> {
        parse(uri)
    }
}

fn parse(uri: &str) -> Result<Target, String> {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return Err(format!("`{uri}` is not a target URI; write sip:bot@host or bot:"));
    };
    match scheme {
        "sip" | "sips" => sip::uri(uri, rest).map(|uri| Target::Sip(Box::new(SipTarget::new(uri)))),
        "bot" => bot::uri(rest).map(Target::Bot),
        "audiosocket" => audio_socket(uri, rest),
        "originate" => Err(format!(
            "`{uri}`: a call over a provider needs its account; write the target into goldencall.yaml as `originate: {{ ... }}`"
        )),
        _ => match scheme.split_once('+') {
            Some((kind, scheme)) => over_web(uri, kind, scheme, rest),
            None => Err(unknown(scheme)),
        },
    }
}

fn unknown(scheme: &str) -> String {
    let known = known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    format!("`{scheme}:` is not a known kind of target; {}", did_you_mean(scheme, &known))
}

fn known() -> Vec<String> {
    let sockets = SocketProtocol::ALL.into_iter().filter(|protocol| *protocol != SocketProtocol::AudioSocket);
    let sockets = sockets.map(|protocol| format!("{}+ws", protocol.name()));
    let webrtc = Signalling::ALL.into_iter().map(|signalling| format!("{}+{}", signalling.scheme(), web_scheme(signalling)));
    ["sip", "sips", "bot", "audiosocket"].map(str::to_owned).into_iter().chain(webrtc).chain(sockets).collect()
}

/// LiveKit's signalling is a WebSocket, that of the others is HTTP.
fn web_scheme(signalling: Signalling) -> &'static str {
    if signalling == Signalling::LiveKit { "ws" } else { "http" }
}

fn over_web(uri: &str, kind: &str, scheme: &str, rest: &str) -> Result<Target, String> {
    let url = format!("{scheme}:{rest}");
    if let Some(signalling) = Signalling::ALL.into_iter().find(|signalling| signalling.scheme() == kind) {
        check(&url, web_scheme(signalling)).map_err(|why| format!("`{uri}`: {why}"))?;
        return Ok(Target::WebRtc(Box::new(WebRtcTarget::new(url, signalling))));
    }
    match SocketProtocol::from_name(kind) {
        Some(SocketProtocol::AudioSocket) => Err(format!("`{uri}`: an AudioSocket is plain TCP; write audiosocket://host:port")),
        Some(protocol) => {
            check(&url, "ws").map_err(|why| format!("`{uri}`: {why}"))?;
            Ok(Target::WebSocket(Box::new(WebSocketTarget::new(url, protocol))))
        }
        None => Err(unknown(&format!("{kind}+{scheme}"))),
    }
}

/// Holds a URL to its scheme (or the same over TLS), wants a host and no password.
pub(super) fn check(url: &str, scheme: &str) -> Result<(), String> {
    let parsed = url::Url::parse(url).map_err(|error| format!("`{url}` is not a URL ({error})"))?;
    if parsed.scheme() != scheme && parsed.scheme() != format!("{scheme}s") {
        return Err(format!("the URL must begin with {scheme}:// or {scheme}s://, not {}://", parsed.scheme()));
    }
    if parsed.host_str().is_none_or(str::is_empty) {
        return Err(format!("`{url}` names no host"));
    }
    if parsed.password().is_some() {
        return Err("a password does not belong in a URL; set `token` or `headers` of the target in goldencall.yaml".to_owned());
    }
    Ok(())
}

fn audio_socket(uri: &str, rest: &str) -> Result<Target, String> {
    let address = rest.trim_start_matches('/').trim_end_matches('/');
    check_address(address).map_err(|why| format!("`{uri}`: {why}"))?;
    Ok(Target::WebSocket(Box::new(WebSocketTarget::new(address, SocketProtocol::AudioSocket))))
}

/// `host:port`.
pub(super) fn check_address(address: &str) -> Result<(), String> {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) => Ok(()),
        _ => Err("write host:port, for instance 127.0.0.1:9092".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{BotAccess, BotTarget, Fault};
    use super::*;

    #[test]
    fn uris_name_every_kind_of_target() {
        assert_eq!(parse("sip:127.0.0.1:9"), Ok(Target::Sip(Box::new(SipTarget::new("sip:127.0.0.1:9")))));
        let fault = Some(Fault::Late(Duration::from_secs(4)));
        let bot = BotTarget { script: Some("booking".into()), fault, ..BotTarget::default() };
        assert_eq!(parse("bot:booking?fault=late:4s"), Ok(Target::Bot(bot)));
        let over = BotTarget { over: BotAccess::Socket(SocketProtocol::Twilio), ..BotTarget::default() };
        assert_eq!(parse("bot:?over=twilio"), Ok(Target::Bot(over)));
        let webrtc = WebRtcTarget::new("http://localhost:7860/api/offer", Signalling::Offer);
        assert_eq!(parse("webrtc+http://localhost:7860/api/offer"), Ok(Target::WebRtc(Box::new(webrtc))));
        let socket = WebSocketTarget::new("127.0.0.1:9092", SocketProtocol::AudioSocket);
        assert_eq!(parse("audiosocket://127.0.0.1:9092"), Ok(Target::WebSocket(Box::new(socket))));
    }

    #[test]
    fn labels_read_back() {
        let uris =
            ["sip:bot@h", "whip+https://h/w", "livekit+wss://h/", "twilio+ws://h/ws", "audiosocket://h:1", "bot:booking?over=fastrtc"];
        for uri in uris {
            assert_eq!(parse(uri).map(|target| target.label()), Ok(uri.to_owned()));
        }
    }

    #[test]
    fn wrong_uris_say_what_to_write() {
        let wrong = [
            "10.0.0.5",
            "sip:",
            "sip:a:secret@host",
            "spi:x@y",
            "twilo+ws://host/ws",
            "twilio+http://host/ws",
            "webrtc+http://",
            "whip+https://user:pass@host/",
            "audiosocket://host",
            "audiosocket+ws://host",
            "bot:?late",
            "bot:?fault=lat",
            "bot:?over=smoke",
        ];
        let said: Vec<String> = wrong.iter().map(|uri| format!("{uri}\n    {}", parse(uri).expect_err(uri))).collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
