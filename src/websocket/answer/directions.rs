//! The outcome of an answer document.

use std::fmt;

use crate::codec::Codec;
use crate::websocket::protocol::format::encoding;

/// Where the stream of a call goes, according to the bot's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directions {
    /// The media socket.
    pub url: String,
    /// Parameters that the stream begins with.
    pub parameters: Vec<(String, String)>,
    /// The samples' encoding, if the answer has one.
    pub encoding: Option<Codec>,
    /// Samples per second, if the answer has a rate.
    pub rate: Option<u32>,
}

impl Directions {
    /// A socket of this URL, and nothing else.
    pub fn to(url: String) -> Self {
        Self { url, ..Self::default() }
    }

    /// With the encoding and rate of a content type such as `audio/l16;rate=16000`.
    pub fn with_content_type(self, content_type: &str) -> Self {
        let rate = content_type.split_once("rate=").and_then(|(_, rate)| rate.trim().parse().ok());
        Self { encoding: encoding(content_type), rate, ..self }
    }
}

/// Why an answer leads to no stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoStream {
    /// The bot takes no call now.
    Busy,
    /// The bot refuses or ends the call: what it said.
    Refused(String),
    /// The answer cannot be used: "answered with ...".
    Unusable(String),
}

impl fmt::Display for NoStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("rejects the call as busy"),
            Self::Refused(what) | Self::Unusable(what) => f.write_str(what),
        }
    }
}
