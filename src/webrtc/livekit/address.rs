//! The addresses of a LiveKit server, and the names that a call takes.

use url::Url;

use super::token::Claims;
use crate::scenario::{LiveKitRoom, WebRtcTarget};
use crate::transport::{DialError, DialErrorKind};

/// Version of the signalling protocol: two peer connections, and a Leave that says what to do.
const PROTOCOL: &str = "15";

/// Where the signalling WebSocket is: the target's URL and `/rtc`. The token goes into a header, so that no message and no
/// log of a proxy quotes it.
pub(super) fn rtc_url(target: &str) -> Result<Url, DialError> {
    let mut url = Url::parse(target).map_err(|error| DialError::local(&format!("`{target}` is not a URL"), error))?;
    let path = url.path().trim_end_matches('/');
    let path = if path.ends_with("/rtc") { path.to_owned() } else { format!("{path}/rtc") };
    url.set_path(&path);
    let version = env!("CARGO_PKG_VERSION");
    // Servers know their own clients by name only; this one is closest to the Rust one.
    let pairs = [("protocol", PROTOCOL), ("auto_subscribe", "1"), ("adaptive_stream", "0"), ("sdk", "rust"), ("version", version)];
    url.query_pairs_mut().extend_pairs(pairs);
    Ok(url)
}

/// Where the same question can be asked by HTTP, whose answer says what is wrong.
pub(super) fn validate_url(rtc: &Url) -> Option<Url> {
    let mut url = rtc.clone();
    url.set_scheme(if rtc.scheme() == "wss" { "https" } else { "http" }).ok()?;
    url.set_path(&format!("{}/validate", rtc.path()));
    Some(url)
}

/// The target's token, or one made of its key and secret for a room.
pub(super) fn token(target: &WebRtcTarget, now_seconds: i64) -> Result<String, DialError> {
    if let Some(token) = &target.token {
        return Ok(token.reveal().to_owned());
    }
    let LiveKitRoom { room, identity, api_key, api_secret } = &target.livekit;
    let (Some(key), Some(secret)) = (api_key, api_secret) else {
        let message = format!(
            "{} is a LiveKit room and needs a `token`, or `api_key` and `api_secret`; write the target in goldencall.yaml with them",
            target.url
        );
        return Err(DialError::new(DialErrorKind::Unauthorized, message));
    };
    let room = room.clone().unwrap_or_else(|| format!("goldencall-{:016x}", rand::random::<u64>()));
    let claims = Claims::caller(key, identity.as_deref().unwrap_or("goldencall"), &room, now_seconds);
    claims.sign(secret.reveal()).map_err(|error| DialError::local("no access token", error))
}

#[cfg(test)]
mod tests {
    use super::super::token::verify;
    use super::*;
    use crate::scenario::{Secret, Signalling};

    #[test]
    fn the_url_keeps_its_path_and_query() {
        let url = |target: &str| rtc_url(target).expect(target);
        let version = env!("CARGO_PKG_VERSION");
        let query = format!("protocol=15&auto_subscribe=1&adaptive_stream=0&sdk=rust&version={version}");
        assert_eq!(url("wss://lk.example.com").as_str(), format!("wss://lk.example.com/rtc?{query}"));
        assert_eq!(url("ws://h:7880/base/").as_str(), format!("ws://h:7880/base/rtc?{query}"));
        assert_eq!(url("ws://h/rtc?script=a").as_str(), format!("ws://h/rtc?script=a&{query}"));
        let validate = validate_url(&url("wss://h")).expect("URL");
        assert_eq!(validate.as_str(), format!("https://h/rtc/validate?{query}"));
    }

    #[test]
    fn a_target_has_a_token_or_makes_one() {
        let mut target = WebRtcTarget::new("ws://h", Signalling::LiveKit);
        let missing = token(&target, 0).expect_err("no credentials");
        assert_eq!(missing.kind, DialErrorKind::Unauthorized);
        target.livekit.api_key = Some("devkey".to_owned());
        target.livekit.api_secret = Some(Secret::new("secret"));
        let claims = verify(&token(&target, 1000).expect("token"), "devkey", "secret", 1000).expect("claims");
        assert_eq!(claims.sub, "goldencall");
        assert!(claims.video.room.starts_with("goldencall-"));
        target.token = Some(Secret::new("ready-made"));
        assert_eq!(token(&target, 0), Ok("ready-made".to_owned()));
    }
}
