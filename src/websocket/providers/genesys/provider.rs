//! Genesys as a provider.

use super::session::FORMATS;
use super::stream::{API_KEY, GenesysStream};
use crate::websocket::answer::Headers;
use crate::websocket::protocol::{BotRole, ProviderRole, StreamStart, WireFormat};
use crate::websocket::providers::interface::{Provider, Streams};

/// Genesys Cloud AudioHook.
#[derive(Debug)]
pub(in crate::websocket::providers) struct Genesys;

impl Streams for Genesys {
    fn formats(&self) -> &'static [WireFormat] {
        FORMATS
    }

    fn provider_role(&self, format: Option<WireFormat>) -> Box<dyn ProviderRole> {
        Box::new(GenesysStream::new(format))
    }

    fn bot_role(&self) -> Box<dyn BotRole> {
        Box::new(GenesysStream::new(None))
    }
}

impl Provider for Genesys {
    fn request_headers(&self, start: &StreamStart) -> Headers {
        let key = start.parameters.get(API_KEY).map_or("", String::as_str);
        let headers = [
            ("audiohook-organization-id", start.account_id.as_str()),
            ("audiohook-session-id", &start.stream_id),
            ("audiohook-correlation-id", &start.call_id),
            (API_KEY, key),
        ];
        let told = headers.into_iter().filter(|(_, value)| !value.is_empty());
        told.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn waits_for_acceptance(&self) -> bool {
        true
    }

    fn answers_the_end(&self) -> bool {
        true
    }

    // The API key is one of the parameters.
    fn handshake_credentials(&self) -> &'static str {
        "`parameters` and `headers`"
    }
}
