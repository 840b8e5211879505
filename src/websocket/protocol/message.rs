//! The events between provider and bot, whatever a provider calls them.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use crate::codec::Codec;

/// One message on the socket. AudioSocket (TCP) puts one whole frame, header included, into `Binary`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// Codec and rate of a stream; always mono.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WireFormat {
    /// The samples' encoding.
    pub codec: Codec,
    /// Samples per second.
    pub rate: u32,
}

impl fmt::Display for WireFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.codec {
            Codec::L16 => write!(f, "L16/{}", self.rate),
            codec => f.write_str(codec.name()),
        }
    }
}

/// What the bot learns when a call's stream begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamStart {
    /// The provider's name of the call.
    pub call_id: String,
    /// The provider's name of the stream.
    pub stream_id: String,
    /// The provider's name of the account.
    pub account_id: String,
    /// The caller's number or address.
    pub from: String,
    /// The number or address that was called.
    pub to: String,
    /// The caller's format; `None` only if the protocol's start has no format.
    pub format: Option<WireFormat>,
    /// Parameters that the bot gets with the start of the stream.
    pub parameters: BTreeMap<String, String>,
}

/// From the provider, which carries the caller, to the bot.
#[derive(Clone, Debug, PartialEq)]
pub enum ToBot {
    /// The stream begins.
    Start(StreamStart),
    /// The caller's audio in the stream's format.
    Audio(Vec<u8>),
    /// The caller pressed a key: 0-9, *, #, A-D.
    Dtmf(char),
    /// Playout reached a mark, or the mark's audio was cleared.
    MarkReached {
        /// As the bot named it.
        name: String,
        /// The queue was cleared before playout reached it.
        cleared: bool,
    },
    /// Playout of the bot's audio began or ended; only some protocols have such a message.
    Playback {
        /// True where it began.
        started: bool,
    },
    /// The call is over.
    Stop,
}

/// From the bot to the provider.
#[derive(Clone, Debug, PartialEq)]
pub enum FromBot {
    /// The bot accepts the stream; only of providers where `Provider::waits_for_acceptance`.
    Accepted {
        /// The format that the bot chose, where the protocol lets it choose.
        format: Option<WireFormat>,
    },
    /// Audio to be queued and played.
    Audio {
        /// Encoded samples.
        payload: Vec<u8>,
        /// The message's own format, if it names one; else the stream's.
        format: Option<WireFormat>,
        /// The bot's name of the chunk, where it has one.
        chunk: Option<String>,
    },
    /// Notify the bot when playout reaches this point.
    Mark(String),
    /// Clear the queue, or only the chunk of this name.
    Clear(Option<String>),
    /// The bot presses keys.
    Dtmf(String),
    /// The bot ends the call.
    HangUp {
        /// The bot's reason, where it gives one.
        reason: Option<String>,
    },
    /// A message that the provider would drop: one sentence.
    Dropped(String),
    /// The bot confirms [`ToBot::Stop`]; only of providers where `Provider::answers_the_end`.
    Goodbye,
    /// The bot asks for something that goldencall does not do (an unknown event, a verb).
    Other(String),
    /// To be sent back at once by the provider's side: a protocol's keep-alive.
    Reply(Message),
}

/// A message that the protocol does not allow: one readable sentence, which quotes at most 120 characters of it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ProtocolError(pub String);
