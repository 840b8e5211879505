//! Requests to a provider's REST API.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{teler, twilio};
use crate::scenario::{Credentials, OriginateTarget};
use crate::transport::http::{self, Reply};
use crate::transport::{DialError, DialErrorKind, quote};

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
const FORM: &str = "application/x-www-form-urlencoded";

/// One target's REST API.
pub(super) struct Api {
    client: Client,
    target: OriginateTarget,
}

impl Api {
    /// For this target.
    pub fn new(target: &OriginateTarget) -> Result<Self, DialError> {
        Ok(Self { client: http::client(PATIENCE)?, target: target.clone() })
    }

    /// Asks for the call; its id. A request that went wrong on Twilio's side is not made again: the call may have been placed
    /// all the same. Teler's is, with the same `Idempotency-Key`.
    pub async fn place(&self, token: &str) -> Result<String, DialError> {
        let (reply, id) = match &self.target.credentials {
            Credentials::Twilio { account, .. } => {
                let reply = self.to_twilio("", twilio::form(&self.target, token)).await?;
                success(&reply, |reply| twilio::refused(reply.status, &reply.body, account))?;
                let id = twilio::placed(&reply.body);
                (reply, id)
            }
            Credentials::Teler { .. } => {
                let reply = self.to_teler("voice/calls/initiate", &teler::call(&self.target, token)).await?;
                success(&reply, |reply| teler::refused(reply.status, &reply.body))?;
                let id = teler::placed(&reply.body);
                (reply, id)
            }
        };
        id.map_err(|what| DialError::new(DialErrorKind::BadAnswer, format!("{} answered with {what}; check `api`", reply.url)))
    }

    /// Ends the call at whatever stage it is; a call that is over already is fine.
    ///
    /// # Errors
    /// Why the call may go on, in one sentence.
    pub async fn hang_up(&self, call_id: &str) -> Result<(), String> {
        let reply = match &self.target.credentials {
            Credentials::Twilio { .. } => self.to_twilio(&format!("/{call_id}"), twilio::HANG_UP.to_owned()).await,
            Credentials::Teler { .. } => self.to_teler(&format!("voice/calls/{call_id}/hangup"), &json!({})).await,
        };
        let why = match reply {
            Ok(reply) if is_success(&reply) || self.is_over(&reply) => return Ok(()),
            Ok(reply) => format!("HTTP {}: {}", reply.status, quote(&reply.body)),
            Err(error) => error.message,
        };
        let provider = self.target.provider().title();
        Err(format!("{provider} did not end the call {call_id}, which may go on and cost: {why}; end it in {provider}'s console"))
    }

    fn is_over(&self, reply: &Reply) -> bool {
        match self.target.credentials {
            Credentials::Twilio { .. } => twilio::is_over(reply.status, &reply.body),
            Credentials::Teler { .. } => teler::is_over(reply.status),
        }
    }

    /// Has Teler send digits into the call.
    ///
    /// # Errors
    /// Why they were not sent, in one sentence.
    pub async fn press(&self, call_id: &str, digits: &str) -> Result<(), String> {
        if let Credentials::Twilio { .. } = self.target.credentials {
            let why = "Twilio cannot send digits into a call whose audio it streams";
            return Err(format!("{why}; call the bot over a SIP trunk (a `sip` target) where a step sends `dtmf`"));
        }
        let reply = self.to_teler(&format!("voice/calls/{call_id}/dtmf"), &json!({"digits": digits})).await;
        let reply = reply.map_err(|error| error.message)?;
        success(&reply, |reply| teler::refused(reply.status, &reply.body)).map_err(|error| error.message)
    }

    async fn to_twilio(&self, path: &str, form: String) -> Result<Reply, DialError> {
        let Credentials::Twilio { account, auth_token } = &self.target.credentials else { return Err(other_provider()) };
        let url = format!("{}/2010-04-01/Accounts/{account}/Calls{path}.json", self.target.api);
        let request = self.client.post(&url).basic_auth(account, Some(auth_token.reveal()));
        send(request.header("Content-Type", FORM).body(form), &url).await
    }

    async fn to_teler(&self, path: &str, body: &Value) -> Result<Reply, DialError> {
        let Credentials::Teler { api_key } = &self.target.credentials else { return Err(other_provider()) };
        let url = format!("{}/{path}", self.target.api);
        let key = Uuid::new_v4().to_string();
        let request = || self.client.post(&url).header("x-api-key", api_key.reveal()).header("Idempotency-Key", &key).json(body);
        match send(request(), &url).await {
            Ok(reply) if reply.status < 500 => Ok(reply),
            _ => send(request(), &url).await,
        }
    }
}

fn other_provider() -> DialError {
    DialError::new(DialErrorKind::Local, "this request is another provider's")
}

async fn send(request: RequestBuilder, url: &str) -> Result<Reply, DialError> {
    http::send(request, url).await.map_err(|error| {
        let message = error.message.trim_end_matches("; is the bot running?");
        DialError::new(error.kind, format!("{message}; check `api`, and this machine's way to the internet"))
    })
}

fn is_success(reply: &Reply) -> bool {
    (200..300).contains(&reply.status)
}

fn success(reply: &Reply, refused: impl FnOnce(&Reply) -> DialError) -> Result<(), DialError> {
    if is_success(reply) { Ok(()) } else { Err(refused(reply)) }
}
