//! Data packets on the channels `_reliable` and `_lossy`: what the agent says of itself there.

use std::sync::Arc;

use livekit_protocol::{DataPacket, Transcription, data_packet};
use prost::Message as _;
use tokio::sync::mpsc;
use webrtc::data_channel::{DataChannel, DataChannelEvent};

use super::super::channel::MOST_BYTES;
use super::room::Room;
use crate::telemetry::{Report, rtvi};

/// The labels of the two channels.
pub(super) const LABELS: [&str; 2] = ["_reliable", "_lossy"];

/// What one packet says; nothing where it is unknown, malformed or of no interest.
pub(super) fn reports(bytes: &[u8], room: &Room) -> Vec<Report> {
    match DataPacket::decode(bytes).ok().and_then(|packet| packet.value) {
        Some(data_packet::Value::Transcription(transcription)) => transcribed(&transcription, room),
        Some(data_packet::Value::User(user)) => rtvi::parse(&String::from_utf8_lossy(&user.payload)),
        _ => Vec::new(),
    }
}

/// Hands in the packets of a channel until it closes.
pub(super) fn follow(channel: Arc<dyn DataChannel>, packets: mpsc::UnboundedSender<Vec<u8>>) {
    tokio::spawn(async move {
        while let Some(event) = channel.poll().await {
            match event {
                DataChannelEvent::OnMessage(message) if !handed_in(&message.data, &packets) => return,
                DataChannelEvent::OnClose => return,
                _ => {}
            }
        }
    });
}

/// False once nobody takes packets any more. One that is too long is left out.
fn handed_in(packet: &[u8], packets: &mpsc::UnboundedSender<Vec<u8>>) -> bool {
    packet.len() > MOST_BYTES || packets.send(packet.to_vec()).is_ok()
}

/// Agents send each text a second time, as a stream with the topic `lk.transcription` and an id of its own there: that
/// one is left out. A segment grows until it is final: of the agent's only the final text counts.
fn transcribed(transcription: &Transcription, room: &Room) -> Vec<Report> {
    let who = transcription.transcribed_participant_identity.as_str();
    let is_agent = room.agent().is_some_and(|agent| agent.identity == who);
    let is_caller = who == room.own_identity;
    let segments = transcription.segments.iter().map(|segment| (segment, segment.text.trim())).filter(|(_, text)| !text.is_empty());
    let report = |(segment, text): (&livekit_protocol::TranscriptionSegment, &str)| {
        let (text, is_final) = (text.to_owned(), segment.r#final);
        if is_caller {
            return Some(Report::UserTranscription { text, is_final });
        }
        (is_agent && is_final).then(|| Report::BotOutput { text, segment: Some(segment.id.clone()).filter(|id| !id.is_empty()) })
    };
    segments.filter_map(report).collect()
}

#[cfg(test)]
mod tests {
    use livekit_protocol::{JoinResponse, ParticipantInfo, TranscriptionSegment, UserPacket, participant_info};
    use proptest::prelude::*;

    use super::*;

    fn room() -> Room {
        let someone = |sid: &str, identity: &str, kind: participant_info::Kind| ParticipantInfo {
            sid: sid.to_owned(),
            identity: identity.to_owned(),
            kind: kind.into(),
            ..ParticipantInfo::default()
        };
        Room::of(&JoinResponse {
            participant: Some(someone("PA_me", "caller", participant_info::Kind::Standard)),
            other_participants: vec![someone("PA_bot", "agent", participant_info::Kind::Agent)],
            ..JoinResponse::default()
        })
    }

    fn said(value: data_packet::Value) -> Vec<Report> {
        reports(&DataPacket { value: Some(value), ..DataPacket::default() }.encode_to_vec(), &room())
    }

    fn spoken(by: &str, text: &str, is_final: bool) -> data_packet::Value {
        let segment = TranscriptionSegment { id: "SG_1".to_owned(), text: text.to_owned(), r#final: is_final, ..Default::default() };
        let transcribed_participant_identity = by.to_owned();
        data_packet::Value::Transcription(Transcription { transcribed_participant_identity, segments: vec![segment], ..Default::default() })
    }

    #[test]
    fn transcriptions_are_the_callers_or_the_agents() {
        let heard = Report::UserTranscription { text: "Hello".to_owned(), is_final: false };
        assert_eq!(said(spoken("caller", " Hello ", false)), [heard]);
        let output = Report::BotOutput { text: "Good day.".to_owned(), segment: Some("SG_1".to_owned()) };
        assert_eq!(said(spoken("agent", "Good day.", true)), [output]);
        assert_eq!(said(spoken("agent", "Good", false)), []);
        assert_eq!(said(spoken("somebody", "Good day.", true)), []);
    }

    #[test]
    fn rtvi_messages_come_in_user_packets() {
        let payload = br#"{"label":"rtvi-ai","type":"bot-ready","data":{}}"#.to_vec();
        assert_eq!(said(data_packet::Value::User(UserPacket { payload, ..UserPacket::default() })), [Report::BotReady]);
    }

    #[test]
    fn a_packet_that_is_too_long_is_left_out() {
        let (packets, mut taken) = mpsc::unbounded_channel();
        assert!(handed_in(&vec![1; MOST_BYTES + 1], &packets) && handed_in(&[2], &packets) && handed_in(&vec![3; MOST_BYTES], &packets));
        assert_eq!(taken.try_recv(), Ok(vec![2]));
        assert_eq!(taken.try_recv().map(|packet| packet.len()), Ok(MOST_BYTES));
        drop(taken);
        assert!(!handed_in(&[2], &packets));
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _any = reports(&bytes, &room());
        }
    }
}
