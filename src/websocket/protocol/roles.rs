//! The two ends of a media socket. They are two traits so that whoever holds one end cannot speak as the other.

use super::message::{FromBot, Message, ProtocolError, ToBot, WireFormat};

/// The provider's end of one stream: the tester's.
pub trait ProviderRole: Send {
    /// The format of the caller's audio.
    fn format(&self) -> WireFormat;

    /// The messages that tell the bot of an event; none where the protocol has no message for it.
    fn write(&mut self, event: &ToBot) -> Vec<Message>;

    /// What a message of the bot asks for. Unknown events are `FromBot::Other`, never errors.
    ///
    /// # Errors
    /// JSON, base64 or a frame that is broken, or an event that lacks what it needs.
    fn read(&mut self, message: &Message) -> Result<Vec<FromBot>, ProtocolError>;
}

/// The bot's end of one stream: the sample bot's, and the tester's where a provider places the call.
pub trait BotRole: Send {
    /// The format of the caller's audio.
    fn format(&self) -> WireFormat;

    /// What a message of the provider says. Unknown events are passed over.
    ///
    /// # Errors
    /// JSON, base64 or a frame that is broken, or an event that lacks what it needs.
    fn read(&mut self, message: &Message) -> Result<Vec<ToBot>, ProtocolError>;

    /// The messages that ask the provider for this; none where the protocol has no message for it.
    fn write(&mut self, event: &FromBot) -> Vec<Message>;
}
