//! Registration before a call (RFC 3261, section 10), and its end after it.

use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::registration::Registration;
use rsipstack::sip::typed::{Contact, Route};
use rsipstack::sip::{Param, StatusCodeKind, Transport, Uri};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::locate::Hop;
use super::refusal::refused;
use crate::scenario::SipTarget;
use crate::transport::{Dial, DialError, DialErrorKind};

/// A registrar that says nothing for this long is not there.
const PATIENCE: Duration = Duration::from_secs(6);
/// The lifetime that is asked for, in seconds: longer than any call, and over soon if its end gets lost.
const EXPIRES: u32 = 600;

/// A binding at a registrar.
pub(super) struct Registered {
    /// Gone once it is taken back.
    registration: Mutex<Option<Registration>>,
    server: Uri,
    /// Proxies that the registrar wants calls to pass (RFC 3608).
    pub route_set: Vec<Route>,
}

impl Registered {
    /// Registers the contact.
    pub async fn begin(
        endpoint: &Endpoint,
        target: &SipTarget,
        registrar: &str,
        contact: &Uri,
        hop: &Hop,
        (dial, credential): (&Dial, Option<Credential>),
    ) -> Result<Self, DialError> {
        let mut server = Uri::try_from(registrar).map_err(|error| DialError::local(&format!("`{registrar}` is not a SIP URI"), error))?;
        server.params.retain(|param| !matches!(param, Param::Transport(_)));
        // The stack takes the transport from here.
        if hop.transport != Transport::Udp {
            server.params.push(Param::Transport(hop.transport));
        }
        let mut registration = Registration::new(endpoint.inner.clone(), credential.clone());
        endpoint.watch.follow(registration.call_id.value(), server.clone(), dial, credential);
        registration.contact = Some(Contact { display_name: None, uri: contact.clone(), params: Vec::new() });
        registration.outbound_proxy = Some(hop.address);
        let response = timeout(PATIENCE, registration.register(server.clone(), Some(EXPIRES))).await.map_err(|_| {
            let message = format!("the registrar {registrar} ({hop}) gave no SIP response within {} s", PATIENCE.as_secs());
            DialError::new(DialErrorKind::NoResponse, message)
        })?;
        let failed = |error| DialError::new(DialErrorKind::Rejected, format!("the registration at {registrar} ({hop}) failed: {error}"));
        let response = response.map_err(failed)?;
        if response.status_code.kind() != StatusCodeKind::Successful {
            return Err(refused(&format!("the registrar {registrar}"), target, &response));
        }
        let route_set = registration.preloaded_route_set();
        Ok(Self { registration: Mutex::new(Some(registration)), server, route_set })
    }

    /// Takes the binding back.
    pub async fn end(&self, endpoint: &Endpoint) {
        let Some(mut registration) = self.registration.lock().await.take() else { return };
        if let Ok(Err(error)) = timeout(Duration::from_secs(2), registration.register(self.server.clone(), Some(0))).await {
            tracing::debug!(%error, "the registration could not be taken back");
        }
        endpoint.watch.forget(registration.call_id.value());
    }
}

impl Drop for Registered {
    /// A call that was given up while it rang takes its binding back as well.
    fn drop(&mut self) {
        let (Some(mut registration), Ok(runtime)) = (self.registration.get_mut().take(), Handle::try_current()) else { return };
        let server = self.server.clone();
        runtime.spawn(async move {
            let _gone = timeout(Duration::from_secs(2), registration.register(server, Some(0))).await;
        });
    }
}
