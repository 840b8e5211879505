//! One transport for every kind of target: picks the one that a target names.

use std::sync::Arc;

use crate::originate::OriginateTransport;
use crate::scenario::Target;
use crate::sip::{SipTrace, SipTransport};
use crate::transport::{BoxFuture, Call, Dial, DialError, DialErrorKind, Transport};
use crate::webrtc::WebRtcTransport;
use crate::websocket::WebSocketTransport;

/// Places a call over whatever its target speaks.
#[derive(Default)]
pub struct AnyTransport {
    sip: SipTransport,
    webrtc: WebRtcTransport,
    websocket: WebSocketTransport,
    originate: OriginateTransport,
}

impl AnyTransport {
    /// With a trace of its SIP messages.
    pub fn new(trace: Option<Arc<SipTrace>>) -> Self {
        Self { sip: SipTransport::new(trace), ..Self::default() }
    }
}

impl Transport for AnyTransport {
    fn dial(&self, dial: Dial) -> BoxFuture<'_, Result<Call, DialError>> {
        match dial.target {
            Target::Sip(_) => self.sip.dial(dial),
            Target::WebRtc(_) => self.webrtc.dial(dial),
            Target::WebSocket(_) => self.websocket.dial(dial),
            Target::Originate(_) => self.originate.dial(dial),
            Target::Bot(_) => {
                Box::pin(async { Err(DialError::new(DialErrorKind::Local, "the sample bot was not started before the call")) })
            }
        }
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.sip.shut_down().await;
            self.webrtc.shut_down().await;
            self.websocket.shut_down().await;
            self.originate.shut_down().await;
        })
    }
}
