//! The paths that a provider requests: one for each purpose, with the call's own random token at its end.

use crate::scenario::{OriginateProvider, OriginateTarget};

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Status callbacks.
    Status,
    /// What to do with the answered call; only Teler asks.
    Flow,
    /// The media socket.
    Stream(OriginateProvider),
}

impl Endpoint {
    fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Flow => "flow",
            Self::Stream(provider) => provider.name(),
        }
    }

    /// The endpoint and the token that a path leads to. A reverse proxy may or may not strip the path of the public URL, so only
    /// the last two segments count.
    pub fn at(path: &str) -> Option<(Self, &str)> {
        let (rest, token) = path.trim_end_matches('/').rsplit_once('/')?;
        let name = rest.rsplit('/').next()?;
        let endpoints = [Self::Status, Self::Flow].into_iter().chain(OriginateProvider::ALL.map(Self::Stream));
        endpoints.into_iter().find(|endpoint| endpoint.name() == name).map(|endpoint| (endpoint, token))
    }

    /// The endpoint's public URL, as the provider calls and signs it.
    pub fn url(self, target: &OriginateTarget, token: &str) -> String {
        let url = format!("{}/{}/{token}", target.url, self.name());
        match (self, url.strip_prefix("http")) {
            // http becomes ws, https becomes wss.
            (Self::Stream(_), Some(rest)) => format!("ws{rest}"),
            _ => url,
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use std::time::Duration;

    use crate::scenario::{Credentials, OriginateTarget, Secret};

    /// A target of Twilio's.
    pub fn target() -> OriginateTarget {
        OriginateTarget {
            credentials: Credentials::Twilio { account: "AC1".into(), auth_token: Secret::new("12345") },
            to: "+15550100".into(),
            from: "+15550101".into(),
            listen: ([127, 0, 0, 1], 8443).into(),
            url: "https://ci.example.com/calls".into(),
            api: "https://api.example.com".into(),
            ring_timeout: Duration::from_secs(45),
            parameters: vec![("who".into(), "A & \"B\"".into())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::target;
    use super::*;

    #[test]
    fn an_endpoint_is_found_again_with_and_without_the_proxys_path() {
        for endpoint in
            [Endpoint::Status, Endpoint::Flow, Endpoint::Stream(OriginateProvider::Twilio), Endpoint::Stream(OriginateProvider::Teler)]
        {
            let url = url::Url::parse(&endpoint.url(&target(), "t0")).expect("URL");
            assert_eq!(Endpoint::at(url.path()), Some((endpoint, "t0")), "{url}");
            assert_eq!(Endpoint::at(url.path().trim_start_matches("/calls")), Some((endpoint, "t0")));
        }
        assert_eq!(Endpoint::Stream(OriginateProvider::Twilio).url(&target(), "t0"), "wss://ci.example.com/calls/twilio/t0");
        for nowhere in ["", "/", "/t0", "/state/t0", "//"] {
            assert_eq!(Endpoint::at(nowhere), None, "{nowhere}");
        }
    }
}
