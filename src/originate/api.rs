//! Requests to a provider's REST API.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use uuid::Uuid;

use super::provider::{ApiRequest, Auth, Body, RestProvider};
use super::registry::provider;
use crate::scenario::OriginateTarget;
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
        Ok(Self { client: http::client(&target.api, PATIENCE)?, target: target.clone() })
    }

    /// Asks for the call; its id.
    pub async fn place(&self, token: &str) -> Result<String, DialError> {
        let provider = provider(&self.target.credentials);
        let reply = self.send(provider.as_ref(), provider.call(&self.target, token)).await?;
        success(&reply, provider.as_ref())?;
        let id = provider.placed(&reply.body);
        id.map_err(|what| DialError::new(DialErrorKind::BadAnswer, format!("{} answered with {what}; check `api`", reply.url)))
    }

    /// Ends the call at whatever stage it is; a call that is over already is fine.
    ///
    /// # Errors
    /// Why the call may go on, in one sentence.
    pub async fn hang_up(&self, call_id: &str) -> Result<(), String> {
        let provider = provider(&self.target.credentials);
        let why = match self.send(provider.as_ref(), provider.hang_up(call_id)).await {
            Ok(reply) if is_success(&reply) || provider.is_over(reply.status, &reply.body) => return Ok(()),
            Ok(reply) => format!("HTTP {}: {}", reply.status, quote(&reply.body)),
            Err(error) => error.message,
        };
        let title = self.target.provider().title();
        Err(format!("{title} did not end the call {call_id}, which may go on and cost: {why}; end it in {title}'s console"))
    }

    /// Has the provider send digits into the call.
    ///
    /// # Errors
    /// Why they were not sent, in one sentence.
    pub async fn press(&self, call_id: &str, digits: &str) -> Result<(), String> {
        let provider = provider(&self.target.credentials);
        let reply = self.send(provider.as_ref(), provider.press(call_id, digits)?).await;
        let reply = reply.map_err(|error| error.message)?;
        success(&reply, provider.as_ref()).map_err(|error| error.message)
    }

    async fn send(&self, provider: &dyn RestProvider, request: ApiRequest) -> Result<Reply, DialError> {
        let url = format!("{}/{}", self.target.api, request.path);
        let key = provider.is_idempotent().then(|| Uuid::new_v4().to_string());
        let builder = || {
            let builder = self.client.post(&url);
            let builder = match provider.auth() {
                Auth::Basic { user, password } => builder.basic_auth(user, Some(password)),
                Auth::Header { name, value } => builder.header(name, value),
            };
            let builder = key.iter().fold(builder, |builder, key| builder.header("Idempotency-Key", key));
            match &request.body {
                Body::Form(form) => builder.header("Content-Type", FORM).body(form.clone()),
                Body::Json(body) => builder.json(body),
            }
        };
        match send(builder(), &url).await {
            Ok(reply) if key.is_none() || reply.status < 500 => Ok(reply),
            Err(error) if key.is_none() => Err(error),
            Ok(_) | Err(_) => send(builder(), &url).await,
        }
    }
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

fn success(reply: &Reply, provider: &dyn RestProvider) -> Result<(), DialError> {
    if is_success(reply) { Ok(()) } else { Err(provider.refused(reply.status, &reply.body)) }
}
