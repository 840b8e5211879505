//! jambonz as a provider.

use super::application::CallControl;
use super::media::{FORMATS, JambonzStream};
use crate::websocket::protocol::{BotRole, ProviderRole, WireFormat};
use crate::websocket::providers::control_socket::ControlSocket;
use crate::websocket::providers::interface::{Provider, Streams};

/// jambonz.
#[derive(Debug)]
pub(in crate::websocket::providers) struct Jambonz;

impl Streams for Jambonz {
    fn formats(&self) -> &'static [WireFormat] {
        FORMATS
    }

    fn provider_role(&self, format: Option<WireFormat>) -> Box<dyn ProviderRole> {
        Box::new(JambonzStream::new(format))
    }

    fn bot_role(&self) -> Box<dyn BotRole> {
        Box::new(JambonzStream::new(None))
    }
}

impl Provider for Jambonz {
    fn subprotocol(&self) -> Option<&'static str> {
        Some("audio.drachtio.org")
    }

    fn control_socket(&self) -> Option<&'static dyn ControlSocket> {
        Some(&CallControl)
    }
}
