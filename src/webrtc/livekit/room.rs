//! Who is in the room, and which of them is the agent.

use livekit_protocol::{JoinResponse, ParticipantInfo, TrackSource, TrackType, participant_info};

use super::tracks::OfferedTrack;

/// A participant besides the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Participant {
    /// The server's id of its stay.
    pub sid: String,
    /// Its name for itself.
    pub identity: String,
    /// It is one of LiveKit's agents.
    pub is_agent: bool,
    /// Ids of the audio tracks that it publishes, its voice first.
    pub audio: Vec<String>,
}

/// The room as the server describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// Its name.
    pub name: String,
    /// The server's id of the caller's own stay.
    pub own_sid: String,
    /// The caller's identity.
    pub own_identity: String,
    /// In the order in which they came.
    others: Vec<Participant>,
    /// Id of the participant that is being talked to.
    chosen: Option<String>,
}

impl Room {
    /// The room that was joined.
    pub fn of(join: &JoinResponse) -> Self {
        let own = join.participant.clone().unwrap_or_default();
        let name = join.room.as_ref().map(|room| room.name.clone()).unwrap_or_default();
        let mut room = Self { name, own_sid: own.sid, own_identity: own.identity, others: Vec::new(), chosen: None };
        for participant in &join.other_participants {
            room.update(participant);
        }
        room
    }

    /// Takes news of a participant; true where the chosen agent has left.
    pub fn update(&mut self, news: &ParticipantInfo) -> bool {
        if news.sid.is_empty() || news.sid == self.own_sid {
            return false;
        }
        if news.state() == participant_info::State::Disconnected {
            self.others.retain(|other| other.sid != news.sid);
            return self.chosen.as_ref() == Some(&news.sid);
        }
        let mut audio: Vec<_> = news.tracks.iter().filter(|track| track.r#type() == TrackType::Audio).collect();
        // An agent may play background noise on a track of its own.
        audio.sort_by_key(|track| track.source() != TrackSource::Microphone);
        let audio = audio.into_iter().map(|track| track.sid.clone()).collect();
        let is_agent = news.kind() == participant_info::Kind::Agent;
        let participant = Participant { sid: news.sid.clone(), identity: news.identity.clone(), is_agent, audio };
        match self.others.iter_mut().find(|other| other.sid == news.sid) {
            Some(known) => *known = participant,
            None => self.others.push(participant),
        }
        false
    }

    /// The one to talk to: an agent of LiveKit's where there is one, else whoever speaks first. Bots of other frameworks
    /// join as plain participants.
    pub fn agent(&self) -> Option<&Participant> {
        let chosen = self.chosen.as_ref().and_then(|sid| self.others.iter().find(|other| other.sid == *sid));
        let agent = || self.others.iter().find(|other| other.is_agent);
        let speaker = || self.others.iter().find(|other| !other.audio.is_empty());
        chosen.or_else(agent).or_else(speaker)
    }

    /// Somebody who is there, for a message.
    pub fn anybody(&self) -> Option<&Participant> {
        self.others.first()
    }

    /// Stays with this participant from now on.
    pub fn choose(&mut self, sid: &str) {
        self.chosen = Some(sid.to_owned());
    }

    /// Whether a track is the agent's voice.
    pub fn is_agents(&self, track: &OfferedTrack) -> bool {
        let Some(agent) = self.agent() else { return false };
        let Some(voice) = agent.audio.first() else { return false };
        *voice == track.track || (agent.sid == track.participant && !agent.audio.contains(&track.track))
    }
}

#[cfg(test)]
mod tests {
    use livekit_protocol::TrackInfo;

    use super::*;

    fn info(sid: &str, kind: participant_info::Kind, tracks: &[&str]) -> ParticipantInfo {
        let track = |sid: &&str| TrackInfo { sid: (*sid).to_owned(), r#type: TrackType::Audio.into(), ..TrackInfo::default() };
        let tracks = tracks.iter().map(track).collect();
        ParticipantInfo { sid: sid.to_owned(), identity: format!("id-{sid}"), kind: kind.into(), tracks, ..ParticipantInfo::default() }
    }

    fn agent(room: &Room) -> Option<&str> {
        room.agent().map(|agent| agent.sid.as_str())
    }

    #[test]
    fn an_agent_goes_before_whoever_speaks() {
        use participant_info::Kind::{Agent, Standard};
        let own = Some(ParticipantInfo { sid: "me".to_owned(), ..ParticipantInfo::default() });
        let mut room =
            Room::of(&JoinResponse { participant: own, other_participants: vec![info("a", Standard, &[])], ..Default::default() });
        assert_eq!(agent(&room), None);
        room.update(&info("me", Standard, &["TR_me"]));
        room.update(&info("b", Standard, &["TR_b"]));
        assert_eq!(agent(&room), Some("b"));
        room.update(&info("c", Agent, &[]));
        assert_eq!(agent(&room), Some("c"));
        let track = OfferedTrack { participant: "c".to_owned(), track: "TR_c".to_owned() };
        assert!(!room.is_agents(&track));
        room.update(&info("c", Agent, &["TR_c"]));
        assert!(room.is_agents(&track));
        assert!(!room.is_agents(&OfferedTrack { participant: "b".to_owned(), track: "TR_b".to_owned() }));
    }

    #[test]
    fn the_voice_of_an_agent_is_its_microphone() {
        let mut news = info("a", participant_info::Kind::Agent, &["TR_noise", "TR_voice"]);
        news.tracks[1].source = TrackSource::Microphone.into();
        let mut room = Room::default();
        room.update(&news);
        assert!(room.is_agents(&OfferedTrack::of("a|stream", "TR_voice")));
        assert!(!room.is_agents(&OfferedTrack::of("a|stream", "TR_noise")));
    }

    #[test]
    fn the_call_ends_when_the_chosen_agent_leaves_and_not_when_others_do() {
        use participant_info::Kind::{Agent, Standard};
        let gone = |sid: &str| ParticipantInfo { state: participant_info::State::Disconnected.into(), ..info(sid, Standard, &[]) };
        let mut room = Room::default();
        room.update(&info("a", Agent, &["TR_a"]));
        room.update(&info("b", Standard, &["TR_b"]));
        room.choose("a");
        assert!(!room.update(&gone("b")));
        assert!(room.update(&gone("a")));
    }
}
