//! An answered SIP call: requests of the peer inside the dialog, session timers, transfers, and its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rsipstack::dialog::dialog::{DialogState, TerminatedReason, TransactionHandle};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Method, Request, Response, StatusCode, StatusCodeKind};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::attempt::{Attempt, States, takes_update};
use super::info;
use super::refusal::{header, phrase};
use super::session_timer::SessionTimer;
use super::transfer;
use crate::clock::CallClock;
use crate::media::Reception;
use crate::scenario::DigitMode;
use crate::transport::{BoxFuture, CallControl, CallEvent, SentDigits, quote};

/// A lost BYE must not hold up a run for Timer F's 32 s.
const BYE_TIMEOUT: Duration = Duration::from_secs(2);

/// Until a response that was handed to the stack is on its way.
const AFTER_ACCEPTED: Duration = Duration::from_millis(50);

/// What comes next by the session timer.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: Instant,
    timer: SessionTimer,
}

impl Due {
    fn after(timer: SessionTimer) -> Self {
        let wait = if timer.ours { timer.refresh_after() } else { timer.over_after() };
        Self { at: Instant::now() + wait, timer }
    }
}

pub(super) struct SipCall {
    attempt: Attempt,
    /// The one that carries the call: after a transfer that was followed, another one.
    dialog: Mutex<InviteDialog>,
    over: AtomicBool,
    update: bool,
    due: Mutex<Option<Due>>,
}

impl SipCall {
    pub fn new(attempt: Attempt, dialog: InviteDialog, answer: &Response) -> Self {
        Self {
            attempt,
            dialog: Mutex::new(dialog),
            over: AtomicBool::new(false),
            update: takes_update(answer),
            due: Mutex::new(SessionTimer::agreed(answer).map(Due::after)),
        }
    }

    fn dialog(&self) -> InviteDialog {
        self.dialog.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn due(&self) -> Option<Due> {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_timer(&self, timer: SessionTimer) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some(Due::after(timer));
    }

    /// Answers what the peer asks inside the dialog until the dialog ends.
    pub fn follow(
        self: Arc<Self>,
        mut states: States,
        clock: CallClock,
        events: mpsc::UnboundedSender<CallEvent>,
    ) -> BoxFuture<'static, ()> {
        let id = self.dialog().id();
        Box::pin(async move {
            loop {
                // A dialog that a transfer left behind ends without the call.
                let carries = self.dialog().id() == id;
                let due = self.due().filter(|_| carries);
                let at = due.map_or_else(Instant::now, |due| due.at);
                tokio::select! {
                    state = states.recv() => match state {
                        Some(DialogState::Terminated(id, reason)) => {
                            self.attempt.endpoint.dialogs.remove_dialog(&id);
                            if carries && !self.over.swap(true, Ordering::SeqCst) && ended_by_peer(&reason) {
                                let _closed = events.send(CallEvent::HungUp(clock.now()));
                            }
                            return;
                        }
                        Some(state) => self.asked(state, clock, &events).await,
                        None => return,
                    },
                    () = sleep_until(at), if due.is_some() => {
                        if let Some(due) = due {
                            self.timed_out(due.timer, clock, &events).await;
                        }
                    }
                }
            }
        })
    }

    async fn asked(self: &Arc<Self>, state: DialogState, clock: CallClock, events: &mpsc::UnboundedSender<CallEvent>) {
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
            DialogState::Refer(_, request, handle) => self.referred(&request, &handle, clock, events).await,
            DialogState::Message(_, _, handle) | DialogState::Publish(_, _, handle) => {
                let _gone = handle.reply(StatusCode::MethodNotAllowed).await;
            }
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..)
            | DialogState::Confirmed(..)
            | DialogState::Terminated(..) => {}
        }
    }

    /// A re-INVITE or UPDATE: media may move or pause, and the session may be refreshed.
    async fn updated(&self, request: &Request, handle: &TransactionHandle) {
        let mut headers = Vec::new();
        if let Some(timer) = SessionTimer::of_refresh(request) {
            self.set_timer(timer);
            headers = timer.response_headers();
        }
        if request.body.is_empty() && request.method == Method::Update {
            let _gone = handle.respond(StatusCode::OK, Some(headers), None).await;
            return;
        }
        let body = match self.attempt.media.answer_again(&request.body) {
            Ok(body) => body,
            Err(error) => {
                tracing::debug!(%error, "an offer inside the dialog cannot be answered");
                let _gone = handle.reply(StatusCode::NotAcceptableHere).await;
                return;
            }
        };
        headers.push(Header::ContentType("application/sdp".into()));
        let _gone = handle.respond(StatusCode::OK, Some(headers), Some(body)).await;
    }

    /// The session timer ran out: the caller refreshes, or the peer has not.
    async fn timed_out(&self, timer: SessionTimer, clock: CallClock, events: &mpsc::UnboundedSender<CallEvent>) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let why = if timer.ours {
            match self.refresh(timer).await {
                Ok(()) => return,
                Err(why) => why,
            }
        } else {
            format!("the bot did not refresh the session of {} s (RFC 4028)", timer.interval.as_secs())
        };
        let _closed = events.send(CallEvent::Broken(clock.now(), why));
    }

    /// UPDATE where the peer takes it, re-INVITE otherwise.
    async fn refresh(&self, timer: SessionTimer) -> Result<(), String> {
        let dialog = self.dialog();
        let mut headers = timer.request_headers();
        let response = if self.update {
            dialog.update(Some(headers), None).await
        } else {
            headers.push(Header::ContentType("application/sdp".into()));
            dialog.reinvite_with_glare_retry(Some(headers), self.attempt.media.answer_again(b"").ok(), 3).await
        };
        match response {
            Ok(Some(response)) if response.status_code.kind() == StatusCodeKind::Successful => {
                // Without a session timer in the answer there is none any more.
                if let Some(timer) = SessionTimer::agreed(&response) {
                    self.set_timer(timer);
                }
                Ok(())
            }
            Ok(Some(response)) => {
                Err(format!("the bot answered {} {} to the session refresh", response.status_code.code(), quote(phrase(&response))))
            }
            Ok(None) => Ok(()),
            Err(error) => Err(format!("the session refresh failed: {error}")),
        }
    }

    /// The bot transfers the call: it is told that this is accepted, and where it leads is told to the conversation.
    async fn referred(
        self: &Arc<Self>,
        request: &Request,
        handle: &TransactionHandle,
        clock: CallClock,
        events: &mpsc::UnboundedSender<CallEvent>,
    ) {
        let Some(uri) = transfer::refer_to(request) else {
            let _gone = handle.reply(StatusCode::BadRequest).await;
            return;
        };
        let _gone = handle.reply(StatusCode::Accepted).await;
        let _closed = events.send(CallEvent::Transfer(clock.now(), uri.clone()));
        let call = Arc::clone(self);
        let progress = transfer::wants_progress(request);
        let events = events.clone();
        tokio::spawn(async move {
            let dialog = call.dialog();
            // The stack sends the 202 by itself, and peers do not expect a NOTIFY before it.
            sleep(AFTER_ACCEPTED).await;
            if progress {
                transfer::notify(&dialog, StatusCode::Trying, false).await;
            }
            let outcome = if call.attempt.target.follow_transfer { call.go_to(&uri, clock, events).await } else { StatusCode::OK };
            if progress {
                transfer::notify(&dialog, outcome.clone(), true).await;
            }
            if call.attempt.target.follow_transfer && outcome == StatusCode::OK {
                let _ended = timeout(BYE_TIMEOUT, dialog.bye()).await;
            }
        });
    }

    /// Calls whom the bot named, on the same media ports; from then on that is the call.
    async fn go_to(self: &Arc<Self>, uri: &str, clock: CallClock, events: mpsc::UnboundedSender<CallEvent>) -> StatusCode {
        let note = |text: String| {
            let _closed = events.send(CallEvent::Note(text));
        };
        let (states, receiver) = self.attempt.endpoint.dialogs.new_dialog_state_channel();
        let option = match self.attempt.option_to(uri).await {
            Ok(option) => option,
            Err(error) => {
                note(format!("the transfer to {uri} was not followed: {error}"));
                return StatusCode::NotFound;
            }
        };
        let inviting = timeout(self.attempt.target.ring_timeout, self.attempt.endpoint.dialogs.do_invite(option, states)).await;
        match inviting {
            Ok(Ok((dialog, Some(response)))) if response.status_code.kind() == StatusCodeKind::Successful => {
                if let Err(why) = self.attempt.media.moved(&response.body) {
                    note(format!("the transfer to {uri} was followed, and the answer there cannot be used: {why}"));
                    let _ended = timeout(BYE_TIMEOUT, dialog.bye()).await;
                    return StatusCode::NotAcceptableHere;
                }
                *self.dialog.lock().unwrap_or_else(PoisonError::into_inner) = dialog;
                *self.due.lock().unwrap_or_else(PoisonError::into_inner) = SessionTimer::agreed(&response).map(Due::after);
                note(format!("the transfer to {uri} was followed"));
                tokio::spawn(Arc::clone(self).follow(States::new(receiver), clock, events.clone()));
                StatusCode::OK
            }
            Ok(Ok((_, Some(response)))) => {
                note(format!("the transfer to {uri} was answered {} {}", response.status_code.code(), quote(phrase(&response))));
                response.status_code
            }
            Ok(Ok((_, None))) | Ok(Err(_)) | Err(_) => {
                note(format!("the transfer to {uri} was not answered"));
                StatusCode::RequestTimeout
            }
        }
    }
}

impl CallControl for SipCall {
    fn hang_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let dialog = self.dialog();
            if !self.over.swap(true, Ordering::SeqCst)
                && let Ok(Err(error)) = timeout(BYE_TIMEOUT, dialog.bye()).await
            {
                tracing::debug!(%error, "the BYE failed");
            }
            self.attempt.endpoint.dialogs.remove_dialog(&dialog.id());
            self.attempt.media.session().stop();
            if let Some(registered) = &self.attempt.registered {
                registered.end(&self.attempt.endpoint).await;
            }
            self.attempt.endpoint.watch.forget(&self.attempt.call_id);
        })
    }

    fn send_digits(&self, digits: &str) -> BoxFuture<'_, Result<SentDigits, String>> {
        let digits = digits.to_owned();
        Box::pin(async move {
            match self.attempt.media.digit_mode() {
                DigitMode::Rtp => self.attempt.media.press(&digits).await,
                DigitMode::Info => info::send(&self.dialog(), &digits).await,
            }
        })
    }

    fn round_trip(&self) -> Option<Duration> {
        self.attempt.media.session().round_trip()
    }

    fn reception(&self) -> Reception {
        self.attempt.media.session().reception()
    }
}

/// The digit that an INFO presses.
pub(crate) fn digit_of(request: &Request) -> Option<char> {
    let kind = header(request, "Content-Type")?;
    info::digit(kind, &request.body)
}

/// Whether the far end ended the dialog.
fn ended_by_peer(reason: &TerminatedReason) -> bool {
    !matches!(reason, TerminatedReason::UacBye | TerminatedReason::UacCancel)
}
