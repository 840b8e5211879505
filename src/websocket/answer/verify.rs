//! The other side of [`super::signature`]: what a bot does with a provider's request.

use url::Url;

use super::signature::{PLIVO, PLIVO_NONCE, is_plivos, is_twilios, is_vonages};
use crate::scenario::SocketProtocol;

/// Whether a request to this URL is signed as the protocol's provider signs it. True of every request of a provider that signs
/// nothing, or not by a shared secret.
pub(crate) fn is_signed<'h>(
    protocol: SocketProtocol,
    token: &str,
    url: &str,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &str,
) -> bool {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    match protocol {
        SocketProtocol::Twilio => header("X-Twilio-Signature").is_some_and(|signature| is_twilios(signature, token, url, &fields)),
        SocketProtocol::Plivo => match (header(PLIVO), header(PLIVO_NONCE), Url::parse(url)) {
            (Some(signature), Some(nonce), Ok(url)) => is_plivos(signature, token, &url, &fields, nonce),
            _ => false,
        },
        SocketProtocol::Vonage => header("Authorization").is_some_and(|value| is_vonages(value, token, body)),
        _ => true,
    }
}
