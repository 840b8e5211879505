//! A transfer (REFER) from the bot: accepted and noted, and followed with `follow_transfer`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rsipstack::dialog::dialog::{DialogState, TransactionHandle};
use rsipstack::sip::{HostWithPort, Request, StatusCode, Uri};
use tokio::time::sleep;

use super::attempt::Attempt;
use super::call::{Leg, SipCall};
use super::flow::{connect, sip_addr};
use super::locate::{Hop, locate};
use super::session_timer::SessionTimer;
use super::transfer;
use super::uri::{contact, uri};
use crate::scenario::{SipTarget, Srtp, is_listed};
use crate::transport::{CallEvent, DialError, DialErrorKind};

/// Until a response that was handed to the stack is on its way.
const AFTER_ACCEPTED: Duration = Duration::from_millis(50);

impl SipCall {
    /// Accepts the bot's transfer, and passes its destination to the conversation.
    pub async fn referred(self: &Arc<Self>, leg: &Leg, request: &Request, handle: &TransactionHandle) {
        let Some(to) = transfer::refer_to(request) else {
            let _gone = handle.reply(StatusCode::BadRequest).await;
            return;
        };
        self.handing_over.store(leg.attempt.target.follow_transfer, Ordering::SeqCst);
        let _gone = handle.reply(StatusCode::Accepted).await;
        self.send(CallEvent::Transfer(self.first.dial.clock.now(), to.clone()));
        let (call, leg, progress) = (Arc::clone(self), leg.clone(), transfer::wants_progress(request));
        tokio::spawn(async move {
            // A caller who has hung up goes nowhere: an INVITE that is under way is taken back by being dropped.
            let outcome = tokio::select! {
                () = call.gone.cancelled() => return,
                outcome = call.handed_over(&leg, &to, progress) => outcome,
            };
            if progress {
                transfer::notify(&leg.dialog, outcome.clone(), true).await;
            }
            for left in call.take_left() {
                left.end().await;
            }
        });
    }

    /// How the transfer went.
    async fn handed_over(self: &Arc<Self>, leg: &Leg, to: &str, progress: bool) -> StatusCode {
        // The stack sends the 202 on its own, and peers do not expect a NOTIFY before it.
        sleep(AFTER_ACCEPTED).await;
        if progress {
            transfer::notify(&leg.dialog, StatusCode::Trying, false).await;
        }
        if !leg.attempt.target.follow_transfer {
            return StatusCode::OK;
        }
        let outcome = self.go_along(leg, to).await;
        self.handing_over.store(false, Ordering::SeqCst);
        let current = self.leg().dialog.id() == leg.dialog.id();
        if let (true, DialogState::Terminated(_, reason)) = (outcome != StatusCode::OK && current, leg.dialog.state()) {
            self.ended_by(&reason);
        }
        outcome
    }

    /// Calls the party that the bot named, on the same media ports; from then on that is the call.
    async fn go_along(self: &Arc<Self>, leg: &Leg, to: &str) -> StatusCode {
        match self.elsewhere(leg, to).await {
            Ok(()) => StatusCode::OK,
            Err((status, why)) => {
                self.send(CallEvent::Note(format!("the transfer to {to} was not followed: {why}")));
                status
            }
        }
    }

    async fn elsewhere(self: &Arc<Self>, leg: &Leg, to: &str) -> Result<(), (StatusCode, String)> {
        if leg.attempt.target.srtp == Srtp::Dtls {
            let why = "one call has one DTLS handshake; use `srtp: sdes` with `follow_transfer`";
            return Err((StatusCode::NotAcceptableHere, why.to_owned()));
        }
        let attempt = leg.attempt.to(to).await.map_err(|error| (StatusCode::NotFound, error.message))?;
        self.media().session().also_from(attempt.hop.address.ip());
        let answered = attempt.answered().await.map_err(|failed| {
            let status = failed.status.unwrap_or(match failed.error.kind {
                DialErrorKind::NoAnswer | DialErrorKind::NoResponse => StatusCode::RequestTimeout,
                _ => StatusCode::ServiceUnavailable,
            });
            (status, failed.error.message)
        })?;
        let next = Leg::new(attempt, answered.dialog.clone(), &answered.response);
        if let Err(why) = self.media().moved(answered.description()) {
            // In a task of its own: whoever hangs up meanwhile drops this one.
            tokio::spawn(async move { next.end().await });
            return Err((StatusCode::NotAcceptableHere, format!("the answer cannot be used: {why}")));
        }
        if !self.carry_on(next.clone()) {
            tokio::spawn(async move { next.end().await });
            return Err((StatusCode::RequestTerminated, "the call was over".to_owned()));
        }
        self.handing_over.store(false, Ordering::SeqCst);
        self.set_timer(SessionTimer::agreed(&answered.response).or(answered.timer));
        self.send(CallEvent::Note(format!("the transfer to {to} was followed")));
        tokio::spawn(Arc::clone(self).follow(next, answered.states));
        Ok(())
    }
}

/// Whether two URIs name the same host, the other no less encrypted: where one says nothing of a port, whatever the host's records say.
fn same_host(one: &Uri, other: &Uri) -> bool {
    let encrypted = is_encrypted(other) || !is_encrypted(one);
    let (one, other) = (&one.host_with_port, &other.host_with_port);
    let ports = one.port.as_ref().zip(other.port.as_ref());
    let same = one.host.to_string().eq_ignore_ascii_case(&other.host.to_string());
    same && encrypted && ports.is_none_or(|(one, other)| one == other)
}

fn is_encrypted(uri: &Uri) -> bool {
    let text = uri.to_string().to_ascii_lowercase();
    text.starts_with("sips:") || text.contains("transport=tls") || text.contains("transport=wss")
}

impl Attempt {
    /// The attempt that follows a transfer. A number is called at the bot's own domain; a party on another host gets neither the target's
    /// header fields nor an answer to its challenge.
    async fn to(&self, to: &str) -> Result<Self, DialError> {
        let to = match to.strip_prefix("tel:") {
            Some(number) => format!("sip:{number}@{}", self.callee.host_with_port),
            None => to.to_owned(),
        };
        let callee = uri(&to)?;
        let trusted = self.trusted && same_host(&self.callee, &callee) || self.lists(&callee);
        let headers = if trusted { self.target.headers.clone() } else { Vec::new() };
        let target = SipTarget { uri: to, headers, ..self.target.clone() };
        let (hop, contact) = match target.proxy {
            Some(_) => (self.hop.clone(), self.contact.clone()),
            None => self.reach(&callee, &target).await?,
        };
        Ok(Self {
            endpoint: Arc::clone(&self.endpoint),
            media: Arc::clone(&self.media),
            callee,
            from: self.from.clone(),
            contact,
            // A stranger can make the user's own proxy pass its challenge on.
            credential: self.credential.clone().filter(|_| trusted),
            trusted,
            route_set: self.route_set.clone(),
            registered: None,
            destination: sip_addr(hop.transport, hop.address),
            hop,
            dial: self.dial.clone(),
            call_id: Self::new_call_id(),
            follows: true,
            target,
        })
    }

    fn lists(&self, callee: &Uri) -> bool {
        let HostWithPort { host, port } = &callee.host_with_port;
        is_listed(&self.target.trusted_hosts, &host.to_string(), port.map(u16::from))
    }

    /// The first address of the other party that takes a connection, and where it reaches this call.
    async fn reach(&self, callee: &Uri, target: &SipTarget) -> Result<(Hop, Uri), DialError> {
        let mut last = DialError::new(DialErrorKind::Unreachable, "it leads to no address");
        for hop in locate(callee, target.dns).await? {
            match connect(&hop, target).await {
                Ok(None) => {
                    let contact = contact(target, hop.transport, self.endpoint.address)?;
                    return Ok((hop, contact));
                }
                Ok(Some(connection)) => {
                    let local = connection.get_addr().get_socketaddr();
                    let local = local.map_err(|error| DialError::local("no address of a connection", error))?;
                    self.endpoint.add(connection);
                    let contact = contact(target, hop.transport, local)?;
                    return Ok((hop, contact));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}
