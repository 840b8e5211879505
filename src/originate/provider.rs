//! What the REST APIs of the providers differ in, as texts: nothing here is sent.

use axum::http::HeaderMap;
use serde_json::Value;

use super::status::Status;
use crate::scenario::{OriginateTarget, SocketProtocol};
use crate::transport::DialError;

/// One account at a provider that places calls.
pub(super) trait RestProvider: Send + Sync {
    /// The protocol of the call's media socket.
    fn socket(&self) -> SocketProtocol;

    /// How requests to the API are authenticated.
    fn auth(&self) -> Auth<'_>;

    /// Whether a request that failed on the provider's side is sent again, with the same `Idempotency-Key`. Without such a key
    /// the call may have been placed all the same.
    fn is_idempotent(&self) -> bool {
        false
    }

    /// The request that places the call.
    fn call(&self, target: &OriginateTarget, token: &str) -> ApiRequest;

    /// The call's id out of the answer to that request.
    ///
    /// # Errors
    /// What the answer is instead.
    fn placed(&self, body: &str) -> Result<String, String>;

    /// Why a request was refused, in one sentence.
    fn refused(&self, status: u16, body: &str) -> DialError;

    /// The request that ends the call at whatever stage it is.
    fn hang_up(&self, call_id: &str) -> ApiRequest;

    /// Whether a hang-up was refused because nothing is left to hang up.
    fn is_over(&self, status: u16, body: &str) -> bool;

    /// The request that sends digits into the call.
    ///
    /// # Errors
    /// The provider has no such request: what to do instead.
    fn press(&self, call_id: &str, digits: &str) -> Result<ApiRequest, String>;

    /// Why a request to this URL is not the provider's; `None` where it is, or where the provider signs nothing.
    fn forgery(&self, _headers: &HeaderMap, _url: &str, _body: &[u8]) -> Option<&'static str> {
        None
    }

    /// A status callback.
    ///
    /// # Errors
    /// What is wrong with the body.
    fn status(&self, body: &[u8]) -> Result<Status, String>;

    /// How the provider is told what to do with the answered call, where it asks for that.
    fn flow(&self, _target: &OriginateTarget, _token: &str) -> Option<Flow> {
        None
    }
}

/// A request to the REST API; all of them are POSTs.
pub(super) struct ApiRequest {
    /// Below the target's `api`.
    pub path: String,
    pub body: Body,
}

/// The body of a request.
pub(super) enum Body {
    Form(String),
    Json(Value),
}

/// The credentials of a request.
pub(super) enum Auth<'a> {
    Basic { user: &'a str, password: &'a str },
    Header { name: &'static str, value: &'a str },
}

/// The answer to a provider that asks what to do with a call.
pub(super) struct Flow {
    /// The call's id out of the question, or what is wrong with it.
    pub call_id: fn(&[u8]) -> Result<String, String>,
    pub answer: Value,
}
