//! HTTP as signalling needs it: bounded bodies, and errors that quote what came back.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION, TRANSFER_ENCODING};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Request, RequestBuilder, Response, Url};
use serde_json::Value;

use super::{DialError, DialErrorKind, quote};
use crate::loopback::is_loopback;

/// A session description or a call flow is a few kilobytes.
const MOST_BYTES: usize = 1 << 20;
const MOST_REDIRECTS: usize = 10;

/// A response, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Where the request went.
    pub url: String,
    /// The same as it went over the wire.
    pub asked: Url,
    /// Whether it had credentials: an `Authorization`, or header fields of the target's.
    pub authorized: bool,
    /// Where the response came from: another URL after a redirect.
    pub from: Url,
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

/// A client for this URL, whose requests end within this time.
pub(crate) fn client(url: &str, timeout: Duration) -> Result<Client, DialError> {
    // Two crypto providers in one process panic: the one that is there stays.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let agent = concat!("goldencall/", env!("CARGO_PKG_VERSION"));
    // Redirects are followed here: `reqwest` would take header fields such as `X-Api-Key` along to any host.
    let local = Url::parse(url).is_ok_and(|url| is_loopback(&url));
    let builder = || {
        let builder = Client::builder().timeout(timeout).user_agent(agent).redirect(Policy::none());
        // A proxy that the environment names cannot reach this machine's own bot.
        if local { builder.no_proxy() } else { builder }
    };
    // Without a single certificate authority on the machine no client is built at all; this one still speaks HTTP.
    let built = builder().build().or_else(|_| builder().tls_certs_only([]).build());
    built.map_err(|error| DialError::local("no HTTP client", error))
}

/// Adds header fields of the user's.
pub(crate) fn with_headers(request: RequestBuilder, headers: &[(String, String)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// Whether a URL leads to the host that the user named, so that the user's credentials may go there: the same name and port, and no less
/// encrypted. From plain HTTP to TLS on their usual ports is the same host.
pub(crate) fn same_host(named: &Url, other: &Url) -> bool {
    let tls = |url: &Url| matches!(url.scheme(), "https" | "wss");
    let ports = (named.port_or_known_default(), other.port_or_known_default());
    let upgraded = !tls(named) && tls(other) && ports == (Some(80), Some(443));
    named.host_str() == other.host_str() && (ports.0 == ports.1 && (tls(other) || !tls(named)) || upgraded)
}

/// Sends a request, follows redirects and reads the response. To another host, no header fields of the user's go along.
pub(crate) async fn send(request: RequestBuilder, url: &str) -> Result<Reply, DialError> {
    let (client, request) = request.build_split();
    let mut request = request.map_err(|error| DialError::local(&format!("no request to {url}"), error))?;
    let (asked, authorized) = (request.url().clone(), request.headers().keys().any(|name| !IMPERSONAL.contains(&name.as_str())));
    for _ in 0..=MOST_REDIRECTS {
        let again = request.try_clone();
        let response = client.execute(request).await.map_err(|error| failed(url, &error))?;
        match again.and_then(|again| redirected(again, &response, &asked)) {
            Some(next) => request = next,
            None => return read(response, url, asked, authorized).await,
        }
    }
    Err(DialError::new(DialErrorKind::BadAnswer, format!("{url} redirects more than {MOST_REDIRECTS} times")))
}

/// Header fields that say nothing of who asks.
pub(crate) const IMPERSONAL: [&str; 5] = ["accept", "content-type", "content-length", "traceparent", "x-goldencall-run"];

/// The request that a redirect asks for (RFC 9110, section 15.4).
fn redirected(mut request: Request, response: &Response, asked: &Url) -> Option<Request> {
    let as_get = match response.status().as_u16() {
        301 | 302 => request.method() == Method::POST,
        303 => request.method() != Method::HEAD,
        307 | 308 => false,
        _ => return None,
    };
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let to = response.url().join(location).ok().filter(|to| matches!(to.scheme(), "http" | "https"))?;
    if as_get {
        *request.method_mut() = Method::GET;
        *request.body_mut() = None;
        for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
            request.headers_mut().remove(name);
        }
    }
    if !same_host(asked, &to) {
        let kept = IMPERSONAL.iter().filter_map(|name| Some((name.parse().ok()?, request.headers().get(*name)?.clone()))).collect();
        *request.headers_mut() = kept;
    }
    *request.url_mut() = to;
    Some(request)
}

async fn read(mut response: Response, url: &str, asked: Url, authorized: bool) -> Result<Reply, DialError> {
    let (status, headers, from) = (response.status().as_u16(), response.headers().clone(), response.url().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(url, &error))? {
        if body.len() + chunk.len() > MOST_BYTES {
            let message = format!("{url} answered with more than {} MB; is this the bot's signalling URL?", MOST_BYTES >> 20);
            return Err(DialError::new(DialErrorKind::BadAnswer, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { url: url.to_owned(), asked, authorized, from, status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

impl Reply {
    /// Any 2xx; everything else is an error that quotes the body. `credentials` are what the target says who it is with.
    pub fn success(self, credentials: &str) -> Result<Self, DialError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let kind = if matches!(self.status, 401 | 403) { DialErrorKind::Unauthorized } else { DialErrorKind::Rejected };
        let message = format!("{} answered HTTP {}{}", self.source(), self.status, self.quoted());
        let error = DialError::new(kind, message);
        if kind == DialErrorKind::Unauthorized && self.authorized && self.changed_hosts() {
            let message = format!("{}; {credentials} did not go along to another host: write that URL into the target", error.message);
            return Err(DialError { message, ..error });
        }
        Err(error.with_hint(credentials))
    }

    /// Who answered.
    fn source(&self) -> String {
        if self.asked == self.from { self.url.clone() } else { format!("{} redirects to {}, which", self.url, self.from) }
    }

    /// Whether a redirect led to another host.
    pub fn changed_hosts(&self) -> bool {
        !same_host(&self.asked, &self.from)
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value, DialError> {
        serde_json::from_str(&self.body).map_err(|error| self.bad(&format!("no JSON ({error})")))
    }

    /// An answer that cannot be used: what it is, and the body.
    pub fn bad(&self, what: &str) -> DialError {
        DialError::new(DialErrorKind::BadAnswer, format!("{} answered with {what}{}", self.source(), self.quoted()))
    }

    /// The body, as a sentence about the answer ends with it.
    pub fn quoted(&self) -> String {
        if self.body.trim().is_empty() { " and an empty body".to_owned() } else { format!(": {}", quote(&self.body)) }
    }
}

fn failed(url: &str, error: &reqwest::Error) -> DialError {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    let cause = causes.last().cloned().unwrap_or_else(|| error.to_string());
    if error.is_timeout() {
        return DialError::new(DialErrorKind::NoResponse, format!("{url} gave no answer in time"));
    }
    if error.is_connect() {
        let hint = if cause.contains("refused") { "; is the bot running?" } else { "" };
        return DialError::new(DialErrorKind::Unreachable, format!("no connection to {url}: {cause}{hint}"));
    }
    DialError::new(DialErrorKind::BadAnswer, format!("the request to {url} failed: {cause}"))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::response::Redirect;
    use axum::routing::any;

    use super::*;

    /// A server that answers 403 at `/closed` and redirects from `/moved` to there, and from `/away` to elsewhere.
    async fn server(elsewhere: String) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address");
        let app = Router::new()
            .route("/closed", any(|| async { (StatusCode::FORBIDDEN, "no") }))
            .route("/moved", any(|| async { Redirect::temporary("/closed") }))
            .route("/away", any(async move || Redirect::temporary(&format!("{elsewhere}/closed"))));
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn a_refusal_names_the_credentials_or_the_redirect_that_lost_them() {
        let other = server(String::new()).await;
        let here = server(other.clone()).await;
        let client = client(&here, Duration::from_secs(10)).expect("client");
        let said = async |path: &str| {
            let url = format!("{here}{path}");
            let reply = send(client.post(&url).bearer_auth("t"), &url).await.expect("a reply");
            let error = reply.success("`token`").expect_err("a refusal");
            assert_eq!(error.kind, DialErrorKind::Unauthorized);
            error.message.replace(&here, "http://here").replace(&other, "http://other")
        };
        let texts = [said("/closed").await, said("/moved").await, said("/away").await];
        insta::assert_snapshot!(texts.join("\n"), @r"
        http://here/closed answered HTTP 403: no; check `token` of the target
        http://here/moved redirects to http://here/closed, which answered HTTP 403: no; check `token` of the target
        http://here/away redirects to http://other/closed, which answered HTTP 403: no; `token` did not go along to another host: write that URL into the target
        ");
    }
}
