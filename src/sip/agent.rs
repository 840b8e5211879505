//! The user agent client: where a call goes, and what it goes over.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::sip::typed::Route;
use rsipstack::sip::{Auth, Param, Transport as SipTransportKind, Uri};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::attempt::{Attempt, Failed};
use super::endpoint::Endpoint;
use super::flow::{connect, sip_addr};
use super::locate::{Hop, locate};
use super::media::CallMedia;
use super::register::Registered;
use super::trace::SipTrace;
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
        let media = CallMedia::bind(reached_at.ip(), target)?;
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
            route_set,
            registered,
            hop: hop.clone(),
            destination: sip_addr(hop.transport, hop.address),
            dial: dial.clone(),
            call_id: Attempt::new_call_id(),
            follows: false,
        };
        attempt.invite().await
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

pub(super) fn uri(text: &str) -> Result<Uri, DialError> {
    let mut uri = Uri::try_from(text).map_err(|error| DialError::local(&format!("`{text}` is no SIP URI"), error))?;
    unescape(&mut uri);
    Ok(uri)
}

fn credential(target: &SipTarget) -> Option<Credential> {
    let password = target.password.as_ref().map(|password| password.reveal().to_owned()).unwrap_or_default();
    target.username.clone().map(|username| Credential { username, password, realm: None, auth_username: None })
}

/// A URI of this user, whose name may have an `@` or a space.
fn of_user(name: &str, rest: &str) -> Result<Uri, DialError> {
    let (scheme, address) = rest.split_once(':').unwrap_or(("sip", rest));
    let mut uri = uri(&format!("{scheme}:{address}"))?;
    uri.auth = Some(Auth { user: name.to_owned(), password: None });
    Ok(uri)
}

/// The stack escapes the user of every URI that it writes, and takes that of a URI that it reads for one that was not.
pub(super) fn unescape(uri: &mut Uri) {
    let Some(auth) = uri.auth.as_mut().filter(|auth| auth.user.contains('%')) else { return };
    let (mut bytes, mut rest) = (Vec::new(), auth.user.as_bytes());
    while let [first, tail @ ..] = rest {
        let hex = |digits: &&[u8]| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit);
        let escaped = tail.get(..2).filter(hex).and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    if let Ok(user) = String::from_utf8(bytes) {
        auth.user = user;
    }
}

/// Where the peer reaches this call: over the connection that the call itself uses.
pub(super) fn contact(target: &SipTarget, transport: SipTransportKind, address: SocketAddr) -> Result<Uri, DialError> {
    let user = target.username.as_deref().unwrap_or("goldencall");
    // A call to a `sips:` URI is secured on its way back as well (RFC 3261, section 8.1.1.8).
    let (scheme, transport) = match transport {
        SipTransportKind::Tls if target.uri.starts_with("sips:") => ("sips", ";transport=tcp"),
        SipTransportKind::Tls => ("sip", ";transport=tls"),
        SipTransportKind::Tcp => ("sip", ";transport=tcp"),
        _ => ("sip", ""),
    };
    of_user(user, &format!("{scheme}:{address}{transport}"))
}

/// Who calls: PBXs know their endpoints by it.
fn caller(target: &SipTarget, callee: &Uri, address: SocketAddr) -> Result<Uri, DialError> {
    if let Some(from) = &target.from {
        return uri(from);
    }
    match &target.username {
        Some(username) => {
            let domain = target.register.as_deref().map_or(Ok(callee.clone()), uri)?;
            of_user(username, &format!("sip:{}", domain.host_with_port.host))
        }
        None => uri(&format!("sip:goldencall@{address}")),
    }
}

/// The outbound proxy as the first hop of the call, by loose routing.
fn proxy_route(target: &SipTarget) -> Result<Vec<Route>, DialError> {
    let Some(proxy) = &target.proxy else { return Ok(Vec::new()) };
    let mut proxy = uri(proxy)?;
    if !proxy.params.iter().any(|param| matches!(param, Param::Lr)) {
        proxy.params.push(Param::Lr);
    }
    Ok(vec![Route { display_name: None, uri: proxy, params: Vec::new() }])
}

/// The address from which this machine reaches the target.
fn local_ip(remote: SocketAddr) -> std::io::Result<IpAddr> {
    let any: SocketAddr = if remote.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = std::net::UdpSocket::bind(any)?;
    socket.connect(remote)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_fits_into_a_uri() {
        for (name, written) in [("ci", "ci"), ("+15550100", "+15550100"), ("a@b c", "a%40b%20c"), ("ü:%", "%C3%BC%3A%25")] {
            let text = format!("sip:{written}@127.0.0.1");
            assert_eq!(of_user(name, "sip:127.0.0.1").expect("a URI").to_string(), text);
            assert_eq!(uri(&text).expect("a URI").to_string(), text);
        }
        let target = SipTarget { username: Some("ci@example.com".to_owned()), ..SipTarget::new("sip:bot@127.0.0.1") };
        let contact = contact(&target, SipTransportKind::Udp, SocketAddr::from(([127, 0, 0, 1], 5070))).expect("a URI");
        assert_eq!(contact.to_string(), "sip:ci%40example.com@127.0.0.1:5070");
        let from = caller(&target, &uri(&target.uri).expect("a URI"), SocketAddr::from(([127, 0, 0, 1], 5070))).expect("a URI");
        assert_eq!(from.to_string(), "sip:ci%40example.com@127.0.0.1");
    }
}
