//! The user agent client: where a call goes, and what it goes over.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::sip::{Transport as SipTransportKind, Uri};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::attempt::{Attempt, Failed};
use super::call;
use super::endpoint::Endpoint;
use super::flow::{connect, sip_addr};
use super::locate::{Hop, locate};
use super::media::CallMedia;
use super::register::Registered;
use super::trace::SipTrace;
use super::uri::{caller, contact, proxy_route, uri};
use crate::scenario::{SipTarget, Target};
use crate::transport::{BoxFuture, Call, CallEvent, Dial, DialError, DialErrorKind, Transport};

/// How goldencall names itself.
const AGENT: &str = concat!("goldencall/", env!("CARGO_PKG_VERSION"));

/// Places calls over SIP: one endpoint for each local address over UDP, one for each call over TCP and TLS, whose
/// connection then lives as long as the call.
#[derive(Default)]
pub struct SipTransport {
    endpoints: Mutex<HashMap<IpAddr, Arc<Endpoint>>>,
    connected: Mutex<Vec<Arc<Endpoint>>>,
    trace: Option<Arc<SipTrace>>,
}

impl SipTransport {
    /// A transport without endpoints: each is made at the first call that needs it.
    pub fn new(trace: Option<Arc<SipTrace>>) -> Self {
        Self { trace, ..Self::default() }
    }

    async fn bind(&self, ip: IpAddr) -> Result<Arc<Endpoint>, DialError> {
        let bound = Endpoint::bind(SocketAddr::new(ip, 0), AGENT, self.trace.clone()).await;
        let (endpoint, incoming) = bound.map_err(|error| DialError::local("no UDP port for SIP", error))?;
        let endpoint = Arc::new(endpoint);
        endpoint.serve_caller(incoming);
        Ok(endpoint)
    }

    async fn shared(&self, ip: IpAddr) -> Result<Arc<Endpoint>, DialError> {
        let mut endpoints = self.endpoints.lock().await;
        if let Some(endpoint) = endpoints.get(&ip) {
            return Ok(Arc::clone(endpoint));
        }
        let endpoint = self.bind(ip).await?;
        endpoints.insert(ip, Arc::clone(&endpoint));
        Ok(endpoint)
    }

    /// An endpoint that can reach the hop, and the address there that the peer can reach.
    async fn reach(&self, hop: &Hop, target: &SipTarget) -> Result<(Arc<Endpoint>, SocketAddr), DialError> {
        let no_route = |error| DialError::new(DialErrorKind::Unreachable, format!("no route to {}: {error}", hop.address));
        let local = local_ip(hop.address).map_err(no_route)?;
        let Some(connection) = connect(hop, target).await? else {
            let endpoint = self.shared(local).await?;
            let address = endpoint.address;
            return Ok((endpoint, address));
        };
        let address = connection.get_addr().get_socketaddr().map_err(|error| DialError::local("no address of a connection", error))?;
        let endpoint = self.bind(local).await?;
        endpoint.add(connection);
        let mut connected = self.connected.lock().await;
        // An endpoint is dropped only once its dialogs have said goodbye.
        connected.retain(|endpoint| Arc::strong_count(endpoint) > 1 || !endpoint.dialogs.is_empty());
        connected.push(Arc::clone(&endpoint));
        Ok((endpoint, address))
    }

    async fn call(&self, dial: Dial) -> Result<Call, DialError> {
        let Target::Sip(target) = dial.target.clone() else {
            return Err(DialError::new(DialErrorKind::Local, "this transport calls SIP targets only"));
        };
        let callee = uri(&target.uri)?;
        let next = target.proxy.as_deref().map_or(Ok(callee.clone()), uri)?;
        let mut hops = locate(&next, target.dns).await?.into_iter().peekable();
        while let Some(hop) = hops.next() {
            match self.attempt(&dial, &target, &callee, &hop).await {
                Ok(call) => return Ok(call),
                Err(Failed { error, elsewhere, .. }) if elsewhere && hops.peek().is_some() => {
                    let note = format!("{error}; the next address of `{}` was tried", hop.name);
                    let _closed = dial.events.send(CallEvent::Note(note));
                }
                Err(Failed { error, .. }) => return Err(error),
            }
        }
        Err(DialError::new(DialErrorKind::Unreachable, format!("{} leads to no address", target.uri)))
    }

    async fn attempt(&self, dial: &Dial, target: &SipTarget, callee: &Uri, hop: &Hop) -> Result<Call, Failed> {
        let (endpoint, reached_at) = self.reach(hop, target).await.map_err(Failed::elsewhere)?;
        let contact = contact(target, hop.transport, reached_at)?;
        let credential = credential(target);
        let registered = match &target.register {
            Some(registrar) => {
                let hop = self.registrar_hop(&endpoint, target, registrar, hop).await?;
                Some(
                    Registered::begin(&endpoint, target, registrar, &contact, &hop, (dial, credential.clone()))
                        .await
                        .map_err(Failed::elsewhere)?,
                )
            }
            None => None,
        };
        if hop.transport == SipTransportKind::Tls && target.insecure {
            let _closed = dial.events.send(CallEvent::Note("the certificate of the peer was not verified (`insecure: true`)".to_owned()));
        }
        let media = CallMedia::bind(reached_at.ip(), hop.address.ip(), target)?;
        let mut route_set = proxy_route(target)?;
        route_set.extend(registered.iter().flat_map(|registered| registered.route_set.clone()));
        let from = caller(target, callee, reached_at)?;
        let attempt = Attempt {
            endpoint,
            media: Arc::new(media),
            target: target.clone(),
            callee: callee.clone(),
            from,
            contact,
            credential,
            trusted: true,
            route_set,
            registered,
            hop: hop.clone(),
            destination: sip_addr(hop.transport, hop.address),
            dial: dial.clone(),
            call_id: Attempt::new_call_id(),
            follows: false,
        };
        call::place(attempt).await
    }

    /// Where REGISTER goes: the outbound proxy, the hop of the call where that is the registrar's, or the registrar itself.
    async fn registrar_hop(&self, endpoint: &Endpoint, target: &SipTarget, registrar: &str, hop: &Hop) -> Result<Hop, DialError> {
        let registrar = uri(registrar)?;
        if target.proxy.is_some() {
            return Ok(hop.clone());
        }
        let hops = locate(&registrar, target.dns).await?;
        let same = hops.iter().find(|other| other.address.ip() == hop.address.ip() && other.name == hop.name);
        if same.is_some() {
            return Ok(hop.clone());
        }
        let own = hops.into_iter().next().ok_or_else(|| DialError::new(DialErrorKind::Unreachable, "the registrar leads to no address"))?;
        if let Some(connection) = connect(&own, target).await? {
            endpoint.add(connection);
        }
        Ok(own)
    }
}

impl Transport for SipTransport {
    fn dial(&self, dial: Dial) -> BoxFuture<'_, Result<Call, DialError>> {
        Box::pin(self.call(dial))
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let shared = self.endpoints.lock().await;
            let connected = self.connected.lock().await;
            let busy = || shared.values().chain(connected.iter()).any(|endpoint| !endpoint.dialogs.is_empty());
            for _ in 0..20 {
                sleep(Duration::from_millis(50)).await;
                if !busy() {
                    break;
                }
            }
        })
    }
}

fn credential(target: &SipTarget) -> Option<Credential> {
    let password = target.password.as_ref().map(|password| password.reveal().to_owned()).unwrap_or_default();
    target.username.clone().map(|username| Credential { username, password, realm: None, auth_username: None })
}

/// The address from which this machine reaches the target.
fn local_ip(remote: SocketAddr) -> std::io::Result<IpAddr> {
    let any: SocketAddr = if remote.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = std::net::UdpSocket::bind(any)?;
    socket.connect(remote)?;
    Ok(socket.local_addr()?.ip())
}
