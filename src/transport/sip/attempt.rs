//! One INVITE to one hop, and everything that may come back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, DialogStateSender};
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::typed::Route;
use rsipstack::sip::{Header, Response, StatusCode, StatusCodeKind, Transport, Uri};
use rsipstack::transport::SipAddr;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::agent::uri;
use super::call::SipCall;
use super::endpoint::Endpoint;
use super::flow::{closed, sip_addr};
use super::locate::{Hop, locate};
use super::media::CallMedia;
use super::refusal::{header, refused};
use super::register::Registered;
use crate::scenario::SipTarget;
use crate::transport::{Call, CallEvent, Dial, DialError, DialErrorKind};

/// Without any response for this long there is nobody.
const NO_RESPONSE: Duration = Duration::from_secs(4);
/// Without any response for this long, ICMP is asked.
const PROBE_AFTER: Duration = Duration::from_millis(600);

/// The states of a dialog: those that came before the answer was looked at, then the others.
pub(super) struct States {
    early: VecDeque<DialogState>,
    receiver: DialogStateReceiver,
}

impl States {
    pub fn new(receiver: DialogStateReceiver) -> Self {
        Self { early: VecDeque::new(), receiver }
    }

    pub async fn recv(&mut self) -> Option<DialogState> {
        match self.early.pop_front() {
            Some(state) => Some(state),
            None => self.receiver.recv().await,
        }
    }
}

/// An attempt that came to nothing.
#[derive(Debug)]
pub(super) struct Failed {
    pub error: DialError,
    /// Another address of the same name may do better (RFC 3263, section 4.3).
    pub elsewhere: bool,
}

impl Failed {
    /// Nobody was there.
    pub fn elsewhere(error: DialError) -> Self {
        let elsewhere = matches!(error.kind, DialErrorKind::Unreachable | DialErrorKind::NoResponse | DialErrorKind::Certificate);
        Self { error, elsewhere }
    }
}

impl From<DialError> for Failed {
    fn from(error: DialError) -> Self {
        Self { error, elsewhere: false }
    }
}

pub(super) struct Attempt {
    pub endpoint: Arc<Endpoint>,
    pub media: CallMedia,
    pub target: SipTarget,
    pub callee: Uri,
    pub from: Uri,
    pub contact: Uri,
    pub credential: Option<Credential>,
    pub route_set: Vec<Route>,
    pub registered: Option<Registered>,
    pub hop: Hop,
    pub destination: SipAddr,
    pub dial: Dial,
    pub call_id: String,
}

impl Attempt {
    pub async fn invite(self) -> Result<Call, Failed> {
        self.endpoint.watch.follow(&self.call_id, self.dial.clock, self.dial.events.clone(), self.credential.clone());
        if let Some(capture) = &self.dial.capture {
            let local = self.contact.host_with_port.clone().try_into().unwrap_or(self.endpoint.address);
            self.endpoint.watch.capture(&self.call_id, Arc::clone(capture), local, self.hop.address);
            self.media.session().capture(Arc::clone(capture));
        }
        let answered = self.answered().await;
        if answered.is_err() {
            self.endpoint.watch.forget(&self.call_id);
            if let Some(registered) = &self.registered {
                registered.end(&self.endpoint).await;
            }
        }
        let (dialog, response, states) = answered?;
        let answered_at = self.dial.clock.now();
        let (codec, sink) = match self.media.answer(&response.body).await {
            Ok(agreed) => agreed,
            Err(why) => {
                let _ended = timeout(Duration::from_secs(2), dialog.bye()).await;
                let message = format!("the answer of {} cannot be used: {why}", self.target.uri);
                return Err(DialError::new(DialErrorKind::BadAnswer, message).into());
            }
        };
        let call_id = self.call_id.clone();
        let (clock, events) = (self.dial.clock, self.dial.events.clone());
        let call = Arc::new(SipCall::new(self, dialog, &response));
        tokio::spawn(Arc::clone(&call).follow(states, clock, events));
        Ok(Call { answered_at, codec: codec.name().to_owned(), call_id, sink: Box::new(sink), control: call })
    }

    async fn answered(&self) -> Result<(InviteDialog, Response, States), Failed> {
        self.media.session().receive(self.dial.clock, self.dial.events.clone());
        let (states, receiver) = self.endpoint.dialogs.new_dialog_state_channel();
        let mut events = States::new(receiver);
        let (dialog, response) = self.final_response(states, &mut events).await?;
        if response.status_code.kind() == StatusCodeKind::Successful {
            return Ok((dialog, response, events));
        }
        // The stack's own words for a connection that was closed under the INVITE.
        if self.hop.transport != Transport::Udp && !self.endpoint.watch.has_answered(&self.call_id) {
            return Err(Failed::elsewhere(closed(&self.hop, &self.target)));
        }
        let elsewhere = response.status_code == StatusCode::ServiceUnavailable;
        Err(Failed { error: refused(&self.target.uri, &self.target, &response), elsewhere })
    }

    async fn final_response(&self, states: DialogStateSender, events: &mut States) -> Result<(InviteDialog, Response), Failed> {
        let invite = self.endpoint.dialogs.do_invite(self.option(), states);
        let nobody = self.nobody();
        tokio::pin!(invite, nobody);
        let ring_deadline = Instant::now() + self.target.ring_timeout;
        loop {
            tokio::select! {
                done = &mut invite => {
                    let (dialog, response) = done.map_err(|error| self.failed(&error.to_string()))?;
                    let response = response.ok_or_else(|| self.failed("the INVITE ended without a final response"))?;
                    // The answer may have overtaken the provisional responses before it.
                    while let Ok(state) = events.receiver.try_recv() {
                        self.early(&state);
                        events.early.push_back(state);
                    }
                    return Ok((dialog, response));
                }
                error = &mut nobody => return Err(Failed::elsewhere(error)),
                Some(state) = events.recv() => self.early(&state),
                () = sleep_until(ring_deadline) => {
                    let message = format!("{} rang for {} s without an answer", self.target.uri, self.target.ring_timeout.as_secs());
                    return Err(DialError::new(DialErrorKind::NoAnswer, message).into());
                }
            }
        }
    }

    fn option(&self) -> InviteOption {
        InviteOption {
            caller: self.from.clone(),
            contact: self.contact.clone(),
            callee: self.callee.clone(),
            destination: Some(self.destination.clone()),
            content_type: Some("application/sdp".to_owned()),
            offer: Some(self.media.offer()),
            credential: self.credential.clone(),
            headers: Some(self.headers()),
            support_prack: true,
            call_id: Some(self.call_id.clone()),
            route_set: self.route_set.clone(),
            ..InviteOption::default()
        }
    }

    /// The INVITE that follows a transfer. A number is called at the bot's own domain.
    pub async fn option_to(&self, to: &str) -> Result<InviteOption, DialError> {
        let callee = match to.strip_prefix("tel:") {
            Some(number) => uri(&format!("sip:{number}@{}", self.callee.host_with_port))?,
            None => uri(to)?,
        };
        let destination = match self.target.proxy {
            Some(_) => self.destination.clone(),
            None => {
                let hops = locate(&callee, self.target.dns).await?;
                let hop = hops.first().ok_or_else(|| DialError::new(DialErrorKind::Unreachable, "it leads to no address"))?;
                sip_addr(hop.transport, hop.address)
            }
        };
        let call_id = Some(format!("{:016x}@goldencall", rand::random::<u64>()));
        Ok(InviteOption { callee, destination: Some(destination), call_id, ..self.option() })
    }

    fn headers(&self) -> Vec<Header> {
        let mut own = self.target.headers.clone();
        self.dial.trace.add_to(&mut own);
        let own = own.into_iter().map(|(name, value)| Header::Other(name, value));
        let allow = Header::Allow("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, NOTIFY, REFER".into());
        [allow, Header::Supported("timer".into())].into_iter().chain(own).collect()
    }

    /// Provisional responses: ringing, and the address of early media (183 with SDP).
    fn early(&self, state: &DialogState) {
        if let DialogState::Early(_, response) = state {
            if response.status_code != StatusCode::Trying {
                let _closed = self.dial.events.send(CallEvent::Ringing(self.dial.clock.now()));
            }
            self.media.early(&response.body);
        }
    }

    /// Ends with an error once it is clear that nobody is there.
    async fn nobody(&self) -> DialError {
        let start = Instant::now();
        sleep(PROBE_AFTER).await;
        while start.elapsed() < NO_RESPONSE {
            if self.endpoint.watch.has_answered(&self.call_id) {
                std::future::pending::<()>().await;
            }
            if self.hop.transport != Transport::Udp {
                if self.endpoint.is_disconnected() {
                    return closed(&self.hop, &self.target);
                }
                sleep(Duration::from_millis(100)).await;
            } else if refused_by_icmp(self.hop.address).await {
                let message = format!(
                    "nothing listens at {} (UDP {}, ICMP port unreachable); is the bot running?",
                    self.target.uri, self.hop.address
                );
                return DialError::new(DialErrorKind::Unreachable, message);
            }
        }
        if self.endpoint.watch.has_answered(&self.call_id) {
            std::future::pending::<()>().await;
        }
        let message = format!(
            "{} ({}) gave no SIP response within {} s; check the address and the firewall",
            self.target.uri,
            self.hop,
            NO_RESPONSE.as_secs()
        );
        DialError::new(DialErrorKind::NoResponse, message)
    }

    fn failed(&self, error: &str) -> DialError {
        DialError::new(DialErrorKind::Rejected, format!("the call to {} failed: {error}", self.target.uri))
    }
}

/// Whether the peer takes UPDATE (RFC 3311).
pub(super) fn takes_update(response: &Response) -> bool {
    header(response, "Allow").is_some_and(|allow| allow.split(',').any(|method| method.trim() == "UPDATE"))
}

/// Asks ICMP: a connected socket learns of a closed port, the SIP socket does not.
async fn refused_by_icmp(remote: std::net::SocketAddr) -> bool {
    let wait = Duration::from_millis(500);
    let probe = async {
        let any: std::net::SocketAddr = if remote.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(remote).await?;
        // The keep-alive of RFC 5626, section 3.5.1: every SIP element knows it.
        socket.send(b"\r\n\r\n").await?;
        let mut answer = [0_u8; 64];
        socket.recv(&mut answer).await
    };
    match timeout(wait, probe).await {
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => true,
        Ok(_) => {
            sleep(wait).await;
            false
        }
        Err(_) => false,
    }
}
