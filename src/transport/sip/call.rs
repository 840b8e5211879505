//! An answered SIP call: requests of the peer inside the dialog, and its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rsipstack::dialog::dialog::{DialogState, TransactionHandle};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Request, StatusCode};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::agent::{Endpoint, States, ended_by_peer};
use super::sdp;
use crate::clock::CallClock;
use crate::media::Reception;
use crate::scenario::Codec;
use crate::transport::rtp::RtpSession;
use crate::transport::{BoxFuture, CallControl, CallEvent};

/// A lost BYE must not hold up a run for Timer F's 32 s.
const BYE_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct SipCall {
    dialog: InviteDialog,
    media: RtpSession,
    endpoint: Arc<Endpoint>,
    codecs: Vec<Codec>,
    over: AtomicBool,
    sdp_version: AtomicU32,
}

impl SipCall {
    pub fn new(dialog: InviteDialog, media: RtpSession, endpoint: Arc<Endpoint>, codecs: Vec<Codec>) -> Self {
        Self { dialog, media, endpoint, codecs, over: AtomicBool::new(false), sdp_version: AtomicU32::new(2) }
    }

    /// Answers what the peer asks inside the dialog until the dialog ends.
    pub async fn follow(self: Arc<Self>, mut states: States, clock: CallClock, events: mpsc::UnboundedSender<CallEvent>) {
        while let Some(state) = states.recv().await {
            match state {
                DialogState::Updated(_, request, handle) => self.updated(&request, &handle).await,
                DialogState::Info(_, _, handle) | DialogState::Options(_, _, handle) | DialogState::Notify(_, _, handle) => {
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
        if let Ok(audio) = sdp::parse(&request.body) {
            self.media.set_remote(audio.address);
        }
        let Ok(local) = self.media.local_addr() else { return };
        let version = self.sdp_version.fetch_add(1, Ordering::Relaxed);
        let body = sdp::describe(local, &self.codecs, version).into_bytes();
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
            self.media.stop();
        })
    }

    fn reception(&self) -> Reception {
        self.media.reception()
    }
}
