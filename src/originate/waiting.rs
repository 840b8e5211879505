//! From the placed call to the open stream: ringing, answer, the media socket's first messages.

use std::time::Duration;

use tokio::time::timeout;

use super::endpoints::Endpoint;
use super::leg::Leg;
use super::pending_calls::{Arrival, Reservation};
use super::registry::provider;
use super::status::{Ending, Stage, Status};
use crate::clock::CallClock;
use crate::scenario::OriginateTarget;
use crate::time::CallTime;
use crate::transport::{CallEvent, DialError, DialErrorKind, EventSender};
use crate::websocket::link::{LinkEnd, LinkReader, LinkWriter};
use crate::websocket::protocol::{BotRole, StreamStart, ToBot};
use crate::websocket::providers::bot_role;

/// An open stream that has begun.
pub(super) struct Opened {
    pub reader: LinkReader,
    pub writer: LinkWriter,
    pub role: Box<dyn BotRole>,
    pub start: StreamStart,
    pub at: CallTime,
}

/// A call between its placing and its stream.
pub(super) struct Waiting<'a> {
    pub target: &'a OriginateTarget,
    pub leg: &'a Leg,
    pub clock: CallClock,
    pub events: &'a EventSender,
    pub stage: Stage,
}

impl Waiting<'_> {
    /// Waits for the stream as long as the target allows.
    pub async fn stream(&mut self, reservation: &mut Reservation) -> Result<Opened, DialError> {
        let limit = self.target.ring_timeout;
        match timeout(limit, self.arrivals(reservation)).await {
            Ok(opened) => opened,
            Err(_) => Err(self.overdue(limit)),
        }
    }

    async fn arrivals(&mut self, reservation: &mut Reservation) -> Result<Opened, DialError> {
        loop {
            match reservation.arrivals.recv().await {
                Some(Arrival::Status(status)) => self.status(&status)?,
                Some(Arrival::Asked(call_id)) => self.asked(&call_id),
                Some(Arrival::Stream(reader, writer)) => return self.read_start(reader, writer).await,
                Some(Arrival::Forged(Endpoint::Stream(_), what)) => return Err(self.forged(&what)),
                Some(Arrival::Forged(_, what)) => self.note(forgery(&what)),
                None => return Err(DialError::new(DialErrorKind::Local, "the listener for the provider is gone")),
            }
        }
    }

    fn note(&self, text: String) {
        let _nobody = self.events.send(CallEvent::Note(text));
    }

    fn status(&mut self, status: &Status) -> Result<(), DialError> {
        let now = self.clock.now();
        if let Some(code) = status.sip {
            let _nobody = self.events.send(CallEvent::Response(now, code, status.words.clone()));
        }
        match status.stage {
            // Callbacks are requests of their own and may overtake each other.
            Stage::Ringing if self.stage == Stage::Dialling => {
                let _nobody = self.events.send(CallEvent::Ringing(now));
                self.stage = Stage::Ringing;
            }
            Stage::Answered => self.stage = Stage::Answered,
            Stage::Over(ending) => {
                self.leg.is_over();
                return Err(self.ended(ending, &status.words));
            }
            Stage::Ringing | Stage::Dialling => {}
        }
        Ok(())
    }

    /// Teler asks once the call is answered.
    fn asked(&mut self, call_id: &str) {
        self.stage = Stage::Answered;
        if call_id != self.leg.call_id {
            self.note(format!("{} asked for the flow of the call {call_id}, and had named the call {}", self.provider(), self.leg.call_id));
        }
    }

    fn provider(&self) -> &'static str {
        self.target.provider().title()
    }

    fn ended(&self, ending: Ending, words: &str) -> DialError {
        if ending == Ending::Completed && self.stage == Stage::Answered {
            return self.no_stream("the call was answered and ended");
        }
        let (kind, what) = ending.unanswered();
        DialError::new(kind, format!("{} {what}, {} says: {words}", self.target.to, self.provider()))
    }

    fn no_stream(&self, what: &str) -> DialError {
        let (provider, url) = (self.provider(), &self.target.url);
        let message = format!(
            "{what}, and {provider} opened no stream; is {url} this machine's port {} as the internet sees it? {provider}'s console has the reason",
            self.target.listen.port()
        );
        DialError::new(DialErrorKind::BadAnswer, message)
    }

    fn overdue(&self, limit: Duration) -> DialError {
        let seconds = limit.as_secs_f32();
        let (to, provider, url) = (&self.target.to, self.provider(), &self.target.url);
        match self.stage {
            Stage::Answered => self.no_stream(&format!("the call was answered within {seconds} s")),
            Stage::Ringing => {
                DialError::new(DialErrorKind::NoAnswer, format!("{to} rang and did not answer within {seconds} s (`ring_timeout`)"))
            }
            _ => DialError::new(
                DialErrorKind::NoAnswer,
                format!("{provider} placed the call and sent no news of {to} within {seconds} s; does {url} lead to this machine?"),
            ),
        }
    }

    fn forged(&self, what: &str) -> DialError {
        let hint = "check that `url` is the address exactly as the provider calls it, and that `auth_token` is the account's";
        DialError::new(DialErrorKind::Unauthorized, format!("{} and was turned away (403); {hint}", what.trim_end_matches('.')))
    }

    async fn read_start(&self, mut reader: LinkReader, writer: LinkWriter) -> Result<Opened, DialError> {
        let bad = |why: String| DialError::new(DialErrorKind::BadAnswer, format!("{}'s stream did not begin: {why}", self.provider()));
        let mut role = bot_role(provider(&self.target.credentials).socket());
        loop {
            let message = reader.next().await.map_err(|end| match end {
                LinkEnd::Closed(_) => bad("the socket was closed before `start`".to_owned()),
                LinkEnd::Broken(why) => bad(why),
            })?;
            for event in role.read(&message).map_err(|error| bad(error.to_string()))? {
                let ToBot::Start(start) = event else { continue };
                if start.call_id != self.leg.call_id {
                    return Err(bad(format!("it is of the call {}, not of {}", start.call_id, self.leg.call_id)));
                }
                return Ok(Opened { reader, writer, role, start, at: self.clock.now() });
            }
        }
    }
}

/// A note in the report: somebody else knows the call's address, or `url` is not what the provider calls.
pub(super) fn forgery(what: &str) -> String {
    format!("{what}; it was turned away (403)")
}
