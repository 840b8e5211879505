//! A session against a peer that is a socket of the test's.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::clock::{CallClock, Monotonic};
use crate::codec::Codec;
use crate::media::telephone_event::TelephoneEvent;
use crate::time::CallTime;
use crate::transport::{CallEvent, MediaSink};

struct Peer {
    socket: UdpSocket,
    sequence: u16,
    ssrc: u32,
}

impl Peer {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("port");
        socket.set_read_timeout(Some(Duration::from_secs(2))).expect("timeout");
        Self { socket, sequence: 0, ssrc: 7 }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("address")
    }

    /// A packet of 20 ms, sealed with this key.
    fn packet(&mut self, number: u8, cipher: Option<&mut Cipher>) -> Vec<u8> {
        let timestamp = u32::from(self.sequence) * 160;
        let mut packet = vec![0x80, number, 0, 0];
        packet[2..].copy_from_slice(&self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend([0x10; 160]);
        self.sequence += 1;
        cipher.map_or(packet.clone(), |cipher| cipher.protect_rtp(&packet).expect("SRTP"))
    }

    fn send(&mut self, to: SocketAddr, number: u8, cipher: Option<&mut Cipher>) {
        let packet = self.packet(number, cipher);
        self.socket.send_to(&packet, to).expect("sent");
    }
}

fn plan(codec: Codec, samples: usize) -> Outgoing {
    Outgoing { codec, number: 0, events: Some(101), samples, active: true }
}

fn session() -> (RtpSession, SocketAddr, mpsc::UnboundedReceiver<CallEvent>) {
    let session = RtpSession::bind(IpAddr::from([127, 0, 0, 1])).expect("ports");
    session.expect([(0, Payload::Voice(Codec::Pcmu)), (101, Payload::Events(8000))].into_iter().collect());
    let (events, incoming) = mpsc::unbounded_channel();
    session.receive(CallClock::start(), events.into());
    let address = session.local_addr().expect("address");
    (session, address, incoming)
}

async fn next(events: &mut mpsc::UnboundedReceiver<CallEvent>) -> CallEvent {
    timeout(Duration::from_secs(2), events.recv()).await.expect("an event in time").expect("an event")
}

fn keys() -> (Keys, Keys) {
    let suite = Suite::Aes128Sha80;
    let (one, other) = (MasterKey::random(suite), MasterKey::random(suite));
    (Keys { suite, local: one.clone(), remote: other.clone() }, Keys { suite, local: other, remote: one })
}

#[tokio::test]
async fn a_wrong_key_is_no_audio_and_a_note() {
    let (session, address, mut events) = session();
    let mut peer = Peer::new();
    session.set_remote(peer.address(), RtcpDestination::Next);
    session.set_keys(keys().0).expect("keys");
    let mut wrong = keys().1.outbound().expect("keys");
    for k in 0..30 {
        peer.send(address, 0, (k % 2 == 0).then_some(&mut wrong));
    }
    let note = next(&mut events).await;
    assert!(matches!(&note, CallEvent::Lost(_, why) if why.contains("cannot be decrypted")), "{note:?}");
    assert_eq!((session.reception().packets, events.try_recv().is_err()), (0, true));
}

#[tokio::test]
async fn srtp_goes_both_ways() {
    let (session, address, mut events) = session();
    let mut peer = Peer::new();
    let (ours, theirs) = keys();
    session.set_remote(peer.address(), RtcpDestination::Muxed);
    session.set_keys(ours).expect("keys");
    peer.send(address, 0, Some(&mut theirs.outbound().expect("keys")));
    assert!(matches!(next(&mut events).await, CallEvent::Media(frame) if frame.samples.len() == 160));
    let mut sink = session.send(plan(Codec::Pcmu, 160)).expect("sender");
    sink.send(&[1000; 160], true).expect("sent");
    let mut buffer = [0_u8; 2000];
    let (length, _) = peer.socket.recv_from(&mut buffer).expect("a packet");
    let plain = theirs.inbound().expect("keys").unprotect_rtp(&buffer[..length]).expect("RTP");
    assert_eq!((length, plain.len()), (12 + 160 + 10, 12 + 160));
}

#[tokio::test]
async fn what_was_not_negotiated_is_told_and_a_stranger_is_not_heard() {
    let (session, address, mut events) = session();
    let (mut peer, mut stranger) = (Peer::new(), Peer::new());
    session.set_remote(peer.address(), RtcpDestination::Next);
    (0..25).for_each(|_| peer.send(address, 18, None));
    peer.send(address, 0, None);
    (0..5).for_each(|_| stranger.send(address, 0, None));
    peer.send(address, 0, None);
    for _ in 0..2 {
        assert!(matches!(next(&mut events).await, CallEvent::Media(_)));
    }
    assert!(timeout(Duration::from_millis(100), events.recv()).await.is_err(), "only the peer is heard");
    assert_eq!(session.reception().packets, 2);
    let (stranger, peer) = (stranger.address(), peer.address());
    let told = [
        format!(
            "0.1 s of audio (5 packets) came from {stranger} and was ignored because the bot's audio comes from {peer}, the address in its SDP"
        ),
        "a packet of RTP payload type 18 (G.729) came, which was not negotiated (25 times)".to_owned(),
    ];
    assert_eq!(session.ignored(), told);
}

#[tokio::test]
async fn a_stream_that_goes_on_from_another_port_is_heard_and_answered_there() {
    let (session, address, mut events) = session();
    let mut peer = Peer::new();
    session.set_remote(peer.address(), RtcpDestination::Next);
    (0..3).for_each(|_| peer.send(address, 0, None));
    for _ in 0..3 {
        assert!(matches!(next(&mut events).await, CallEvent::Media(_)));
    }
    // The NAT in between has bound another port.
    peer.socket = Peer::new().socket;
    peer.send(address, 0, None);
    let note = next(&mut events).await;
    assert!(matches!(&note, CallEvent::Lost(_, why) if why.contains("was followed there")), "{note:?}");
    assert!(matches!(next(&mut events).await, CallEvent::Media(_)));
    let mut sink = session.send(plan(Codec::Pcmu, 160)).expect("sender");
    sink.send(&[1000; 160], true).expect("sent");
    let mut buffer = [0_u8; 2000];
    assert_eq!(peer.socket.recv_from(&mut buffer).expect("a packet").0, 12 + 160);
    assert_eq!((session.reception().packets, session.reception().lost, session.ignored().len()), (4, 0, 0));
}

#[tokio::test]
async fn what_a_stranger_sent_first_is_disowned() {
    let (session, address, mut events) = session();
    let (mut peer, mut stranger) = (Peer::new(), Peer { ssrc: 8, ..Peer::new() });
    session.set_remote(peer.address(), RtcpDestination::Next);
    stranger.send(address, 0, None);
    assert!(matches!(next(&mut events).await, CallEvent::Media(_)));
    peer.send(address, 0, None);
    let theirs = next(&mut events).await;
    assert!(matches!(&theirs, CallEvent::Disowned(ssrc, _) if *ssrc == stranger.ssrc), "{theirs:?}");
    let note = next(&mut events).await;
    assert!(matches!(&note, CallEvent::Lost(_, why) if why.contains("is ignored from here on")), "{note:?}");
    assert!(matches!(next(&mut events).await, CallEvent::Media(frame) if frame.ssrc == peer.ssrc));
}

#[tokio::test]
async fn a_peer_that_moves_keeps_what_it_sent_before() {
    let (session, address, mut events) = session();
    let (mut before, mut after) = (Peer::new(), Peer { ssrc: 8, ..Peer::new() });
    session.set_remote(before.address(), RtcpDestination::Next);
    before.send(address, 0, None);
    let CallEvent::Media(first) = next(&mut events).await else { panic!("audio") };
    session.set_remote(after.address(), RtcpDestination::Next);
    // On the way when it moved.
    before.send(address, 0, None);
    let CallEvent::Media(last) = next(&mut events).await else { panic!("audio") };
    after.send(address, 0, None);
    let disowned = next(&mut events).await;
    let since = |at: &CallTime| *at > first.arrival && *at <= last.arrival;
    assert!(matches!(&disowned, CallEvent::Disowned(7, at) if since(at)), "{disowned:?}");
}

#[tokio::test]
async fn a_hold_is_no_loss_to_the_peer() {
    let (session, _, _events) = session();
    let peer = Peer::new();
    session.set_remote(peer.address(), RtcpDestination::Next);
    let normal = plan(Codec::Pcmu, 160);
    let mut sink = session.send(normal).expect("sender");
    let mut buffer = [0_u8; 2000];
    let mut numbers = |active| {
        session.retarget(Outgoing { active, ..normal });
        sink.send(&[0; 160], false).expect("sent");
        active.then(|| {
            let _packet = peer.socket.recv_from(&mut buffer).expect("a packet");
            (u16::from_be_bytes([buffer[2], buffer[3]]), u32::from_be_bytes([buffer[4], buffer[5], buffer[6], buffer[7]]))
        })
    };
    let (before, _) = (numbers(true).expect("a packet"), numbers(false));
    let after = numbers(true).expect("a packet");
    assert_eq!((after.0.wrapping_sub(before.0), after.1.wrapping_sub(before.1)), (1, 320), "the time of the hold passes all the same");
}

#[tokio::test]
async fn digits_take_the_place_of_audio() {
    let (session, _, _events) = session();
    let peer = Peer::new();
    session.set_remote(peer.address(), RtcpDestination::Next);
    let mut sink = session.send(plan(Codec::Pcmu, 160)).expect("sender");
    let pressing = session.press("5");
    let sending = async {
        // The press is queued before the first packet is asked for.
        tokio::task::yield_now().await;
        (0..12).for_each(|k| drop(sink.send(&[0; 160], k == 0)));
        std::future::pending::<()>().await;
    };
    let sent = tokio::select! { sent = pressing => sent.expect("sent"), () = sending => unreachable!() };
    assert!(sent.first < sent.last);
    let mut buffer = [0_u8; 2000];
    let mut packets = Vec::new();
    for _ in 0..12 {
        let (length, _) = peer.socket.recv_from(&mut buffer).expect("a packet");
        let event = (buffer[1] & 0x7f == 101).then(|| TelephoneEvent::parse(&buffer[12..length]).expect("event"));
        packets.push((buffer[1] >> 7, u16::from_be_bytes([buffer[2], buffer[3]]), buffer[4..8].to_vec(), event));
    }
    let events: Vec<_> = packets.iter().filter_map(|packet| packet.3).collect();
    assert_eq!(
        events.iter().map(|event| (event.duration, event.end)).collect::<Vec<_>>(),
        [(160, false), (320, false), (480, false), (640, false), (800, true), (800, true), (800, true)]
    );
    let sequence = |k: usize| packets[k].1;
    assert!((1..12).all(|k| sequence(k) == sequence(k - 1).wrapping_add(1)));
    assert!(packets.iter().filter(|packet| packet.3.is_some()).all(|packet| packet.2 == packets[0].2), "one timestamp");
    let stamp = |k: usize| u32::from_be_bytes(packets[k].2.clone().try_into().expect("four octets"));
    assert_eq!(stamp(7).wrapping_sub(stamp(0)), 7 * 160, "audio goes on where it would be");
}

#[tokio::test]
async fn what_waits_in_the_socket_has_not_been_read() {
    let (session, address, mut incoming) = session();
    let mut peer = Peer::new();
    session.set_remote(peer.address(), RtcpDestination::Muxed);
    // Without a packet the note goes on all the same.
    let start = Monotonic::now();
    while session.read_until() <= start {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    peer.send(address, 0, None);
    let sent = Monotonic::now();
    assert!(session.read_until() < sent, "nothing has run since");
    while session.read_until() < sent {
        tokio::task::yield_now().await;
    }
    assert!(matches!(incoming.try_recv(), Ok(CallEvent::Media(_))), "noted as read before it was handed in");
}

#[tokio::test]
async fn a_session_that_has_ended_holds_nothing_up() {
    let (session, _, _incoming) = session();
    session.stop();
    while session.read_until() != Monotonic(i64::MAX) {
        tokio::task::yield_now().await;
    }
}
