//! SRTP keys by DTLS (RFC 5763, RFC 5764): a handshake without I/O, and its run over a session's socket.

use std::fmt;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtc_dtls::config::{ClientAuthType, ConfigBuilder};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;
use rtc_srtp::config::LABEL_EXTRACTOR_DTLS_SRTP;
use tokio::sync::oneshot;
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::identity::certificate;
pub use super::identity::{Fingerprint, Hash, own_fingerprint};
use super::shared::Shared;
use super::srtp::{Keys, MasterKey, Suite};

/// A handshake takes three ways there and back and some arithmetic.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// The first retransmission: RFC 6347 says one second, for which a call would be silent.
const FLIGHT: Duration = Duration::from_millis(300);
/// Where nothing is due.
const FAR_AWAY: Duration = Duration::from_secs(3600);

/// Which side begins (`a=setup`, RFC 4145).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends the first message: the DTLS client.
    Active,
    /// Waits for it: the DTLS server.
    Passive,
}

/// One association, without I/O; the time is passed in.
pub struct Handshake {
    endpoint: Endpoint,
    client: Option<Arc<rtc_dtls::config::HandshakeConfig>>,
    keys: Option<Keys>,
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handshake(..)")
    }
}

/// The library tells associations apart by address; here there is one, and its address may change.
fn peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9))
}

impl Handshake {
    /// With a peer whose certificate has this fingerprint.
    ///
    /// # Errors
    /// What the library says.
    pub fn new(role: Role, fingerprint: Fingerprint) -> Result<Self, String> {
        let provider = rtc_srtp::crypto::default_provider().map_err(|error| error.to_string())?;
        let verify = move |certificates: &[Vec<u8>], _: &[rustls::pki_types::CertificateDer<'static>]| match certificates.first() {
            Some(first) if fingerprint.hash.of(first) == fingerprint => Ok(()),
            _ => Err(Error::Other("its certificate is not the one of its SDP (fingerprint)".to_owned())),
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(provider)
            .with_certificates(vec![certificate()?.clone()])
            .with_srtp_protection_profiles(vec![
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
                SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_32,
            ])
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            // The chain says nothing of a self-signed certificate; its fingerprint does.
            .with_insecure_skip_verify(true)
            .with_verify_peer_certificate(Some(Arc::new(verify)))
            .with_flight_interval(FLIGHT)
            .build(role == Role::Active, None)
            .map_err(|error| error.to_string())?;
        let config = Arc::new(config);
        let (server, client) = if role == Role::Active { (None, Some(config)) } else { (Some(config), None) };
        Ok(Self { endpoint: Endpoint::new(peer(), TransportProtocol::UDP, server), client, keys: None })
    }

    /// Sends the first message, where that is ours.
    ///
    /// # Errors
    /// What the library says.
    pub fn start(&mut self, now: Instant) -> Result<(), String> {
        match self.client.take() {
            Some(config) => self.endpoint.connect(now, peer(), config, None).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// Takes a datagram; the keys come once.
    ///
    /// # Errors
    /// Why there will be none.
    pub fn read(&mut self, datagram: &[u8], now: Instant) -> Result<Option<Keys>, String> {
        let events = self.endpoint.read(now, peer(), None, datagram.into()).map_err(|error| error.to_string())?;
        if events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete)) && self.keys.is_none() {
            self.keys = Some(self.export()?);
            return Ok(self.keys.clone());
        }
        if self.keys.is_none() && events.iter().any(|event| matches!(event, EndpointEvent::PeerClosed)) {
            return Err("it closed the connection".to_owned());
        }
        Ok(None)
    }

    /// RFC 5764, section 4.2.
    fn export(&self) -> Result<Keys, String> {
        let state = self.endpoint.get_connection_state(peer()).ok_or("the connection is gone")?;
        let suite = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => Suite::Aes128Sha80,
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_32 => Suite::Aes128Sha32,
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => Suite::Aes128Gcm,
            SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm => Suite::Aes256Gcm,
            _ => return Err("it has no SRTP profile in common".to_owned()),
        };
        let (key, salt) = (suite.key_length(), suite.salt_length());
        let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], 2 * (key + salt));
        let material = material.map_err(|error| error.to_string())?;
        let mut rest = material.as_ref().to_vec();
        let mut take = |length: usize| rest.drain(..length.min(rest.len())).collect::<Vec<u8>>();
        let (client_key, server_key, client_salt, server_salt) = (take(key), take(key), take(salt), take(salt));
        let client = MasterKey { key: client_key, salt: client_salt };
        let server = MasterKey { key: server_key, salt: server_salt };
        let (local, remote) = if state.is_client() { (client, server) } else { (server, client) };
        Ok(Keys { suite, local, remote })
    }

    /// When [`Handshake::tick`] is due.
    pub fn due(&self) -> Option<Instant> {
        self.endpoint.poll_timeout(&peer())
    }

    /// Sends again what was not answered.
    ///
    /// # Errors
    /// It was sent too often.
    pub fn tick(&mut self, now: Instant) -> Result<(), String> {
        match self.due() {
            Some(due) if due <= now => self.endpoint.handle_timeout(peer(), now).map_err(|error| error.to_string()),
            _ => Ok(()),
        }
    }

    /// The next datagram to send.
    pub fn transmit(&mut self) -> Option<Vec<u8>> {
        self.endpoint.poll_transmit().map(|datagram| datagram.message.to_vec())
    }
}

/// Runs a handshake over a session's socket until there are keys. It goes on behind them: the peer may not have got the last
/// message.
pub(super) async fn agree(handshake: Handshake, socket: UdpSocket, shared: Arc<Shared>, stop: CancellationToken) -> Result<(), String> {
    let (done, agreed) = oneshot::channel();
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = run(handshake, &socket, &shared, done) => {}
        }
    });
    match timeout(HANDSHAKE, agreed).await {
        Ok(Ok(agreed)) => agreed.map_err(|why| format!("the DTLS handshake failed: {why}")),
        Ok(Err(_)) => Err("the call was over before the DTLS handshake".to_owned()),
        Err(_) => Err(format!("the bot did not complete the DTLS handshake within {} s", HANDSHAKE.as_secs())),
    }
}

async fn run(mut handshake: Handshake, socket: &UdpSocket, shared: &Shared, done: oneshot::Sender<Result<(), String>>) {
    let mut done = Some(done);
    let Some(mut inbox) = shared.dtls_inbox() else { return };
    let mut remote = shared.state().described();
    let now = || tokio::time::Instant::now().into_std();
    let mut step = handshake.start(now()).map(|()| None);
    loop {
        while let Some(datagram) = handshake.transmit() {
            // What is lost is sent again.
            let _lost = remote.map(|remote| socket.send_to(&datagram, remote));
        }
        let outcome = match step {
            Ok(None) => None,
            Ok(Some(keys)) => Some(shared.state().set_keys(keys)),
            Err(why) => Some(Err(why)),
        };
        let failed = matches!(outcome, Some(Err(_)));
        if let Some((outcome, done)) = outcome.and_then(|outcome| Some((outcome, done.take()?))) {
            let _nobody_waits = done.send(outcome);
            if failed {
                return;
            }
        }
        let due = handshake.due().unwrap_or_else(|| now() + FAR_AWAY);
        step = tokio::select! {
            received = inbox.recv() => match received {
                Some((datagram, from)) => {
                    remote = remote.or(Some(from));
                    handshake.read(&datagram, now())
                }
                None => return,
            },
            () = sleep_until(due.into()) => handshake.tick(now()).map(|()| None),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shake(one: &mut Handshake, other: &mut Handshake) -> (Result<Option<Keys>, String>, Result<Option<Keys>, String>) {
        let now = tokio::time::Instant::now().into_std();
        one.start(now).and_then(|()| other.start(now)).expect("started");
        let mut outcomes = (Ok(None), Ok(None));
        for _ in 0..20 {
            while let Some(datagram) = one.transmit() {
                outcomes.1 = other.read(&datagram, now).map(|keys| keys.or(outcomes.1.unwrap_or(None)));
                if outcomes.1.is_err() {
                    return outcomes;
                }
            }
            while let Some(datagram) = other.transmit() {
                outcomes.0 = one.read(&datagram, now).map(|keys| keys.or(outcomes.0.unwrap_or(None)));
                if outcomes.0.is_err() {
                    return outcomes;
                }
            }
        }
        outcomes
    }

    #[test]
    fn both_sides_get_the_same_keys() {
        let own = own_fingerprint().expect("a certificate");
        let mut client = Handshake::new(Role::Active, own.clone()).expect("client");
        let mut server = Handshake::new(Role::Passive, own).expect("server");
        let (client, server) = shake(&mut client, &mut server);
        let (client, server) = (client.expect("client").expect("keys"), server.expect("server").expect("keys"));
        assert_eq!((client.suite, &client.local, &client.remote), (server.suite, &server.remote, &server.local));
        assert_ne!(client.local, client.remote);
    }

    #[test]
    fn another_certificate_than_that_of_the_sdp_is_refused() {
        let own = own_fingerprint().expect("a certificate");
        let other = Hash::Sha512.of(b"another one");
        for (ours, theirs) in [(own.clone(), other.clone()), (other, own)] {
            let mut client = Handshake::new(Role::Active, ours).expect("client");
            let mut server = Handshake::new(Role::Passive, theirs).expect("server");
            let (client, server) = shake(&mut client, &mut server);
            assert!(client.is_err() || server.is_err(), "{client:?} {server:?}");
        }
    }

    #[test]
    fn no_datagram_makes_it_panic() {
        let own = own_fingerprint().expect("a certificate");
        let mut server = Handshake::new(Role::Passive, own).expect("server");
        let now = tokio::time::Instant::now().into_std();
        for length in 0..60_usize {
            let datagram: Vec<u8> = (0..length).map(|k| if k == 0 { 22 } else { (k * 37 % 256) as u8 }).collect();
            let _any = server.read(&datagram, now);
        }
    }
}
