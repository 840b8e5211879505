//! Requests of the peer before it has answered the INVITE (RFC 3311): the stack knows an early dialog without the peer's tag, so
//! that none of its requests would find it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use rsipstack::dialog::dialog::DialogState;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::typed::Contact;
use rsipstack::sip::{Header, Method, Request, StatusCode, Uri};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;

use super::media::CallMedia;
use super::refusal::header;
use super::session_timer::SessionTimer;
use crate::lock::lock;

/// The early dialogs of an endpoint, by Call-ID.
#[derive(Default)]
pub(super) struct EarlyDialogs(Mutex<HashMap<String, mpsc::UnboundedSender<Transaction>>>);

impl EarlyDialogs {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, mpsc::UnboundedSender<Transaction>>> {
        lock(&self.0)
    }

    /// Takes the requests of this call until what is returned is dropped.
    pub fn open(self: &Arc<Self>, call_id: &str, follows: bool) -> EarlyDialog {
        let (sender, requests) = mpsc::unbounded_channel();
        self.lock().insert(call_id.to_owned(), sender);
        let (dialogs, call_id) = (Arc::clone(self), call_id.to_owned());
        EarlyDialog { dialogs, call_id, requests, local_tag: None, description: None, follows, timer: None }
    }

    /// Hands a request to its early dialog; gives it back where there is none.
    pub fn hand_over(&self, transaction: Transaction) -> Option<Transaction> {
        let request = &transaction.original;
        if !matches!(request.method, Method::Update | Method::Info | Method::Notify) {
            return Some(transaction);
        }
        let sender = request.call_id_header().ok().and_then(|id| self.lock().get(id.value()).cloned());
        let Some(sender) = sender else { return Some(transaction) };
        sender.send(transaction).err().map(|back| back.0)
    }
}

/// A call between its INVITE and the answer.
pub(super) struct EarlyDialog {
    dialogs: Arc<EarlyDialogs>,
    call_id: String,
    pub requests: mpsc::UnboundedReceiver<Transaction>,
    local_tag: Option<String>,
    /// The body of a reliable response, which has answered the offer of the INVITE (RFC 3262, section 5).
    pub description: Option<Vec<u8>>,
    /// The media is not this call's yet: nothing is agreed on before the answer.
    follows: bool,
    /// What an UPDATE agreed on, unless the answer says otherwise.
    pub timer: Option<SessionTimer>,
}

impl EarlyDialog {
    /// Learns from what came of the INVITE so far.
    pub fn learn(&mut self, state: &DialogState) {
        self.local_tag = Some(state.id().local_tag.clone());
        if let DialogState::Early(_, response) = state {
            let reliable = header(response, "Require").is_some_and(|require| require.split(',').any(|one| one.trim() == "100rel"));
            if reliable && !response.body.is_empty() {
                self.description = Some(response.body.clone());
            }
        }
    }

    /// Answers a request in a task of its own: half an answer would be none.
    pub fn answer(&mut self, mut transaction: Transaction, media: &CallMedia, contact: &Uri) {
        let (status, mut headers, body) = self.reply(&transaction.original, media);
        headers.push(Header::Contact(Contact { display_name: None, uri: contact.clone(), params: Vec::new() }.into()));
        tokio::spawn(async move {
            if let Err(error) = transaction.reply_with(status, headers, body).await {
                tracing::debug!(%error, "a request before the answer could not be answered");
            }
        });
    }

    fn reply(&mut self, request: &Request, media: &CallMedia) -> (StatusCode, Vec<Header>, Option<Vec<u8>>) {
        let tag = request.to_header().ok().and_then(|to| to.tag().ok().flatten()).map(|tag| tag.value().to_owned());
        if tag.is_none() || tag != self.local_tag {
            return (StatusCode::CallTransactionDoesNotExist, Vec::new(), None);
        }
        if request.method != Method::Update {
            return (StatusCode::OK, Vec::new(), None);
        }
        let mut headers = Vec::new();
        let mut body = None;
        if !request.body.is_empty() {
            // Two offers at a time are none (RFC 3311, section 5.2).
            if self.follows || self.description.is_none() {
                return (StatusCode::RequestPending, Vec::new(), None);
            }
            match media.answer_again(&request.body) {
                Ok(answer) => body = Some(answer),
                Err(error) => {
                    tracing::debug!(%error, "an offer before the answer cannot be answered");
                    return (StatusCode::NotAcceptableHere, Vec::new(), None);
                }
            }
            headers.push(Header::ContentType("application/sdp".into()));
        }
        if let Some(timer) = SessionTimer::of_refresh(request) {
            self.timer = Some(timer);
            headers.extend(timer.response_headers());
        }
        (StatusCode::OK, headers, body)
    }
}

impl Drop for EarlyDialog {
    fn drop(&mut self) {
        self.dialogs.lock().remove(&self.call_id);
    }
}
