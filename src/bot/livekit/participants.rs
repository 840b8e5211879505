//! The participants of the room, as the server announces them.

use livekit_protocol::{
    JoinResponse, ParticipantInfo, ParticipantUpdate, Room, ServerInfo, TrackInfo, TrackPublishedResponse, TrackSource, TrackType,
    participant_info,
};

use crate::webrtc::livekit::message::Response;
use crate::webrtc::livekit::token::Claims;

/// Seconds between the caller's pings, and after how many the server gives up.
const PING_SECONDS: (i32, i32) = (5, 15);
/// The protocol that this server speaks.
const PROTOCOL: i32 = 15;

/// The room, the caller and the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Participants {
    room: String,
    caller: String,
    caller_sid: String,
    agent_sid: String,
    /// The agent's audio.
    track_sid: String,
}

impl Participants {
    /// The caller of this token and an agent.
    pub fn of(claims: &Claims) -> Self {
        let sid = |prefix: &str| format!("{prefix}_{:012x}", rand::random::<u64>() >> 16);
        let (caller_sid, agent_sid, track_sid) = (sid("PA"), sid("PA"), sid("TR"));
        Self { room: claims.video.room.clone(), caller: claims.sub.clone(), caller_sid, agent_sid, track_sid }
    }

    /// The ids of the agent's stream and track in the server's offers.
    pub fn microphone(&self) -> (String, String) {
        (self.agent_sid.clone(), self.track_sid.clone())
    }

    /// The call's id in the bot's log, which the caller can derive as well.
    pub fn call_id(&self) -> String {
        format!("{}/{}", self.room, self.caller_sid)
    }

    /// The server's first message; in a room without an agent the caller is alone.
    pub fn join(&self, with_agent: bool) -> Response {
        let agent = with_agent.then(|| self.agent(participant_info::State::Joined));
        Response::Join(JoinResponse {
            room: Some(Room { sid: format!("RM_{}", &self.caller_sid), name: self.room.clone(), ..Room::default() }),
            participant: Some(ParticipantInfo {
                sid: self.caller_sid.clone(),
                identity: self.caller.clone(),
                state: participant_info::State::Joined.into(),
                ..ParticipantInfo::default()
            }),
            other_participants: agent.into_iter().collect(),
            subscriber_primary: true,
            ping_interval: PING_SECONDS.0,
            ping_timeout: PING_SECONDS.1,
            server_info: Some(ServerInfo { version: env!("CARGO_PKG_VERSION").to_owned(), protocol: PROTOCOL, ..ServerInfo::default() }),
            ..JoinResponse::default()
        })
    }

    /// The agent publishes its audio.
    pub fn agent_speaks(&self) -> Response {
        let tracks = vec![TrackInfo { sid: self.track_sid.clone(), ..audio("voice") }];
        let agent = ParticipantInfo { tracks, is_publisher: true, ..self.agent(participant_info::State::Active) };
        Response::Update(ParticipantUpdate { participants: vec![agent] })
    }

    /// The agent has gone.
    pub fn agent_left(&self) -> Response {
        Response::Update(ParticipantUpdate { participants: vec![self.agent(participant_info::State::Disconnected)] })
    }

    fn agent(&self, state: participant_info::State) -> ParticipantInfo {
        ParticipantInfo {
            sid: self.agent_sid.clone(),
            identity: "goldencall-bot".to_owned(),
            state: state.into(),
            kind: participant_info::Kind::Agent.into(),
            ..ParticipantInfo::default()
        }
    }

    /// Confirms the caller's track.
    pub fn published(&self, cid: &str) -> Response {
        let track = TrackInfo { sid: format!("TR_{cid}"), ..audio("microphone") };
        Response::TrackPublished(TrackPublishedResponse { cid: cid.to_owned(), track: Some(track) })
    }
}

fn audio(name: &str) -> TrackInfo {
    TrackInfo {
        r#type: TrackType::Audio.into(),
        source: TrackSource::Microphone.into(),
        name: name.to_owned(),
        mime_type: "audio/opus".to_owned(),
        ..TrackInfo::default()
    }
}
