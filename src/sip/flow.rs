//! The connection that a call's signalling goes over, for TCP and TLS (RFC 3261, section 18).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::Transport;
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::tls::TlsConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::locate::Hop;
use super::tls;
use crate::scenario::SipTarget;
use crate::transport::{DialError, DialErrorKind};

/// A connection or its handshake that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(4);

/// The address of a hop as the stack writes it.
pub(super) fn sip_addr(transport: Transport, address: SocketAddr) -> SipAddr {
    SipAddr { r#type: Some(transport), addr: address.into() }
}

/// Connects to a hop; `None` over UDP, which has no connection.
pub(super) async fn connect(hop: &Hop, target: &SipTarget) -> Result<Option<SipConnection>, DialError> {
    match hop.transport {
        Transport::Udp => Ok(None),
        Transport::Tls => secured(hop, target).await.map(Some),
        _ => {
            let remote = sip_addr(Transport::Tcp, hop.address);
            let connection = timeout(PATIENCE, TcpConnection::connect(&remote, None)).await.map_err(|_| too_slow(hop, target))?;
            connection.map(|connection| Some(SipConnection::Tcp(connection))).map_err(|error| unreachable(hop, target, &error.to_string()))
        }
    }
}

async fn secured(hop: &Hop, target: &SipTarget) -> Result<SipConnection, DialError> {
    let config = tls::config(target).map_err(|why| DialError::new(DialErrorKind::Local, why))?;
    let name =
        ServerName::try_from(hop.name.clone()).map_err(|error| DialError::local(&format!("`{}` is not a host name", hop.name), error))?;
    let connecting = timeout(PATIENCE, TcpStream::connect(hop.address)).await.map_err(|_| too_slow(hop, target))?;
    let stream = connecting.map_err(|error| unreachable(hop, target, &error.to_string()))?;
    let handshake = timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    let stream = handshake.map_err(|_| too_slow(hop, target))?.map_err(|error| refused(hop, target, &error))?;
    let connection = TlsConnection::from_client_stream(stream, sip_addr(Transport::Tls, hop.address), None).await;
    connection.map(SipConnection::Tls).map_err(|error| unreachable(hop, target, &error.to_string()))
}

fn too_slow(hop: &Hop, target: &SipTarget) -> DialError {
    let message = format!("{} ({hop}) took no connection within {} s; check the address and the firewall", target.uri, PATIENCE.as_secs());
    DialError::new(DialErrorKind::NoResponse, message)
}

fn unreachable(hop: &Hop, target: &SipTarget, why: &str) -> DialError {
    let fix = if why.contains("refused") { "; is the bot running, and does it speak this transport?" } else { "" };
    DialError::new(DialErrorKind::Unreachable, format!("{} ({hop}) cannot be connected to: {why}{fix}", target.uri))
}

/// A handshake that failed: whose certificate it was, and what to do.
fn refused(hop: &Hop, target: &SipTarget, error: &io::Error) -> DialError {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    let message = match tls {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(why))) if why.to_string().contains("CaUsedAsEndEntity") => format!(
            "the certificate of {} ({hop}) is an authority's own (CaUsedAsEndEntity); give the server one without `CA:TRUE`, or set `insecure: true` on a test system",
            target.uri
        ),
        Some(rustls::Error::InvalidCertificate(why)) => format!(
            "the certificate of {} ({hop}) is not accepted for `{}`: {why:?}; set `ca_file` to its authority, or `insecure: true` on a test system",
            target.uri, hop.name
        ),
        Some(rustls::Error::AlertReceived(alert)) => {
            format!("{} ({hop}) ended the TLS handshake with {alert:?}{}", target.uri, own_certificate(target))
        }
        _ => format!("{} ({hop}) does not speak TLS here: {error}", target.uri),
    };
    DialError::new(DialErrorKind::Certificate, message)
}

/// A connection that the peer closed without a word. Over TLS 1.3 that is how a certificate of the caller's is refused: its side
/// of the handshake is over by then.
pub(super) fn closed(hop: &Hop, target: &SipTarget) -> DialError {
    let (kind, fix) = match hop.transport {
        Transport::Tls => (DialErrorKind::Certificate, own_certificate(target)),
        _ => (DialErrorKind::Unreachable, ""),
    };
    DialError::new(kind, format!("{} ({hop}) closed the connection before any SIP response{fix}", target.uri))
}

fn own_certificate(target: &SipTarget) -> &'static str {
    match target.client_certificate {
        None => "; it may want a `client_certificate`",
        Some(_) => "; it may not accept the `client_certificate`",
    }
}
