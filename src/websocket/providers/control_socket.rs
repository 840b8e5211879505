//! A socket besides the media socket, on which the bot's application says what happens to the call.

use std::sync::Arc;

use crate::clock::CallClock;
use crate::scenario::WebSocketTarget;
use crate::transport::{BoxFuture, DialError, EventSender};
use crate::websocket::control::Shared;
use crate::websocket::protocol::{StreamStart, WireFormat};

/// One provider's control socket.
pub(crate) trait ControlSocket: Sync {
    /// The WebSocket subprotocol.
    fn subprotocol(&self) -> &'static str;

    /// Announces a call to the bot's application and follows it up to the stream. `None` where the target's URL is that of a
    /// media socket instead.
    fn call<'a>(&self, target: &'a WebSocketTarget, start: &'a StreamStart) -> BoxFuture<'a, Result<Option<Controlled>, DialError>>;

    /// What the sample bot answers to a message, where it streams every call to the media socket of this path.
    ///
    /// # Errors
    /// The message is not JSON.
    fn sample(&self, message: &str, media: &str) -> Result<Option<String>, serde_json::Error>;
}

/// An application that has answered, and the stream that it asks for.
pub(crate) type Controlled = (Box<dyn Application>, WantedStream);

/// An application that has answered.
pub(crate) trait Application: Send {
    /// Follows the application while the audio flows, and announces the end to it.
    fn follow(self: Box<Self>, shared: Arc<Shared>, clock: CallClock, events: EventSender) -> BoxFuture<'static, ()>;
}

/// What the application wants streamed, and where to.
pub(crate) struct WantedStream {
    pub url: String,
    /// The bot's audio.
    pub from_bot: WireFormat,
    /// Of the media socket's first message; has the format of the caller's audio.
    pub start: StreamStart,
}
