//! An answered SIP call: requests of the peer inside the dialog, and its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rsipstack::dialog::dialog::{DialogState, TransactionHandle};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Request, StatusCode};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::agent::{Endpoint, States, ended_by_peer};
use super::info;
use super::media::CallMedia;
use crate::clock::CallClock;
use crate::media::Reception;
use crate::scenario::DigitMode;
use crate::transport::{BoxFuture, CallControl, CallEvent, SentDigits};

/// A lost BYE must not hold up a run for Timer F's 32 s.
const BYE_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct SipCall {
    dialog: InviteDialog,
    media: CallMedia,
    endpoint: Arc<Endpoint>,
    over: AtomicBool,
}

impl SipCall {
    pub fn new(dialog: InviteDialog, media: CallMedia, endpoint: Arc<Endpoint>) -> Self {
        Self { dialog, media, endpoint, over: AtomicBool::new(false) }
    }

    /// Answers what the peer asks inside the dialog until the dialog ends.
    pub async fn follow(self: Arc<Self>, mut states: States, clock: CallClock, events: mpsc::UnboundedSender<CallEvent>) {
        while let Some(state) = states.recv().await {
            match state {
                DialogState::Updated(_, request, handle) => self.updated(&request, &handle).await,
                DialogState::Info(_, request, handle) => {
                    if let Some(digit) = digit_of(&request) {
                        let _closed = events.send(CallEvent::Digit(clock.now(), digit));
                    }
                    let _gone = handle.reply(StatusCode::OK).await;
                }
                DialogState::Options(_, _, handle) | DialogState::Notify(_, _, handle) => {
                    let _gone = handle.reply(StatusCode::OK).await;
                }
                DialogState::Refer(_, _, handle) | DialogState::Message(_, _, handle) | DialogState::Publish(_, _, handle) => {
                    let _gone = handle.reply(StatusCode::MethodNotAllowed).await;
                }
                DialogState::Terminated(id, reason) => {
                    self.endpoint.dialogs.remove_dialog(&id);
                    let already_over = self.over.swap(true, Ordering::SeqCst);
                    if !already_over && ended_by_peer(&reason) {
                        let _closed = events.send(CallEvent::HungUp(clock.now()));
                    }
                    return;
                }
                DialogState::Calling(_)
                | DialogState::Trying(_)
                | DialogState::Early(..)
                | DialogState::WaitAck(..)
                | DialogState::Confirmed(..) => {}
            }
        }
    }

    /// A re-INVITE or UPDATE: media may move, and the answer is goldencall's own description.
    async fn updated(&self, request: &Request, handle: &TransactionHandle) {
        if request.body.is_empty() && request.method == rsipstack::sip::Method::Update {
            let _gone = handle.reply(StatusCode::OK).await;
            return;
        }
        let body = match self.media.answer_again(&request.body) {
            Ok(body) => body,
            Err(error) => {
                tracing::debug!(%error, "an offer inside the dialog cannot be answered");
                let _gone = handle.reply(StatusCode::NotAcceptableHere).await;
                return;
            }
        };
        let headers = vec![Header::ContentType("application/sdp".into())];
        let _gone = handle.respond(StatusCode::OK, Some(headers), Some(body)).await;
    }
}

impl CallControl for SipCall {
    fn hang_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if !self.over.swap(true, Ordering::SeqCst)
                && let Ok(Err(error)) = timeout(BYE_TIMEOUT, self.dialog.bye()).await
            {
                tracing::debug!(%error, "the BYE failed");
            }
            self.endpoint.dialogs.remove_dialog(&self.dialog.id());
            self.media.session().stop();
        })
    }

    fn send_digits(&self, digits: &str) -> BoxFuture<'_, Result<SentDigits, String>> {
        let digits = digits.to_owned();
        Box::pin(async move {
            match self.media.digit_mode() {
                DigitMode::Rtp => self.media.press(&digits).await,
                DigitMode::Info => info::send(&self.dialog, &digits).await,
            }
        })
    }

    fn round_trip(&self) -> Option<Duration> {
        self.media.session().round_trip()
    }

    fn reception(&self) -> Reception {
        self.media.session().reception()
    }
}

/// The digit that an INFO presses.
pub(crate) fn digit_of(request: &Request) -> Option<char> {
    let kind = request.headers.iter().find_map(|header| match header {
        Header::ContentType(kind) => Some(kind.value().to_owned()),
        _ => None,
    });
    info::digit(&kind?, &request.body)
}
