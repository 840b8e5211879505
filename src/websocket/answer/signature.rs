//! How providers sign what they send, so that a bot can tell them from strangers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, Key, sign, verify};
use ring::signature::Ed25519KeyPair;
use serde_json::json;
use url::Url;

use crate::scenario::{SocketProtocol, WebSocketTarget};

/// Plivo's header fields.
pub(super) const PLIVO: &str = "X-Plivo-Signature-V3";
pub(super) const PLIVO_NONCE: &str = "X-Plivo-Signature-V3-Nonce";

type Headers = Vec<(String, String)>;
type Fields<'a> = &'a [(String, String)];

/// `X-Twilio-Signature`: HMAC-SHA1 over the URL and the sorted POST fields, base64.
pub(super) fn twilio(token: &str, url: &str, fields: Fields<'_>) -> (String, String) {
    let (key, text) = twilio_signs(token, url, fields);
    ("X-Twilio-Signature".to_owned(), STANDARD.encode(sign(&key, text.as_bytes())))
}

fn twilio_signs(token: &str, url: &str, fields: Fields<'_>) -> (Key, String) {
    (Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes()), format!("{url}{}", sorted(fields)))
}

/// Whether a request to this URL has Twilio's signature; compared in constant time. As Twilio's own libraries do, a port that is
/// the scheme's own may stand in the URL or not.
pub(crate) fn is_twilios(signature: &str, token: &str, url: &str, fields: Fields<'_>) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    [Some(url.to_owned()), with_port(url)].into_iter().flatten().any(|url| {
        let (key, text) = twilio_signs(token, &url, fields);
        verify(&key, text.as_bytes(), &signature).is_ok()
    })
}

/// `https://host/path` as `https://host:443/path`; `None` where it has a port.
fn with_port(url: &str) -> Option<String> {
    let parsed = Url::parse(url).ok().filter(|parsed| parsed.port().is_none())?;
    let host = parsed.host_str()?;
    let (before, after) = url.split_once(host)?;
    (!after.starts_with(':')).then(|| format!("{before}{host}:{}{after}", parsed.port_or_known_default().unwrap_or_default()))
}

/// `X-Plivo-Signature-V3` of a POST: HMAC-SHA256 over URL, sorted query, sorted fields and a nonce, base64.
pub(super) fn plivo(token: &str, url: &Url, fields: Fields<'_>, nonce: &str) -> Headers {
    let (key, text) = plivo_signs(token, url, fields, nonce);
    vec![(PLIVO.to_owned(), STANDARD.encode(sign(&key, text.as_bytes()))), (PLIVO_NONCE.to_owned(), nonce.to_owned())]
}

/// Whether a POST to this URL has Plivo's signature; compared in constant time.
pub(super) fn is_plivos(signature: &str, token: &str, url: &Url, fields: Fields<'_>, nonce: &str) -> bool {
    let (key, text) = plivo_signs(token, url, fields, nonce);
    STANDARD.decode(signature).is_ok_and(|signature| verify(&key, text.as_bytes(), &signature).is_ok())
}

fn plivo_signs(token: &str, url: &Url, fields: Fields<'_>, nonce: &str) -> (Key, String) {
    let mut base = url.clone();
    base.set_query(None);
    let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let dot = if query.is_empty() { "" } else { "." };
    let text = format!("{base}?{}{dot}{}.{nonce}", query.join("&"), sorted(fields));
    (Key::new(HMAC_SHA256, token.as_bytes()), text)
}

/// `telnyx-signature-ed25519` over time and body. Only Telnyx has its own key: `token` is the base64 seed of one whose
/// public half the staging bot knows.
pub(super) fn telnyx(token: &str, body: &str, unix_seconds: i64) -> Result<Headers, String> {
    let seed = STANDARD.decode(token).map_err(|error| format!("`auth_token` of a telnyx target is no base64 ({error})"))?;
    let key = Ed25519KeyPair::from_seed_unchecked(&seed)
        .map_err(|_| "`auth_token` of a telnyx target is no Ed25519 seed: write 32 bytes in base64".to_owned())?;
    let signature = key.sign(format!("{unix_seconds}|{body}").as_bytes());
    Ok(vec![("telnyx-signature-ed25519".to_owned(), STANDARD.encode(signature)), ("telnyx-timestamp".to_owned(), unix_seconds.to_string())])
}

/// Vonage's signed webhooks: a JSON Web Token (HS256, RFC 7519) in `Authorization`.
pub(super) fn vonage(token: &str, body: &str, unix_seconds: i64, id: &str) -> (String, String) {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let claims = json!({"iat": unix_seconds, "jti": id, "iss": "Vonage", "payload_hash": hash(body), "api_key": "goldencall"});
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let key = Key::new(HMAC_SHA256, token.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(sign(&key, signed.as_bytes()));
    ("Authorization".to_owned(), format!("Bearer {signed}.{signature}"))
}

/// Whether a Bearer token is Vonage's and of this body; its signature is compared in constant time.
pub(super) fn is_vonages(authorization: &str, token: &str, body: &str) -> bool {
    let parts = authorization.strip_prefix("Bearer ").and_then(|token| token.rsplit_once('.'));
    let Some((signed, signature)) = parts else { return false };
    let key = Key::new(HMAC_SHA256, token.as_bytes());
    let is_genuine = URL_SAFE_NO_PAD.decode(signature).is_ok_and(|signature| verify(&key, signed.as_bytes(), &signature).is_ok());
    let claims = signed.split_once('.').and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Option<serde_json::Value> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    is_genuine && claims.is_some_and(|claims| claims["payload_hash"] == hash(body))
}

fn hash(body: &str) -> String {
    digest(&SHA256, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a bot knows this target by where it is asked for the stream, for messages.
pub(super) fn credentials(target: &WebSocketTarget) -> &'static str {
    match target.protocol {
        SocketProtocol::Twilio | SocketProtocol::Telnyx | SocketProtocol::Plivo | SocketProtocol::Vonage => "`auth_token` and `headers`",
        _ => "`headers`",
    }
}

/// The same where the media socket is opened.
pub(in crate::websocket) fn handshake_credentials(target: &WebSocketTarget) -> &'static str {
    match target.protocol {
        SocketProtocol::Twilio => "`auth_token` and `headers`",
        // Its key is one of the parameters.
        SocketProtocol::Genesys => "`parameters` and `headers`",
        _ => "`headers`",
    }
}

/// What a provider puts on the request that opens the media socket.
pub(in crate::websocket) fn handshake(target: &WebSocketTarget) -> Headers {
    match (target.protocol, &target.auth_token) {
        (SocketProtocol::Twilio, Some(token)) => vec![twilio(token.reveal(), &target.url, &[])],
        _ => Vec::new(),
    }
}

/// Names and values, in the order of the names.
fn sorted(fields: Fields<'_>) -> String {
    let mut fields: Vec<&(String, String)> = fields.iter().collect();
    fields.sort();
    fields.into_iter().map(|(name, value)| format!("{name}{value}")).collect()
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, KeyPair, UnparsedPublicKey};

    use super::*;

    fn fields() -> Headers {
        let pairs = [("CallSid", "CA1"), ("From", "+15550100"), ("To", "+15550101"), ("AccountSid", "AC1")];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// The signatures are those that the providers' own Python libraries (twilio 9.13, plivo 4.63) compute.
    #[test]
    fn twilio_signs_like_its_own_library() {
        assert_eq!(twilio("12345", "https://bot.example/voice?x=1", &fields()).1, "B5ZmC2OhEqBIwRtrVQXnxKguEjk=");
        assert_eq!(twilio("12345", "wss://bot.example/ws", &[]).1, "ZP1CdL+sV2pQZPttopnfF5CMYMM=");
    }

    #[test]
    fn twilios_signature_is_known_from_others() {
        let url = "https://bot.example/voice?x=1";
        let is = |signature: &str, token: &str, url: &str, fields: &[(String, String)]| is_twilios(signature, token, url, fields);
        assert!(is("B5ZmC2OhEqBIwRtrVQXnxKguEjk=", "12345", url, &fields()));
        // Twilio's library over the same URLs with `:443`.
        assert!(is("wNrTexTjAj7udm/TCaXZU/hYDZw=", "12345", url, &fields()));
        assert!(is("+ksA9iXIN29udlzbRtmCQdEIxMo=", "12345", "wss://bot.example/ws", &[]));
        assert!(!is("B5ZmC2OhEqBIwRtrVQXnxKguEjk=", "12346", url, &fields()));
        assert!(!is("B5ZmC2OhEqBIwRtrVQXnxKguEjk=", "12345", url, &[]));
        assert!(!is("B5ZmC2OhEqBIwRtrVQXnxKguEjk=", "12345", "http://bot.example/voice?x=1", &fields()));
        assert!(!is("", "12345", url, &fields()) && !is("no base64", "12345", url, &fields()));
    }

    #[test]
    fn plivo_signs_like_its_own_library() {
        let signed = |url: &str| plivo("12345", &Url::parse(url).expect("URL"), &fields(), "77")[0].1.clone();
        assert_eq!(signed("https://bot.example/answer"), "wEyHtaTlf4BKFL7xyddvv5I1OyZF9VLWTAtQ51yS4qQ=");
        assert_eq!(signed("https://bot.example/answer?b=2&a=1"), "w2tZfzh7ddVs8N81RpNZQ5+cqessW2Clluc1EFtbSCk=");
        let url = Url::parse("https://bot.example/answer").expect("URL");
        let is = |signature: &str, token: &str, nonce: &str| is_plivos(signature, token, &url, &fields(), nonce);
        let genuine = "wEyHtaTlf4BKFL7xyddvv5I1OyZF9VLWTAtQ51yS4qQ=";
        assert!(is(genuine, "12345", "77"));
        assert!(!is(genuine, "12346", "77") && !is(genuine, "12345", "78") && !is("", "12345", "77"));
    }

    #[test]
    fn telnyx_signs_time_and_body() {
        let seed = [7_u8; 32];
        let headers = telnyx(&STANDARD.encode(seed), "a=1", 1_700_000_000).expect("signed");
        let public = Ed25519KeyPair::from_seed_unchecked(&seed).expect("key");
        let key = UnparsedPublicKey::new(&ED25519, public.public_key().as_ref());
        let signature = STANDARD.decode(&headers[0].1).expect("base64");
        assert!(key.verify(b"1700000000|a=1", &signature).is_ok());
        assert!(telnyx("short", "a=1", 0).is_err());
    }

    #[test]
    fn vonage_signs_a_token_with_the_hash_of_the_body() {
        let (_, value) = vonage("secret", "", 1_700_000_000, "j1");
        let token = value.strip_prefix("Bearer ").expect("a bearer token");
        let parts: Vec<&str> = token.split('.').collect();
        let key = Key::new(HMAC_SHA256, b"secret");
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).expect("base64");
        assert!(ring::hmac::verify(&key, format!("{}.{}", parts[0], parts[1]).as_bytes(), &signature).is_ok());
        assert!(is_vonages(&value, "secret", ""));
        assert!(!is_vonages(&value, "secrets", "") && !is_vonages(&value, "secret", "{}") && !is_vonages("Bearer x", "secret", ""));
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).expect("base64")).expect("UTF-8");
        assert!(claims.contains("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "{claims}");
    }
}
