//! An answered SIP call: requests of the peer inside the dialog, and its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{join, join_all};
use rsipstack::dialog::dialog::{Dialog, DialogState, TerminatedReason, TransactionHandle};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, Response, StatusCode};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::attempt::{Answered, Attempt, Failed, States};
use super::inbound::remote_target;
use super::info;
use super::media::CallMedia;
use super::refusal::header;
use super::session_timer::{Due, SessionTimer};
use crate::lock::lock;
use crate::media::Reception;
use crate::scenario::DigitMode;
use crate::time::CallTime;
use crate::transport::{BoxFuture, Call, CallControl, CallEvent, DialError, DialErrorKind, HangUpOnDrop, SentDigits};

/// A lost BYE must not hold up a run for Timer F's 32 s.
const BYE_TIMEOUT: Duration = Duration::from_secs(2);

/// One answered INVITE.
#[derive(Clone)]
pub(super) struct Leg {
    pub attempt: Arc<Attempt>,
    pub dialog: InviteDialog,
    /// The peer takes UPDATE (RFC 3311).
    pub update: bool,
}

impl Leg {
    pub fn new(attempt: Attempt, dialog: InviteDialog, answer: &Response) -> Self {
        let update = header(answer, "Allow").is_some_and(|allow| allow.split(',').any(|method| method.trim() == "UPDATE"));
        Self { attempt: Arc::new(attempt), dialog, update }
    }

    /// Hangs up; nothing of the leg stays behind.
    pub async fn end(&self) {
        if let Ok(Err(error)) = timeout(BYE_TIMEOUT, self.dialog.bye()).await {
            tracing::debug!(%error, "the BYE failed");
        }
        self.forget();
    }

    fn forget(&self) {
        self.attempt.endpoint.dialogs.remove_dialog(&self.dialog.id());
        self.attempt.endpoint.watch.forget(&self.attempt.call_id);
    }
}

/// Every leg of a call that may have to be ended: the call is their one owner.
struct Legs {
    /// The one that carries the call: after a transfer that was followed, another one.
    current: Leg,
    /// Those that carried it before and are not ended yet.
    left: Vec<Leg>,
}

/// Ends legs, all at once.
async fn end_all(legs: &[Leg]) {
    join_all(legs.iter().map(Leg::end)).await;
}

pub(super) struct SipCall {
    pub first: Arc<Attempt>,
    legs: Mutex<Legs>,
    over: AtomicBool,
    /// A transfer is on its way: a bot that hangs up meanwhile has handed the call over.
    pub handing_over: AtomicBool,
    /// Cancelled once goldencall has hung up: nothing begins after it.
    pub gone: CancellationToken,
    pub due: Mutex<Option<Due>>,
    /// The CSeq of a re-INVITE without an offer: the answer to ours comes with its ACK.
    offered: Mutex<Option<u32>>,
}

impl SipCall {
    /// Takes an answered call over and serves it until its end.
    pub fn begin(attempt: Attempt, answered: Answered) -> Arc<Self> {
        let Answered { dialog, response, states, timer, .. } = answered;
        let leg = Leg::new(attempt, dialog, &response);
        let timer = SessionTimer::agreed(&response).or(timer);
        let call = Arc::new(Self {
            first: Arc::clone(&leg.attempt),
            legs: Mutex::new(Legs { current: leg.clone(), left: Vec::new() }),
            over: AtomicBool::new(false),
            handing_over: AtomicBool::new(false),
            gone: CancellationToken::new(),
            due: Mutex::new(timer.map(Due::after)),
            offered: Mutex::new(None),
        });
        tokio::spawn(Arc::clone(&call).follow(leg, states));
        call
    }

    pub fn leg(&self) -> Leg {
        lock(&self.legs).current.clone()
    }

    /// The legs that the call has left behind, for whoever ends them.
    pub fn take_left(&self) -> Vec<Leg> {
        std::mem::take(&mut lock(&self.legs).left)
    }

    pub fn media(&self) -> &CallMedia {
        &self.first.media
    }

    pub fn send(&self, event: CallEvent) {
        let _closed = self.first.dial.events.send(event);
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub fn set_timer(&self, timer: Option<SessionTimer>) {
        *lock(&self.due) = timer.map(Due::after);
    }

    /// Goes on with another leg; `false` where the call is over already.
    pub fn carry_on(&self, leg: Leg) -> bool {
        let mut legs = lock(&self.legs);
        let open = !self.is_over();
        if open {
            let before = std::mem::replace(&mut legs.current, leg);
            legs.left.push(before);
        }
        open
    }

    /// The call is over: the leg that carried it, those that it left behind, and whether it was open until now.
    fn close(&self) -> (Leg, Vec<Leg>, bool) {
        let mut legs = lock(&self.legs);
        (legs.current.clone(), std::mem::take(&mut legs.left), !self.over.swap(true, Ordering::SeqCst))
    }

    /// Answers what the peer asks inside the dialog until the dialog ends.
    pub fn follow(self: Arc<Self>, leg: Leg, mut states: States) -> BoxFuture<'static, ()> {
        let id = leg.dialog.id();
        Box::pin(async move {
            loop {
                // A dialog that a transfer left behind ends without the call.
                let carries = self.leg().dialog.id() == id;
                let due = (*lock(&self.due)).filter(|_| carries);
                let at = due.map_or_else(Instant::now, |due| due.at);
                tokio::select! {
                    state = states.recv() => match state {
                        Some(DialogState::Terminated(id, reason)) => {
                            self.first.endpoint.dialogs.remove_dialog(&id);
                            lock(&self.legs).left.retain(|left| left.dialog.id() != id);
                            // Asked again: a transfer may have gone on meanwhile.
                            if self.leg().dialog.id() != id {
                                leg.forget();
                            } else if !self.handing_over.load(Ordering::SeqCst) {
                                self.ended_by(&reason);
                            }
                            return;
                        }
                        Some(state) => self.asked(state, &leg).await,
                        None => return,
                    },
                    () = sleep_until(at), if due.is_some() => {
                        *lock(&self.due) = None;
                        if let Some(due) = due {
                            // Meanwhile the peer's own requests are answered.
                            tokio::spawn(Arc::clone(&self).timed_out(leg.clone(), due.timer));
                        }
                    }
                }
            }
        })
    }

    /// The dialog that carried the call has ended.
    pub fn ended_by(&self, reason: &TerminatedReason) {
        let (_, left, open) = self.close();
        tokio::spawn(async move { end_all(&left).await });
        if !open {
            return;
        }
        let now = self.first.dial.clock.now();
        match reason {
            TerminatedReason::UacBye | TerminatedReason::UacCancel => {}
            TerminatedReason::ProxyAuthRequired => {
                let why = "the bot asks for credentials inside the call and does not take `sip.username` and `sip.password`";
                self.send(CallEvent::Broken(now, why.to_owned()));
            }
            _ => self.send(CallEvent::HungUp(now)),
        }
    }

    async fn asked(self: &Arc<Self>, state: DialogState, leg: &Leg) {
        match state {
            DialogState::Updated(_, request, handle) => self.updated(&leg.dialog, &request, &handle).await,
            DialogState::Confirmed(..) => self.acknowledged(&leg.dialog),
            DialogState::Info(_, request, handle) => {
                if let Some(digit) = digit_of(&request) {
                    self.send(CallEvent::Digit(self.first.dial.clock.now(), digit));
                }
                let _gone = handle.reply(StatusCode::OK).await;
            }
            DialogState::Options(_, _, handle) | DialogState::Notify(_, _, handle) => {
                let _gone = handle.reply(StatusCode::OK).await;
            }
            DialogState::Refer(_, request, handle) => self.referred(leg, &request, &handle).await,
            DialogState::Message(_, _, handle) | DialogState::Publish(_, _, handle) => {
                let _gone = handle.reply(StatusCode::MethodNotAllowed).await;
            }
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..)
            | DialogState::Terminated(..) => {}
        }
    }

    /// A re-INVITE or UPDATE: media may move or pause, the peer itself may move, and the session may be refreshed.
    async fn updated(&self, dialog: &InviteDialog, request: &Request, handle: &TransactionHandle) {
        let mut headers = Vec::new();
        let body = match (request.body.is_empty(), request.method) {
            (true, Method::Update) => None,
            (true, _) => {
                *lock(&self.offered) = cseq(request);
                Some(self.media().offer_to_talk())
            }
            (false, _) => match self.media().answer_again(&request.body) {
                Ok(body) => Some(body),
                Err(error) => {
                    tracing::debug!(%error, "an offer inside the dialog cannot be answered");
                    let _gone = handle.reply(StatusCode::NotAcceptableHere).await;
                    return;
                }
            },
        };
        if let Some(timer) = SessionTimer::of_refresh(request) {
            self.set_timer(Some(timer));
            headers = timer.response_headers();
        }
        if body.is_some() {
            headers.push(Header::ContentType("application/sdp".into()));
        }
        let _gone = handle.respond(StatusCode::OK, Some(headers), body).await;
        refresh_target(dialog, request);
    }

    /// The answer to an offer of ours in a 2xx comes with the ACK (RFC 3261, section 13.2.1).
    fn acknowledged(&self, dialog: &InviteDialog) {
        let mut offered = lock(&self.offered);
        let Some(ack) = dialog.last_remote_ack().filter(|ack| offered.is_some() && cseq(ack) == *offered) else { return };
        *offered = None;
        drop(offered);
        if let Err(why) = self.media().answered(&ack.body) {
            let why = format!("the bot's answer in the ACK of a re-INVITE cannot be used: {why}");
            self.send(CallEvent::Lost(self.first.dial.clock.now(), why));
        }
    }
}

/// Places a call: from the INVITE to an answer whose media can be used.
pub(super) async fn place(attempt: Attempt) -> Result<Call, Failed> {
    if let Some(capture) = &attempt.dial.capture {
        attempt.media.session().capture(Arc::clone(capture));
    }
    attempt.media.session().receive(attempt.dial.clock, attempt.dial.events.clone());
    let answered = attempt.answered().await;
    if answered.is_err()
        && let Some(registered) = &attempt.registered
    {
        registered.end(&attempt.endpoint).await;
    }
    let answered = answered?;
    let answered_at = attempt.dial.clock.now();
    let (media, call_id, callee) = (Arc::clone(&attempt.media), attempt.call_id.clone(), attempt.target.uri.clone());
    let body = answered.response.body.clone();
    // From here on there is a call to end, even if its media cannot be used.
    let call = SipCall::begin(attempt, answered);
    let hang_up = HangUpOnDrop::of(call.clone());
    match media.answer(&body).await {
        Ok((codec, sink)) => {
            hang_up.disarm();
            Ok(Call { answered_at, codec: codec.name().to_owned(), call_id, sink: Box::new(sink), control: call })
        }
        Err(why) => {
            call.hang_up().await;
            let message = format!("the answer of {callee} cannot be used: {why}");
            Err(DialError::new(DialErrorKind::BadAnswer, message).into())
        }
    }
}

/// Where the peer wants further requests (RFC 3261, section 12.2).
pub(super) fn refresh_target(dialog: &InviteDialog, message: &impl HeadersExt) {
    if let Some(target) = remote_target(message) {
        Dialog::Invite(dialog.clone()).set_remote_target(target, message.contact_header().ok().cloned());
    }
}

fn cseq(request: &Request) -> Option<u32> {
    request.cseq_header().and_then(|cseq| cseq.seq()).ok()
}

impl CallControl for SipCall {
    fn hang_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.gone.cancel();
            let (leg, left, open) = self.close();
            let current = async { if open { leg.end().await } else { leg.forget() } };
            join(current, end_all(&left)).await;
            self.media().session().stop();
            if let Some(registered) = &self.first.registered {
                registered.end(&self.first.endpoint).await;
            }
        })
    }

    fn send_digits(&self, digits: &str) -> BoxFuture<'_, Result<SentDigits, String>> {
        let digits = digits.to_owned();
        Box::pin(async move {
            match self.media().digit_mode() {
                DigitMode::Rtp => self.media().press(&digits).await,
                DigitMode::Info => info::send(&self.leg().dialog, &digits).await,
            }
        })
    }

    fn round_trip(&self) -> Option<Duration> {
        self.media().session().round_trip()
    }

    fn read_until(&self) -> Option<CallTime> {
        Some(self.first.dial.clock.at(self.media().session().read_until()))
    }

    fn has_packets(&self) -> bool {
        true
    }

    fn reception(&self) -> Reception {
        self.media().session().reception()
    }

    fn ignored(&self) -> Vec<String> {
        let deaf = self.media().deaf().into_iter();
        deaf.chain(self.media().session().ignored()).collect()
    }
}

/// The digit that an INFO presses.
pub(crate) fn digit_of(request: &Request) -> Option<char> {
    let kind = header(request, "Content-Type")?;
    info::digit(kind, &request.body)
}
