//! The provider of a target: one line each.

use super::provider::RestProvider;
use super::teler::Teler;
use super::twilio::Twilio;
use crate::scenario::Credentials;

/// The account of these credentials.
pub(super) fn provider(credentials: &Credentials) -> Box<dyn RestProvider + '_> {
    match credentials {
        Credentials::Twilio { account, auth_token } => Box::new(Twilio { account, auth_token: auth_token.reveal() }),
        Credentials::Teler { api_key } => Box::new(Teler { api_key: api_key.reveal() }),
    }
}
