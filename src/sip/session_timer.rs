//! Session timers (RFC 4028): a session that nobody refreshes is over.

use std::time::Duration;

use rsipstack::sip::prelude::HasHeaders;
use rsipstack::sip::{Header, Request, Response};
use tokio::time::Instant;

use super::refusal::header;

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SessionTimer {
    pub interval: Duration,
    /// The caller refreshes; otherwise the peer does.
    pub ours: bool,
}

impl SessionTimer {
    /// From a 2xx to the caller's INVITE or UPDATE: the refresher there is `uac` for the caller.
    pub fn agreed(response: &Response) -> Option<Self> {
        let (seconds, refresher) = parse(session_expires(response)?)?;
        Some(Self { interval: Duration::from_secs(seconds), ours: refresher != Some("uas") })
    }

    /// From a refresh of the peer's: whoever sends the request is the `uac` of that transaction.
    pub fn of_refresh(request: &Request) -> Option<Self> {
        let (seconds, refresher) = parse(session_expires(request)?)?;
        Some(Self { interval: Duration::from_secs(seconds), ours: refresher == Some("uas") })
    }

    /// When a refresh is due: after half of the interval (section 7.2).
    pub fn refresh_after(&self) -> Duration {
        self.interval / 2
    }

    /// When the session of a peer that does not refresh is over: a third of the interval, at most 32 s, before its end
    /// (section 10).
    pub fn over_after(&self) -> Duration {
        self.interval - (self.interval / 3).min(Duration::from_secs(32))
    }

    /// The header fields of a refresh.
    pub fn request_headers(&self) -> Vec<Header> {
        vec![Header::Supported("timer".into()), Header::SessionExpires(format!("{};refresher=uac", self.interval.as_secs()).into())]
    }

    /// The header fields of the answer to a refresh.
    pub fn response_headers(&self) -> Vec<Header> {
        let refresher = if self.ours { "uas" } else { "uac" };
        let mut headers = vec![Header::SessionExpires(format!("{};refresher={refresher}", self.interval.as_secs()).into())];
        if !self.ours {
            headers.push(Header::Require("timer".into()));
        }
        headers
    }
}

/// `x` is the compact form.
fn session_expires(message: &impl HasHeaders) -> Option<&str> {
    header(message, "Session-Expires").or_else(|| header(message, "x"))
}

fn parse(value: &str) -> Option<(u64, Option<&str>)> {
    let (seconds, parameters) = value.split_once(';').unwrap_or((value, ""));
    let refresher = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("refresher="));
    let seconds: u64 = seconds.trim().parse().ok().filter(|seconds| (1..=86_400).contains(seconds))?;
    Some((seconds, refresher.map(str::trim)))
}

/// What comes next by the session timer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub at: Instant,
    pub timer: SessionTimer,
}

impl Due {
    pub fn after(timer: SessionTimer) -> Self {
        let wait = if timer.ours { timer.refresh_after() } else { timer.over_after() };
        Self { at: Instant::now() + wait, timer }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_read_as_rfc_4028_writes_them() {
        assert_eq!(parse("1800;refresher=uac"), Some((1800, Some("uac"))));
        assert_eq!(parse(" 90 ; refresher=uas"), Some((90, Some("uas"))));
        assert_eq!(parse("90"), Some((90, None)));
        assert_eq!(parse("soon"), None);
        assert_eq!(parse("0"), None);
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "\\PC{0,60}") {
            if let Some((seconds, _)) = parse(&value) {
                let timer = SessionTimer { interval: Duration::from_secs(seconds), ours: true };
                prop_assert!(timer.over_after() <= timer.interval && timer.refresh_after() <= timer.interval);
            }
        }
    }

    #[test]
    fn the_peer_is_late_before_the_session_ends() {
        let timer = |seconds| SessionTimer { interval: Duration::from_secs(seconds), ours: false };
        assert_eq!(timer(90).over_after(), Duration::from_secs(60));
        assert_eq!(timer(1800).over_after(), Duration::from_secs(1768));
        assert_eq!(timer(90).refresh_after(), Duration::from_secs(45));
    }
}
