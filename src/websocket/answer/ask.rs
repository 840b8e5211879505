//! Asks the bot where the stream of a call goes.

use std::time::Duration;

use url::Url;

use super::directions::{Directions, NoStream};
use super::{json, request, signature, xml};
use crate::scenario::{SocketProtocol, WebSocketTarget};
use crate::transport::{DialError, DialErrorKind, http};
use crate::websocket::protocol::StreamStart;

/// Providers wait fifteen seconds for an answer; the target's own time limit may end it earlier.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Makes the provider's request to `answer_url` and follows the answer.
///
/// # Errors
/// HTTP errors with the body quoted; an answer that refuses the call, or leads to no stream.
pub(in crate::websocket) async fn ask(target: &WebSocketTarget, answer_url: &str, start: &StreamStart) -> Result<Directions, DialError> {
    let url = Url::parse(answer_url).map_err(|error| DialError::local(&format!("`{answer_url}` is no URL"), error))?;
    let now = jiff::Timestamp::now().as_second();
    let nonce = format!("{:032x}", rand::random::<u128>());
    let request = request::request(target, url, start, now, &nonce).map_err(|why| DialError::new(DialErrorKind::Local, why))?;
    let client = http::client(ANSWER_TIMEOUT)?;
    let builder = if request.get { client.get(request.url) } else { client.post(request.url).body(request.body) };
    let builder = http::with_headers(http::with_headers(builder, &request.headers), &target.headers);
    let reply = http::send(builder, answer_url).await?.success(signature::credentials(target))?;
    let directions = match target.protocol {
        SocketProtocol::Twilio | SocketProtocol::Telnyx | SocketProtocol::Plivo => xml::directions(target.protocol, &reply.body),
        protocol => json::directions(protocol, &reply.body),
    };
    let directions = directions.map_err(|why| refused(answer_url, &why))?;
    if !directions.url.starts_with("ws://") && !directions.url.starts_with("wss://") {
        let message = format!("{answer_url} sends the stream to `{}`, which is no ws:// or wss:// URL", directions.url);
        return Err(DialError::new(DialErrorKind::BadAnswer, message));
    }
    Ok(directions)
}

fn refused(url: &str, why: &NoStream) -> DialError {
    match why {
        NoStream::Busy => DialError::new(DialErrorKind::Busy, format!("{url} {why}")),
        NoStream::Refused(_) => DialError::new(DialErrorKind::Rejected, format!("{url} {why}")),
        NoStream::Unusable(_) => DialError::new(DialErrorKind::BadAnswer, format!("{url} answered with {why}")),
    }
}
