//! A call that a telephony provider places to the bot's number on goldencall's behalf.

use std::net::SocketAddr;
use std::time::Duration;

use crate::scenario::secrets::Secret;

/// A provider with a REST API that places calls and streams their media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OriginateProvider {
    /// Twilio Programmable Voice.
    Twilio,
    /// FreJun Teler.
    Teler,
}

impl OriginateProvider {
    /// Every provider.
    pub const ALL: [Self; 2] = [Self::Twilio, Self::Teler];

    /// As targets write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Teler => "teler",
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Twilio => "Twilio",
            Self::Teler => "Teler",
        }
    }

    /// Where its REST API is unless a target says otherwise.
    pub fn api(self) -> &'static str {
        match self {
            Self::Twilio => "https://api.twilio.com",
            Self::Teler => "https://api.frejun.ai/api/v1",
        }
    }
}

/// How a provider knows whose call it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Credentials {
    /// Twilio.
    Twilio {
        /// The account's SID (`AC...`).
        account: String,
        /// Authenticates requests to Twilio, and checks the signatures of Twilio's own; redacted everywhere.
        auth_token: Secret,
    },
    /// Teler.
    Teler {
        /// `x-api-key`; redacted everywhere.
        api_key: Secret,
    },
}

/// A call that a provider places to the bot's phone number; its media comes to goldencall's own listener.
#[derive(Clone, Debug, PartialEq)]
pub struct OriginateTarget {
    /// Whose account places the call.
    pub credentials: Credentials,
    /// The bot's number (E.164).
    pub to: String,
    /// The account's number that calls (E.164).
    pub from: String,
    /// Where goldencall listens for the provider; calls of one address share one listener.
    pub listen: SocketAddr,
    /// Where the provider reaches that listener from the internet, without a slash at its end.
    pub url: String,
    /// Where the provider's REST API is, without a slash at its end.
    pub api: String,
    /// How long the bot's number may ring, and its stream take to come.
    pub ring_timeout: Duration,
    /// Parameters of Twilio's stream.
    pub parameters: Vec<(String, String)>,
}

impl OriginateTarget {
    /// Whose REST API it is.
    pub fn provider(&self) -> OriginateProvider {
        match self.credentials {
            Credentials::Twilio { .. } => OriginateProvider::Twilio,
            Credentials::Teler { .. } => OriginateProvider::Teler,
        }
    }
}

/// Holds a number to E.164: a plus, then 7 to 15 digits that do not begin with zero.
///
/// # Errors
/// What to write instead.
pub(super) fn e164(number: &str) -> Result<(), String> {
    let digits = number.strip_prefix('+').unwrap_or_default();
    if (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0') {
        return Ok(());
    }
    Err("write it with its country code and nothing between the digits (E.164), in quotes: \"+15550100\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_e164() {
        for good in ["+15550100", "+919876543210", "+123456789012345"] {
            assert_eq!(e164(good), Ok(()), "{good}");
        }
        for bad in ["", "+", "15550100", "+1 555 0100", "+0155501000", "+1234567890123456", "+1555010x", "tel:+15550100"] {
            assert!(e164(bad).is_err(), "{bad}");
        }
    }
}
