//! No bytes of the other side's make the reader panic, and what is written reads back.

use livekit_protocol::{DisconnectReason, SignalTarget};
use proptest::prelude::*;
use rtc::peer_connection::transport::RTCIceCandidateInit;

use super::message::{self, Request, Response};

#[test]
fn candidates_come_back_as_they_were_sent() {
    let candidate = RTCIceCandidateInit {
        candidate: "candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host".to_owned(),
        sdp_mid: Some("0".to_owned()),
        sdp_mline_index: Some(0),
        ..RTCIceCandidateInit::default()
    };
    let sent = message::trickle(Some(&candidate), SignalTarget::Publisher).expect("trickle");
    insta::assert_snapshot!(sent.candidate_init, @r#"{"candidate":"candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":null}"#);
    assert_eq!((message::candidate_of(&sent), sent.r#final), (Some(candidate), false));
    let last = message::trickle(None, SignalTarget::Subscriber).expect("trickle");
    assert_eq!((message::candidate_of(&last), last.r#final), (None, true));
}

#[test]
fn messages_read_back() {
    let requests = [
        message::add_microphone("TR_1"),
        message::ping(7, 3),
        Request::Leave(message::leave(DisconnectReason::ClientInitiated)),
        Request::Answer(message::description("answer", "v=0".to_owned(), 4)),
    ];
    for request in requests {
        assert_eq!(message::read_request(&message::write_request(request.clone())), Ok(Some(request)));
    }
    let response = Response::Pong(7);
    assert_eq!(message::read_response(&message::write_response(response.clone())), Ok(Some(response)));
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), text in ".{0,80}") {
        let _any = (message::read_response(&bytes), message::read_request(&bytes));
        let trickle = livekit_protocol::TrickleRequest { candidate_init: text, ..Default::default() };
        let _any = message::candidate_of(&trickle);
    }

    /// Random bytes seldom come as far as nested messages: a good one with a wrong byte does.
    #[test]
    fn no_damage_makes_the_readers_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let participant = livekit_protocol::ParticipantInfo { sid: "PA_1".to_owned(), identity: "agent".to_owned(), ..Default::default() };
        let join = livekit_protocol::JoinResponse { other_participants: vec![participant], ping_interval: 5, ..Default::default() };
        let mut bytes = message::write_response(Response::Join(join));
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(Some(Response::Join(join))) = message::read_response(&bytes) {
            let _any = super::room::Room::of(&join);
        }
    }
}
