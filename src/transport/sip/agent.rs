//! The user agent client: INVITE, and everything that may come back.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, DialogStateSender, TerminatedReason};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Response, StatusCode, StatusCodeKind, Uri};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::EndpointOption;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, TransportLayer};
use tokio::net::{UdpSocket, lookup_host};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::call::SipCall;
use super::digest::{Answered, Inspector};
use super::media::CallMedia;
use crate::scenario::{SipTarget, Target};
use crate::transport::{BoxFuture, Call, CallEvent, Dial, DialError, DialErrorKind, Transport};

/// Without any response for this long there is nobody.
const NO_RESPONSE: Duration = Duration::from_secs(4);
/// Without any response for this long, ICMP is asked.
const PROBE_AFTER: Duration = Duration::from_millis(600);

/// One SIP endpoint: a UDP port and what `rsipstack` needs around it.
pub(crate) struct Endpoint {
    pub dialogs: Arc<DialogLayer>,
    pub address: SocketAddr,
    answered: Answered,
    _stop: DropGuard,
}

impl Endpoint {
    /// Binds and starts to serve; returns what comes in outside of dialogs as well.
    pub async fn bind(address: SocketAddr, name: &str) -> Result<(Self, TransactionReceiver), String> {
        let stop = CancellationToken::new();
        let layer = TransportLayer::new(stop.child_token());
        let udp = UdpConnection::create_connection(address, None, Some(stop.child_token())).await.map_err(|error| error.to_string())?;
        let address = udp.get_addr().get_socketaddr().map_err(|error| error.to_string())?;
        layer.add_transport(udp.into());
        let answered = Answered::default();
        let option = EndpointOption { callid_suffix: Some("goldencall".to_owned()), ..EndpointOption::default() };
        let endpoint = EndpointBuilder::new()
            .with_cancel_token(stop.clone())
            .with_transport_layer(layer)
            .with_user_agent(name)
            .with_option(option)
            .with_inspector(Box::new(Inspector::new(Arc::clone(&answered))))
            .build();
        let incoming = endpoint.incoming_transactions().map_err(|error| error.to_string())?;
        let inner = Arc::clone(&endpoint.inner);
        let serving = Arc::clone(&inner);
        tokio::spawn(async move { serving.serve().await });
        let dialogs = Arc::new(DialogLayer::new(Arc::clone(&inner)));
        Ok((Self { dialogs, address, answered, _stop: stop.drop_guard() }, incoming))
    }

    fn has_answered(&self, call_id: &str) -> bool {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).contains(call_id)
    }
}

/// Hands a request inside a dialog to it, or answers 481.
pub(crate) async fn in_dialog(dialogs: &DialogLayer, mut transaction: rsipstack::transaction::transaction::Transaction) {
    match dialogs.match_dialog(&transaction) {
        Some(mut dialog) => {
            tokio::spawn(async move {
                if let Err(error) = dialog.handle(&mut transaction).await {
                    tracing::debug!(%error, "a request inside a dialog could not be handled");
                }
            });
        }
        None if transaction.original.method == Method::Ack => {}
        None => {
            let _gone = transaction.reply(StatusCode::CallTransactionDoesNotExist).await;
        }
    }
}

/// Places calls over SIP; one endpoint for each local address.
#[derive(Default)]
pub struct SipTransport {
    endpoints: Mutex<HashMap<IpAddr, Arc<Endpoint>>>,
}

impl SipTransport {
    /// A transport without endpoints: each is made at the first call that needs it.
    pub fn new() -> Self {
        Self::default()
    }

    async fn endpoint(&self, ip: IpAddr) -> Result<Arc<Endpoint>, DialError> {
        let mut endpoints = self.endpoints.lock().await;
        if let Some(endpoint) = endpoints.get(&ip) {
            return Ok(Arc::clone(endpoint));
        }
        let bound = Endpoint::bind(SocketAddr::new(ip, 0), concat!("goldencall/", env!("CARGO_PKG_VERSION"))).await;
        let (endpoint, mut incoming) = bound.map_err(|error| DialError::local("no UDP port for SIP", error))?;
        let endpoint = Arc::new(endpoint);
        let dialogs = Arc::clone(&endpoint.dialogs);
        tokio::spawn(async move {
            while let Some(mut transaction) = incoming.recv().await {
                match transaction.original.method {
                    Method::Options => drop(transaction.reply(StatusCode::OK).await),
                    Method::Invite if transaction.original.to_header().is_ok_and(|to| to.tag().ok().flatten().is_none()) => {
                        drop(transaction.reply(StatusCode::BusyHere).await);
                    }
                    _ => in_dialog(&dialogs, transaction).await,
                }
            }
        });
        endpoints.insert(ip, Arc::clone(&endpoint));
        Ok(endpoint)
    }

    async fn call(&self, dial: Dial) -> Result<Call, DialError> {
        let Target::Sip(target) = dial.target.clone() else {
            return Err(DialError::new(DialErrorKind::Local, "this transport calls SIP targets only"));
        };
        let remote = resolve(&target).await?;
        let local =
            local_ip(remote).map_err(|error| DialError::new(DialErrorKind::Unreachable, format!("no route to {remote}: {error}")))?;
        let endpoint = self.endpoint(local).await?;
        let media = CallMedia::bind(local, &target)?;
        media.session().receive(dial.clock, dial.events.clone());
        let attempt = Attempt { endpoint, media, target, remote, dial, call_id: format!("{:016x}@goldencall", rand::random::<u64>()) };
        attempt.invite().await
    }
}

impl Transport for SipTransport {
    fn dial(&self, dial: Dial) -> BoxFuture<'_, Result<Call, DialError>> {
        Box::pin(self.call(dial))
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let endpoints = self.endpoints.lock().await;
            let busy = || endpoints.values().any(|endpoint| !endpoint.dialogs.is_empty());
            for _ in 0..20 {
                sleep(Duration::from_millis(50)).await;
                if !busy() {
                    break;
                }
            }
        })
    }
}

struct Attempt {
    endpoint: Arc<Endpoint>,
    media: CallMedia,
    target: Box<SipTarget>,
    remote: SocketAddr,
    dial: Dial,
    call_id: String,
}

impl Attempt {
    async fn invite(self) -> Result<Call, DialError> {
        let (states, mut events) = self.endpoint.dialogs.new_dialog_state_channel();
        let (dialog, response) = self.final_response(states, &mut events).await?;
        let answered_at = self.dial.clock.now();
        if response.status_code.kind() != StatusCodeKind::Successful {
            return Err(self.rejected(&response));
        }
        let (codec, sink) = match self.media.answer(&response.body).await {
            Ok(agreed) => agreed,
            Err(why) => {
                let _ended = timeout(Duration::from_secs(2), dialog.bye()).await;
                return Err(DialError::new(DialErrorKind::BadAnswer, format!("the answer of {} cannot be used: {why}", self.target.uri)));
            }
        };
        let call = Arc::new(SipCall::new(dialog, self.media, self.endpoint));
        tokio::spawn(Arc::clone(&call).follow(events, self.dial.clock, self.dial.events));
        Ok(Call { answered_at, codec: codec.name().to_owned(), call_id: self.call_id, sink: Box::new(sink), control: call })
    }

    async fn final_response(&self, states: DialogStateSender, events: &mut States) -> Result<(InviteDialog, Response), DialError> {
        let invite = self.endpoint.dialogs.do_invite(self.option()?, states);
        let nobody = self.nobody();
        tokio::pin!(invite, nobody);
        let ring_deadline = Instant::now() + self.target.ring_timeout;
        loop {
            tokio::select! {
                done = &mut invite => {
                    let (dialog, response) = done.map_err(|error| self.failed(&error.to_string()))?;
                    let response = response.ok_or_else(|| self.failed("the INVITE ended without a final response"))?;
                    return Ok((dialog, response));
                }
                error = &mut nobody => return Err(error),
                Some(state) = events.recv() => self.early(&state),
                () = sleep_until(ring_deadline) => {
                    let message = format!("{} rang for {} s without an answer", self.target.uri, self.target.ring_timeout.as_secs());
                    return Err(DialError::new(DialErrorKind::NoAnswer, message));
                }
            }
        }
    }

    fn option(&self) -> Result<InviteOption, DialError> {
        let uri = |text: String| Uri::try_from(text.as_str()).map_err(|error| DialError::local(&format!("`{text}` is no SIP URI"), error));
        let caller = uri(format!("sip:goldencall@{}", self.endpoint.address))?;
        let credential = self.target.username.clone().map(|username| Credential {
            username,
            password: self.target.password.as_ref().map(|password| password.reveal().to_owned()).unwrap_or_default(),
            realm: None,
            auth_username: None,
        });
        Ok(InviteOption {
            caller: caller.clone(),
            contact: caller,
            callee: uri(self.target.uri.clone())?,
            destination: Some(SipAddr { r#type: Some(rsipstack::sip::transport::Transport::Udp), addr: self.remote.into() }),
            content_type: Some("application/sdp".to_owned()),
            offer: Some(self.media.offer()),
            credential,
            headers: Some(self.headers()),
            call_id: Some(self.call_id.clone()),
            ..InviteOption::default()
        })
    }

    fn headers(&self) -> Vec<Header> {
        let mut own = self.target.headers.clone();
        self.dial.trace.add_to(&mut own);
        let own = own.into_iter().map(|(name, value)| Header::Other(name, value));
        std::iter::once(Header::Allow("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY".into())).chain(own).collect()
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
            if self.endpoint.has_answered(&self.call_id) {
                std::future::pending::<()>().await;
            }
            if refused(self.remote).await {
                let message =
                    format!("nothing listens at {} (UDP {}, ICMP port unreachable); is the bot running?", self.target.uri, self.remote);
                return DialError::new(DialErrorKind::Unreachable, message);
            }
        }
        if self.endpoint.has_answered(&self.call_id) {
            std::future::pending::<()>().await;
        }
        let message = format!(
            "{} (UDP {}) gave no SIP response within {} s; check the address and the firewall",
            self.target.uri,
            self.remote,
            NO_RESPONSE.as_secs()
        );
        DialError::new(DialErrorKind::NoResponse, message)
    }

    fn failed(&self, error: &str) -> DialError {
        DialError::new(DialErrorKind::Rejected, format!("the call to {} failed: {error}", self.target.uri))
    }

    fn rejected(&self, response: &Response) -> DialError {
        let code = response.status_code.code();
        let reason = response.status_code.text();
        let kind = match code {
            486 | 600 => DialErrorKind::Busy,
            401 | 407 => DialErrorKind::Unauthorized,
            408 | 480 => DialErrorKind::NoAnswer,
            _ => DialErrorKind::Rejected,
        };
        let fix = match kind {
            DialErrorKind::Busy => "; the bot has no free line",
            DialErrorKind::Unauthorized => "; set `username` and `password` of the target",
            _ => "",
        };
        DialError::new(kind, format!("{} answered {code} {reason}{fix}", self.target.uri))
    }
}

async fn resolve(target: &SipTarget) -> Result<SocketAddr, DialError> {
    let uri = Uri::try_from(target.uri.as_str()).map_err(|error| DialError::local(&format!("`{}` is no SIP URI", target.uri), error))?;
    let host = uri.host_with_port.host.to_string();
    let port = uri.host_with_port.port.as_ref().map_or(5060, |port| u16::from(*port));
    let unknown =
        |why: String| DialError::new(DialErrorKind::Unreachable, format!("the host `{host}` of {} cannot be found{why}", target.uri));
    let mut addresses = lookup_host((host.trim_matches(['[', ']']), port)).await.map_err(|error| unknown(format!(": {error}")))?;
    addresses.next().ok_or_else(|| unknown(String::new()))
}

/// The address from which this machine reaches the target.
fn local_ip(remote: SocketAddr) -> std::io::Result<IpAddr> {
    let any: SocketAddr = if remote.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = std::net::UdpSocket::bind(any)?;
    socket.connect(remote)?;
    Ok(socket.local_addr()?.ip())
}

/// Asks ICMP: a connected socket learns of a closed port, the SIP socket does not.
async fn refused(remote: SocketAddr) -> bool {
    let wait = Duration::from_millis(500);
    let probe = async {
        let any: SocketAddr = if remote.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(remote).await?;
        // The keep-alive of RFC 5626, section 3.5.1: every SIP element knows it.
        socket.send(b"\r\n\r\n").await?;
        let mut answer = [0_u8; 64];
        socket.recv(&mut answer).await
    };
    match timeout(wait, probe).await {
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => true,
        Ok(Err(_)) => {
            sleep(wait).await;
            false
        }
        Ok(Ok(_)) => {
            sleep(wait).await;
            false
        }
        Err(_) => false,
    }
}

/// Whether the far end ended the dialog.
pub(super) fn ended_by_peer(reason: &TerminatedReason) -> bool {
    !matches!(reason, TerminatedReason::UacBye | TerminatedReason::UacCancel)
}

/// The states of a dialog, for the call that follows them.
pub(super) type States = DialogStateReceiver;
