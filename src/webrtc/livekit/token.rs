//! Access tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA256 (RFC 7515), with LiveKit's claims.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};
use thiserror::Error;

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// A server looks at the token when a participant joins, and renews it on its own later.
const VALID_SECONDS: i64 = 600;
/// How far the clocks of two machines may differ.
const LEEWAY_SECONDS: i64 = 60;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The API key whose secret signed it.
    pub iss: String,
    /// The participant's identity.
    pub sub: String,
    /// Valid from, in seconds since 1970.
    #[serde(default)]
    pub nbf: i64,
    /// Valid until.
    pub exp: i64,
    /// What the participant may do.
    pub video: VideoGrant,
}

/// What a participant may do in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VideoGrant {
    pub room_join: bool,
    pub room: String,
    pub can_publish: bool,
    pub can_subscribe: bool,
    pub can_publish_data: bool,
}

/// Why a token opens no room, in the words of a LiveKit server.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// No JSON Web Token.
    #[error("invalid token: {0}")]
    Malformed(String),
    /// Of somebody else.
    #[error("invalid API key: {0}")]
    Key(String),
    /// Signed with another secret.
    #[error("invalid token: error in cryptographic primitive (the signature does not match the API secret)")]
    Signature,
    /// Too early or too late.
    #[error("invalid token: token is expired or not valid yet")]
    Time,
    /// Valid, but for something else.
    #[error("permissions denied: the token does not allow to join a room")]
    Grant,
}

impl Claims {
    /// The claims of a caller who speaks and listens in a room.
    pub fn caller(key: &str, identity: &str, room: &str, now_seconds: i64) -> Self {
        let video = VideoGrant { room_join: true, room: room.to_owned(), can_publish: true, can_subscribe: true, can_publish_data: true };
        Self { iss: key.to_owned(), sub: identity.to_owned(), nbf: now_seconds, exp: now_seconds + VALID_SECONDS, video }
    }

    /// The token.
    ///
    /// # Errors
    /// The claims are not JSON; those of [`Claims::caller`] always are.
    pub fn sign(&self, secret: &str) -> Result<String, String> {
        let claims = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Reads a token and holds it to a key, its secret and the time.
///
/// # Errors
/// Why it opens no room.
pub(crate) fn verify(token: &str, key: &str, secret: &str, now_seconds: i64) -> Result<Claims, TokenError> {
    let malformed = |why: &str| TokenError::Malformed(why.to_owned());
    let (signed, signature) = token.rsplit_once('.').ok_or_else(|| malformed("it has no three parts"))?;
    let (header, claims) = signed.split_once('.').ok_or_else(|| malformed("it has no three parts"))?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|error| TokenError::Malformed(error.to_string()));
    let header: serde_json::Value = serde_json::from_slice(&decode(header)?).map_err(|error| TokenError::Malformed(error.to_string()))?;
    if header["alg"] != "HS256" {
        return Err(malformed("its algorithm is not HS256"));
    }
    let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|error| TokenError::Malformed(error.to_string()))?;
    if claims.iss != key {
        return Err(TokenError::Key(claims.iss));
    }
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&secret, signed.as_bytes(), &decode(signature)?).map_err(|_| TokenError::Signature)?;
    if claims.exp.saturating_add(LEEWAY_SECONDS) < now_seconds || claims.nbf.saturating_sub(LEEWAY_SECONDS) > now_seconds {
        return Err(TokenError::Time);
    }
    if claims.video.room_join && !claims.video.room.is_empty() { Ok(claims) } else { Err(TokenError::Grant) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn token() -> String {
        Claims::caller("devkey", "goldencall", "booking", NOW).sign("secret").expect("token")
    }

    #[test]
    fn a_token_says_who_may_do_what_until_when() {
        let token = token();
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64")).collect();
        assert_eq!(String::from_utf8_lossy(&parts[0]), HEADER);
        insta::assert_snapshot!(String::from_utf8_lossy(&parts[1]), @r#"{"iss":"devkey","sub":"goldencall","nbf":1800000000,"exp":1800000600,"video":{"roomJoin":true,"room":"booking","canPublish":true,"canSubscribe":true,"canPublishData":true}}"#);
        assert_eq!(parts[2].len(), 32);
    }

    #[test]
    fn the_signature_is_hmac_sha256() {
        // RFC 4231's second case, as a signature of HMAC-SHA256.
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"Jefe"), b"what do ya want for nothing?");
        assert_eq!(URL_SAFE_NO_PAD.encode(tag), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
    }

    #[test]
    fn only_the_right_secret_at_the_right_time_opens_the_room() {
        let said = |key: &str, secret: &str, now: i64| verify(&token(), key, secret, now).map(|claims| claims.sub);
        assert_eq!(said("devkey", "secret", NOW), Ok("goldencall".to_owned()));
        assert_eq!(said("devkey", "secret", NOW + 600), Ok("goldencall".to_owned()));
        assert_eq!(said("devkey", "wrong", NOW), Err(TokenError::Signature));
        assert_eq!(said("other", "secret", NOW), Err(TokenError::Key("devkey".to_owned())));
        assert_eq!(said("devkey", "secret", NOW + 700), Err(TokenError::Time));
        assert_eq!(said("devkey", "secret", NOW - 100), Err(TokenError::Time));
        let elsewhere = Claims { video: VideoGrant::default(), ..Claims::caller("devkey", "me", "r", NOW) }.sign("secret").expect("token");
        assert_eq!(verify(&elsewhere, "devkey", "secret", NOW), Err(TokenError::Grant));
    }

    proptest! {
        #[test]
        fn no_token_makes_it_panic(text in "[A-Za-z0-9_.=-]{0,200}") {
            prop_assert!(verify(&text, "devkey", "secret", NOW).is_err());
        }
    }
}
