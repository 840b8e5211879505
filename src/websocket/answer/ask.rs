//! Asks the bot where the stream of a call goes.

use std::time::Duration;

use url::Url;

use super::directions::{Directions, NoStream};
use super::request::{AnswerRequest, Signing};
use crate::scenario::WebSocketTarget;
use crate::transport::{DialError, DialErrorKind, http};
use crate::websocket::protocol::StreamStart;
use crate::websocket::providers::{AnswerUrl, provider};

/// Providers wait fifteen seconds for an answer; the target's own time limit may end it earlier.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Makes the provider's request to `answer_url` and follows the answer.
///
/// # Errors
/// HTTP errors with the body quoted; an answer that refuses the call, or leads to no stream.
pub(in crate::websocket) async fn ask(target: &WebSocketTarget, answer_url: &str, start: &StreamStart) -> Result<Directions, DialError> {
    let url = Url::parse(answer_url).map_err(|error| DialError::local(&format!("`{answer_url}` is not a URL"), error))?;
    let now = jiff::Timestamp::now().as_second();
    let nonce = format!("{:032x}", rand::random::<u128>());
    let local = |why: String| DialError::new(DialErrorKind::Local, why);
    let asked = asked(target).map_err(local)?;
    let request = request(target, url, start, now, &nonce).map_err(local)?;
    let client = http::client(answer_url, ANSWER_TIMEOUT)?;
    let builder = if request.get { client.get(request.url) } else { client.post(request.url).body(request.body) };
    let builder = http::with_headers(http::with_headers(builder, &request.headers), &target.headers);
    let credentials = if target.protocol.signs() { "`auth_token` and `headers`" } else { "`headers`" };
    let reply = http::send(builder, answer_url).await?.success(credentials)?;
    let directions = asked.directions(&reply.body).map_err(|why| refused(answer_url, &why))?;
    if !directions.url.starts_with("ws://") && !directions.url.starts_with("wss://") {
        let message = format!("{answer_url} sends the stream to `{}`, which is not a ws:// or wss:// URL", directions.url);
        return Err(DialError::new(DialErrorKind::BadAnswer, message));
    }
    Ok(directions)
}

/// What the target's provider asks of the bot at the beginning of a call.
///
/// # Errors
/// The protocol's provider has no such request, or the token signs nothing.
pub(super) fn request(
    target: &WebSocketTarget,
    url: Url,
    start: &StreamStart,
    unix_seconds: i64,
    nonce: &str,
) -> Result<AnswerRequest, String> {
    let token = target.auth_token.as_ref().map(|token| token.reveal());
    asked(target)?.request(url, start, &Signing { token, unix_seconds, nonce })
}

fn asked(target: &WebSocketTarget) -> Result<&'static dyn AnswerUrl, String> {
    let name = target.protocol.name();
    let unasked = || format!("{name} opens its socket without asking first; write `url` in place of `answer_url`");
    provider(target.protocol).answer_url().ok_or_else(unasked)
}

fn refused(url: &str, why: &NoStream) -> DialError {
    match why {
        NoStream::Busy => DialError::new(DialErrorKind::Busy, format!("{url} {why}")),
        NoStream::Refused(_) => DialError::new(DialErrorKind::Rejected, format!("{url} {why}")),
        NoStream::Unusable(_) => DialError::new(DialErrorKind::BadAnswer, format!("{url} answered with {why}")),
    }
}
