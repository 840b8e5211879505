//! No bytes of the other side's make the reader panic, what is written reads back, and calls to the sample bot's room.

use livekit_protocol::{DisconnectReason, SignalTarget, TrickleRequest};
use proptest::prelude::*;
use rtc::peer_connection::transport::RTCIceCandidateInit;
use tokio::sync::mpsc;

use super::message::{self, Request, Response};
use super::side::Side;
use crate::bot::{Bot, BotOptions, Library};
use crate::clock::CallClock;
use crate::codec::Codec;
use crate::scenario::{BotAccess, BotTarget, Fault, Signalling};
use crate::telemetry::{Report, TraceContext};
use crate::transport::{Call, CallEvent, Dial, DialError, DialErrorKind, Transport};
use crate::webrtc::{Peer, PeerOptions, WebRtcTransport};

#[test]
fn candidates_come_back_as_they_were_sent() {
    let candidate = RTCIceCandidateInit {
        candidate: "candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host".to_owned(),
        sdp_mid: Some("0".to_owned()),
        sdp_mline_index: Some(0),
        ..RTCIceCandidateInit::default()
    };
    let sent = message::trickle(&candidate, SignalTarget::Publisher).expect("trickle");
    insta::assert_snapshot!(sent.candidate_init, @r#"{"candidate":"candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":null}"#);
    assert_eq!((message::candidate_of(&sent), sent.target()), (Some(candidate), SignalTarget::Publisher));
    let last = TrickleRequest { candidate_init: r#"{"candidate":"","sdpMid":"","sdpMLineIndex":0}"#.to_owned(), ..Default::default() };
    assert_eq!(message::candidate_of(&last), None);
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
        let trickle = TrickleRequest { candidate_init: text, ..Default::default() };
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

/// A server sends every track of the room, a camera's too.
#[tokio::test]
async fn video_does_not_keep_an_offer_from_being_answered() {
    let microphone = Some(("PA_bot".to_owned(), "TR_voice".to_owned()));
    let options = PeerOptions { codecs: vec![Codec::Opus], local: true, microphone, one_way: true, ..PeerOptions::default() };
    let mut server = Peer::new(&options).await.expect("server");
    let offer = server.offer().await.expect("offer");
    let line = |name: &str| offer.lines().find(|line| line.starts_with(name)).expect(name).to_owned();
    let (user, password) = (line("a=ice-ufrag:"), line("a=ice-pwd:"));
    let video = format!(
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:1\r\n{user}\r\n{password}\r\na=rtcp-mux\r\n\
         a=rtpmap:96 VP8/90000\r\na=msid:PA_bot TR_camera\r\na=ssrc:77 cname:PA_bot\r\na=ssrc:77 msid:PA_bot TR_camera\r\na=sendonly\r\n"
    );
    let offer = offer.replace("a=group:BUNDLE 0", "a=group:BUNDLE 0 1") + &video;
    let mut side = Side::new(&PeerOptions { microphone: None, ..options }, SignalTarget::Subscriber).await.expect("caller");
    let answer = side.answer(offer).await.expect("answer");
    assert!(answer.contains("m=audio 9") && answer.contains("m=video 0") && answer.contains("a=recvonly"), "{answer}");
    server.accept(answer).await.expect("a usable answer");
}

/// A call to the sample bot's room, in this process.
async fn call(fault: Option<Fault>) -> (Result<Call, DialError>, mpsc::UnboundedReceiver<CallEvent>, (Bot, WebRtcTransport)) {
    let library = Library::load(None).expect("scripts");
    let bot = Bot::start(BotOptions::local(library, fault)).await.expect("bot");
    let over = BotAccess::WebRtc(Signalling::LiveKit);
    let target = bot.target(&BotTarget { over, fault, ..BotTarget::default() });
    let (events, heard) = mpsc::unbounded_channel();
    let transport = WebRtcTransport::default();
    let call = transport
        .dial(Dial { target, clock: CallClock::start(), trace: TraceContext::random(), capture: None, events: events.into() })
        .await;
    (call, heard, (bot, transport))
}

#[tokio::test]
async fn the_agent_is_heard_and_says_that_it_listens() {
    let (call, mut events, _alive) = call(None).await;
    let call = call.expect("a call");
    let (mut frames, mut ready) = (0, false);
    while frames < 5 || !ready {
        match events.recv().await.expect("an event") {
            CallEvent::Media(frame) => frames += usize::from(frame.samples.len() == 160),
            CallEvent::Report(_, report) => ready = report == Report::BotReady,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(call.codec, "opus");
    call.control.hang_up().await;
    assert!(call.control.reception().packets >= 5);
}

#[tokio::test]
async fn a_room_without_an_agent_is_said_to_have_none() {
    let (call, ..) = call(Some(Fault::NoAnswer)).await;
    let error = call.err().expect("nobody there");
    assert_eq!(error.kind, DialErrorKind::NoAnswer);
    assert!(error.message.starts_with("no agent joined the LiveKit room `goldencall-"), "{error}");
}
