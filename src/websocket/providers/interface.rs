//! What a provider's file implements.

use url::Url;

use super::control_socket::ControlSocket;
use crate::scenario::WebSocketTarget;
use crate::websocket::answer::{AnswerRequest, Directions, Document, Headers, NoStream, Received, Signing};
use crate::websocket::link::Split;
use crate::websocket::protocol::stream::{Dialect, JsonStream};
use crate::websocket::protocol::{BotRole, ProviderRole, StreamStart, WireFormat};

/// What a provider's streams carry, and their two ends.
pub(crate) trait Streams {
    /// What its streams can carry, the default first.
    fn formats(&self) -> &'static [WireFormat];

    /// The provider's end of a new stream. A format that the protocol cannot carry gives way to its default; whoever takes the
    /// format from a person compares it with `formats` first.
    fn provider_role(&self, format: Option<WireFormat>) -> Box<dyn ProviderRole>;

    /// The bot's end of a new stream.
    fn bot_role(&self) -> Box<dyn BotRole>;
}

impl<D: Dialect + Send + 'static> Streams for D {
    fn formats(&self) -> &'static [WireFormat] {
        D::FORMATS
    }

    fn provider_role(&self, format: Option<WireFormat>) -> Box<dyn ProviderRole> {
        Box::new(JsonStream::<D>::new(format))
    }

    fn bot_role(&self) -> Box<dyn BotRole> {
        Box::new(JsonStream::<D>::new(None))
    }
}

/// A provider of media sockets: its streams, and how they are opened. What most providers do is the default.
pub(crate) trait Provider: Streams + Sync {
    /// What cuts the stream into messages, where the socket is plain TCP instead of a WebSocket.
    fn tcp(&self) -> Option<Split> {
        None
    }

    /// The WebSocket subprotocol, where there is one.
    fn subprotocol(&self) -> Option<&'static str> {
        None
    }

    /// What the ids of an account, a call and a stream begin with, where they are not UUIDs.
    fn id_prefixes(&self) -> Option<IdPrefixes> {
        None
    }

    /// HTTP headers of the WebSocket request besides the standard ones.
    fn request_headers(&self, _start: &StreamStart) -> Headers {
        Vec::new()
    }

    /// Whether the stream counts as answered only once the bot has accepted it.
    fn waits_for_acceptance(&self) -> bool {
        false
    }

    /// Whether the bot confirms the end of the call (`FromBot::Goodbye`).
    fn answers_the_end(&self) -> bool {
        false
    }

    /// How it asks the bot where the stream of a call goes; `None` where it does not.
    fn answer_url(&self) -> Option<&'static dyn AnswerUrl> {
        None
    }

    /// The socket on which the bot's application controls the call, where there is one besides the media socket.
    fn control_socket(&self) -> Option<&'static dyn ControlSocket> {
        None
    }

    /// The signature of the request that opens the media socket.
    fn sign_handshake(&self, _target: &WebSocketTarget) -> Headers {
        Vec::new()
    }

    /// Whether that request is signed: the sample bot turns away one that is not.
    fn signs_handshake(&self) -> bool {
        false
    }

    /// The keys of a target by which a bot knows that request, for messages.
    fn handshake_credentials(&self) -> &'static str {
        "`headers`"
    }

    /// Whether a request has the provider's signature by this token. True of every request where the provider signs nothing, or
    /// not by a shared secret.
    fn is_signed(&self, _token: &str, _request: &Received<'_>) -> bool {
        true
    }
}

/// What ids begin with.
pub(crate) struct IdPrefixes {
    pub account: &'static str,
    pub call: &'static str,
    pub stream: &'static str,
}

/// How a provider asks the bot where the stream of a call goes.
pub(crate) trait AnswerUrl: Sync {
    /// The request at the beginning of a call.
    ///
    /// # Errors
    /// The token signs nothing.
    fn request(&self, url: Url, start: &StreamStart, signing: &Signing<'_>) -> Result<AnswerRequest, String>;

    /// Follows the bot's answer to its media socket.
    fn directions(&self, document: &str) -> Result<Directions, NoStream>;

    /// What the sample bot answers, for a stream to this URL.
    fn sample(&self, url: &str) -> Document;
}
