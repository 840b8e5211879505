//! What was heard of a call before and beside its media: ringing, and the responses to the INVITE.

use serde::{Deserialize, Serialize};

use crate::call::CallTime;
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
    pub responses: Vec<SipResponse>,
}

impl Signalling {
    pub fn take(&mut self, event: &CallEvent) {
        match event {
            CallEvent::Ringing(at) => self.ringing = self.ringing.or(Some(*at)),
            CallEvent::Response(at, code, reason) if self.responses.len() < MOST_RESPONSES => {
                self.responses.push(SipResponse { at: *at, code: *code, reason: reason.clone() });
            }
            _ => {}
        }
    }

    /// Dial to the first 180 Ringing or 183 Session Progress: what the caller waits for before it hears anything.
    pub fn post_dial_delay(&self) -> Option<CallTime> {
        let told = self.responses.iter().find(|response| matches!(response.code, 180 | 183)).map(|response| response.at);
        [told, self.ringing].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
