//! How a stay in a room ends, and what to say of it.

use livekit_protocol::{DisconnectReason, LeaveRequest, leave_request};

use super::super::ice::ice_failed;
use crate::time::CallTime;
use crate::transport::{CallEvent, DialError, DialErrorKind};

/// Why there is nothing more to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The agent left, or the room was closed: the bot hung up.
    Left(String),
    /// ICE or DTLS failed.
    Ice,
    /// Something broke: a sentence.
    Broken(String),
}

impl Ending {
    /// From the server's goodbye.
    pub fn of(leave: &LeaveRequest) -> Self {
        use DisconnectReason as Reason;
        let reason = leave.reason();
        let name = reason.as_str_name();
        match reason {
            Reason::DuplicateIdentity => {
                let fix = "give each caller its own `identity` or room, or run with --jobs 1";
                Self::Broken(format!("another participant with the caller's identity joined the LiveKit room; {fix}"))
            }
            _ if leave.action() != leave_request::Action::Disconnect => Self::Broken(format!(
                "the LiveKit server asks to connect again ({name}); goldencall does not, as the call would have a gap"
            )),
            Reason::ServerShutdown | Reason::Migration | Reason::StateMismatch | Reason::SignalClose => {
                Self::Broken(format!("the LiveKit server ended the session ({name})"))
            }
            Reason::JoinFailure | Reason::ConnectionTimeout | Reason::MediaFailure => {
                Self::Broken(format!("the LiveKit server gave the caller up ({name}): its media connection did not come about or broke"))
            }
            Reason::AgentError => Self::Broken(format!("the agent failed ({name}); see its log")),
            _ => Self::Left(name.to_owned()),
        }
    }

    /// As the end of a call that was answered.
    pub fn event(self, now: CallTime) -> CallEvent {
        match self {
            Self::Left(_) => CallEvent::HungUp(now),
            Self::Ice => CallEvent::Broken(now, "the media connection to the LiveKit server broke (ICE)".to_owned()),
            Self::Broken(why) => CallEvent::Broken(now, why),
        }
    }

    /// As the end of a call that was never answered.
    pub fn error(self, server: &str) -> DialError {
        match self {
            Self::Left(reason) => {
                let message = format!("the LiveKit server at {server} ended the call before the agent was heard ({reason})");
                DialError::new(DialErrorKind::Rejected, message)
            }
            Self::Ice => ice_failed(&format!("the LiveKit server at {server}"), "the server's"),
            Self::Broken(why) => DialError::new(DialErrorKind::BadAnswer, format!("{server}: {why}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_room_is_a_hang_up_and_a_server_that_goes_away_is_none() {
        let said = |reason: DisconnectReason, action: leave_request::Action| {
            let leave = LeaveRequest { reason: reason.into(), action: action.into(), ..LeaveRequest::default() };
            format!("{:?}: {:?}", reason, Ending::of(&leave))
        };
        use leave_request::Action::{Disconnect, Reconnect};
        let said = [
            said(DisconnectReason::RoomDeleted, Disconnect),
            said(DisconnectReason::ParticipantRemoved, Disconnect),
            said(DisconnectReason::UnknownReason, Disconnect),
            said(DisconnectReason::DuplicateIdentity, Disconnect),
            said(DisconnectReason::ServerShutdown, Disconnect),
            said(DisconnectReason::JoinFailure, Disconnect),
            said(DisconnectReason::AgentError, Disconnect),
            said(DisconnectReason::UnknownReason, Reconnect),
        ];
        insta::assert_snapshot!(said.join("\n"));
    }
}
