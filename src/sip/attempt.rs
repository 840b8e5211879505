//! One INVITE to one hop, and everything that may come back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver};
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::typed::Route;
use rsipstack::sip::{Header, Response, StatusCode, StatusCodeKind, Transport, Uri};
use rsipstack::transport::SipAddr;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::early::EarlyDialog;
use super::endpoint::Endpoint;
use super::flow::closed;
use super::locate::Hop;
use super::media::CallMedia;
use super::refusal::refused;
use super::register::Registered;
use super::session_timer::SessionTimer;
use crate::scenario::SipTarget;
use crate::transport::{CallEvent, Dial, DialError, DialErrorKind};

/// Without any response for this long, the call has failed.
const NO_RESPONSE: Duration = Duration::from_secs(4);
/// Without any response for this long, ICMP is asked.
const PROBE_AFTER: Duration = Duration::from_millis(600);

/// The states of a dialog: those that came before the answer was looked at, then the others.
pub(super) struct States {
    early: VecDeque<DialogState>,
    receiver: DialogStateReceiver,
}

impl States {
    pub async fn recv(&mut self) -> Option<DialogState> {
        match self.early.pop_front() {
            Some(state) => Some(state),
            None => self.receiver.recv().await,
        }
    }
}

/// An INVITE that was answered.
pub(super) struct Answered {
    pub dialog: InviteDialog,
    pub response: Response,
    pub states: States,
    /// What an UPDATE before the answer agreed on.
    pub timer: Option<SessionTimer>,
    early: Option<Vec<u8>>,
}

impl Answered {
    /// The answer to the offer: a reliable response may have carried it before.
    pub fn description(&self) -> &[u8] {
        match &self.early {
            Some(early) if self.response.body.is_empty() => early,
            _ => &self.response.body,
        }
    }
}

/// An attempt that came to nothing.
#[derive(Debug)]
pub(super) struct Failed {
    pub error: DialError,
    /// Another address of the same name may do better (RFC 3263, section 4.3).
    pub elsewhere: bool,
    /// What the peer said.
    pub status: Option<StatusCode>,
}

impl Failed {
    /// Nobody was there.
    pub fn elsewhere(error: DialError) -> Self {
        let elsewhere = matches!(error.kind, DialErrorKind::Unreachable | DialErrorKind::NoResponse | DialErrorKind::Certificate);
        Self { error, elsewhere, status: None }
    }
}

impl From<DialError> for Failed {
    fn from(error: DialError) -> Self {
        Self { error, elsewhere: false, status: None }
    }
}

pub(super) struct Attempt {
    pub endpoint: Arc<Endpoint>,
    pub media: Arc<CallMedia>,
    pub target: SipTarget,
    pub callee: Uri,
    pub from: Uri,
    pub contact: Uri,
    pub credential: Option<Credential>,
    /// The callee is on the host that the user named, whose challenges are answered.
    pub trusted: bool,
    pub route_set: Vec<Route>,
    pub registered: Option<Registered>,
    pub hop: Hop,
    pub destination: SipAddr,
    pub dial: Dial,
    pub call_id: String,
    /// It follows a transfer: until it is answered, the media is that of the party before.
    pub follows: bool,
}

impl Attempt {
    /// Places the call and waits for the answer; an attempt without one leaves nothing behind.
    pub async fn answered(&self) -> Result<Answered, Failed> {
        let watch = &self.endpoint.watch;
        watch.follow(&self.call_id, self.callee.clone(), &self.dial, self.credential.clone());
        if !self.follows {
            let _closed = self.dial.events.send(CallEvent::Named(self.call_id.clone()));
        }
        if let Some(capture) = &self.dial.capture {
            let local = self.contact.host_with_port.clone().try_into().unwrap_or(self.endpoint.address);
            watch.capture(&self.call_id, Arc::clone(capture), local, self.hop.address);
        }
        let answered = self.accepted().await;
        if answered.is_err() {
            watch.forget(&self.call_id);
        }
        answered
    }

    async fn accepted(&self) -> Result<Answered, Failed> {
        let answered = self.final_response().await?;
        let response = &answered.response;
        if response.status_code.kind() == StatusCodeKind::Successful {
            return Ok(answered);
        }
        // The stack's own words for a connection that was closed under the INVITE.
        if self.hop.transport != Transport::Udp && !self.endpoint.watch.has_answered(&self.call_id) {
            return Err(Failed::elsewhere(closed(&self.hop, &self.target)));
        }
        let elsewhere = response.status_code == StatusCode::ServiceUnavailable;
        let status = Some(response.status_code.clone());
        Err(Failed { error: refused(&self.target.uri, &self.target, response), elsewhere, status })
    }

    async fn final_response(&self) -> Result<Answered, Failed> {
        let (sender, receiver) = self.endpoint.dialogs.new_dialog_state_channel();
        let mut states = States { early: VecDeque::new(), receiver };
        let mut early = self.endpoint.early.open(&self.call_id, self.follows);
        let invite = self.endpoint.dialogs.do_invite(self.option(), sender);
        let nobody = self.nobody();
        tokio::pin!(invite, nobody);
        let ring_deadline = Instant::now() + self.target.ring_timeout;
        loop {
            tokio::select! {
                done = &mut invite => {
                    let (dialog, response) = done.map_err(|error| self.failed(&error.to_string()))?;
                    let response = response.ok_or_else(|| self.failed("the INVITE ended without a final response"))?;
                    // The answer may have overtaken the provisional responses before it.
                    while let Ok(state) = states.receiver.try_recv() {
                        self.learn(&state, &mut early);
                        states.early.push_back(state);
                    }
                    let (timer, early) = (early.timer, early.description.take());
                    return Ok(Answered { dialog, response, states, timer, early });
                }
                error = &mut nobody => return Err(Failed::elsewhere(error)),
                Some(state) = states.receiver.recv() => self.learn(&state, &mut early),
                Some(request) = early.requests.recv() => {
                    while let Ok(state) = states.receiver.try_recv() {
                        self.learn(&state, &mut early);
                    }
                    early.answer(request, &self.media, &self.contact);
                }
                () = sleep_until(ring_deadline) => {
                    let message = format!("{} rang for {} s without an answer", self.target.uri, self.target.ring_timeout.as_secs());
                    return Err(DialError::new(DialErrorKind::NoAnswer, message).into());
                }
            }
        }
    }

    pub fn new_call_id() -> String {
        format!("{:016x}@goldencall", rand::random::<u64>())
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

    fn headers(&self) -> Vec<Header> {
        let mut own = self.target.headers.clone();
        self.dial.trace.add_to(&mut own);
        let own = own.into_iter().map(|(name, value)| Header::Other(name, value));
        let allow = Header::Allow("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, NOTIFY, REFER".into());
        [allow, Header::Supported("timer".into())].into_iter().chain(own).collect()
    }

    /// Provisional responses: ringing, and the address of early media (183 with SDP).
    fn learn(&self, state: &DialogState, early: &mut EarlyDialog) {
        early.learn(state);
        if let DialogState::Early(_, response) = state {
            if response.status_code != StatusCode::Trying {
                let _closed = self.dial.events.send(CallEvent::Ringing(self.dial.clock.now()));
            }
            if !self.follows {
                self.media.early(&response.body);
            }
        }
    }

    /// Ends with an error once it is clear that nothing answers.
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
