//! What was heard of a call before and beside its media: ringing, and the responses to the INVITE.

use serde::{Deserialize, Serialize};

use crate::time::CallTime;
use crate::transport::CallEvent;

/// A peer that sends provisional responses for ever does not fill the memory.
const MOST_RESPONSES: usize = 64;

/// A SIP response to the INVITE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipResponse {
    /// When it came.
    #[serde(rename = "at_ns")]
    pub at: CallTime,
    /// Status code.
    pub code: u16,
    /// Reason phrase.
    pub reason: String,
}

/// What the transport told of the call's signalling.
#[derive(Clone, Debug, Default)]
pub(super) struct Signalling {
    ringing: Option<CallTime>,
    /// The protocol's name of the call, of calls that were not answered too.
    pub call_id: Option<String>,
    pub responses: Vec<SipResponse>,
}

impl Signalling {
    pub fn take(&mut self, event: &CallEvent) {
        match event {
            CallEvent::Ringing(at) => self.ringing = self.ringing.or(Some(*at)),
            CallEvent::Response(at, code, reason) if self.responses.len() < MOST_RESPONSES => {
                self.responses.push(SipResponse { at: *at, code: *code, reason: reason.clone() });
            }
            CallEvent::Named(call_id) => self.call_id = Some(call_id.clone()),
            _ => {}
        }
    }

    /// Dial to the first 180 Ringing or 183 Session Progress: what the caller waits for before it hears anything. A bot that does
    /// not ring is measured by its final response (RFC 6076, section 4.3), but for a challenge, which is none to the caller.
    pub fn post_dial_delay(&self) -> Option<CallTime> {
        let first = |of: fn(u16) -> bool| self.responses.iter().find(|response| of(response.code)).map(|response| response.at);
        let ringing = [first(|code| matches!(code, 180 | 183)), self.ringing].into_iter().flatten().min();
        ringing.or_else(|| first(|code| code >= 200 && !matches!(code, 401 | 407)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_that_does_not_ring_is_measured_by_its_answer() {
        let ms = CallTime::from_millis;
        let mut signalling = Signalling::default();
        for (at, code) in [(10, 100), (20, 401), (30, 407), (200, 200), (900, 200)] {
            signalling.take(&CallEvent::Response(ms(at), code, String::new()));
        }
        assert_eq!(signalling.post_dial_delay(), Some(ms(200)));
    }

    #[test]
    fn the_first_sign_of_ringing_counts() {
        let ms = CallTime::from_millis;
        let mut signalling = Signalling::default();
        assert_eq!(signalling.post_dial_delay(), None);
        signalling.take(&CallEvent::Response(ms(10), 100, "Trying".to_owned()));
        assert_eq!(signalling.post_dial_delay(), None);
        signalling.take(&CallEvent::Ringing(ms(400)));
        signalling.take(&CallEvent::Response(ms(390), 183, "Session Progress".to_owned()));
        signalling.take(&CallEvent::Ringing(ms(900)));
        assert_eq!((signalling.post_dial_delay(), signalling.responses.len()), (Some(ms(390)), 2));
    }
}
