//! What was heard of a call before its media: ringing, and the responses to the INVITE.

use serde::{Deserialize, Serialize};

use crate::time::CallTime;

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

pub(super) fn keep(responses: &mut Vec<SipResponse>, at: CallTime, code: u16, reason: &str) {
    if responses.len() < MOST_RESPONSES {
        responses.push(SipResponse { at, code, reason: reason.to_owned() });
    }
}

/// Dial to the first 180 Ringing or 183 Session Progress: what the caller waits for before it hears anything. A bot that does
/// not ring is measured by its final response (RFC 6076, section 4.3), except for a challenge, which the caller answers.
pub(super) fn post_dial_delay(ringing: Option<CallTime>, responses: &[SipResponse]) -> Option<CallTime> {
    let first = |of: fn(u16) -> bool| responses.iter().find(|response| of(response.code)).map(|response| response.at);
    let ringing = [first(|code| matches!(code, 180 | 183)), ringing].into_iter().flatten().min();
    ringing.or_else(|| first(|code| code >= 200 && !matches!(code, 401 | 407)))
}
