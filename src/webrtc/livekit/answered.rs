//! Whether a call is answered, and if not, what is missing.

use std::sync::Arc;

use super::super::call::RtcSink;
use super::super::sdp::AnswerAudio;
use super::room_session::RoomSession;
use crate::transport::{CallControl, DialError, DialErrorKind};

impl RoomSession {
    /// Whether the agent can be heard and can hear; from then on the call stays with this agent.
    pub fn is_answered(&mut self) -> bool {
        let connected = self.sides.publisher.connected && self.sides.subscriber.connected && self.sent.is_some();
        if !connected || !self.offered.iter().any(|track| self.room.is_agents(track)) {
            return false;
        }
        if let Some(sid) = self.room.agent().map(|agent| agent.sid.clone()) {
            self.room.choose(&sid);
        }
        true
    }

    /// Starts to speak.
    pub fn microphone(&self) -> Result<(RtcSink, AnswerAudio), String> {
        let audio = self.sent.ok_or("the server took no audio")?;
        let speaking = &self.sides.publisher.peer;
        let _once = self.call.lag.set(speaking.lag.clone());
        Ok((RtcSink(speaking.microphone(audio)?), audio))
    }

    /// The room and the server's id of the caller's stay: what its logs have.
    pub fn call_id(&self) -> String {
        format!("{}/{}", self.room.name, self.room.own_sid)
    }

    /// The call's controls.
    pub fn control(&self) -> Arc<dyn CallControl> {
        Arc::clone(&self.call) as Arc<dyn CallControl>
    }

    /// What was still missing when the time was over: one sentence.
    pub fn missing(&self, server: &str, seconds: f32) -> DialError {
        let name = &self.room.name;
        let error = |kind, what: String| DialError::new(kind, format!("{what} within {seconds} s"));
        let no_answer = |what: String, fix: &str| DialError::new(DialErrorKind::NoAnswer, format!("{what} within {seconds} s; {fix}"));
        let Some(agent) = self.room.agent() else {
            return match self.room.anybody() {
                None => {
                    let fix = "does the agent run, and is it dispatched to rooms of this name?";
                    no_answer(format!("no agent joined the LiveKit room `{name}` at {server}"), fix)
                }
                Some(someone) => {
                    let who = &someone.identity;
                    no_answer(format!("`{who}` is in the LiveKit room `{name}` and published no audio"), "is it the bot?")
                }
            };
        };
        let who = &agent.identity;
        if agent.audio.is_empty() {
            return no_answer(format!("the agent `{who}` joined the LiveKit room `{name}` and published no audio"), "see the agent's log");
        }
        if !self.offered.iter().any(|track| self.room.is_agents(track)) {
            let what = format!("the LiveKit server at {server} did not offer the audio of the agent `{who}`");
            return error(DialErrorKind::NoResponse, what);
        }
        if self.sent.is_none() {
            return error(DialErrorKind::NoResponse, format!("the LiveKit server at {server} did not take the caller's microphone"));
        }
        let which = if self.sides.subscriber.connected { "what the caller says" } else { "the agent's audio" };
        let what = format!("ICE and DTLS with the LiveKit server at {server} did not get through for {which}");
        DialError::new(
            DialErrorKind::NoResponse,
            format!("{what} within {seconds} s; check firewalls, `ice_servers` and the server's public address"),
        )
    }
}
