//! One participant's session: what the server says, what both connections do, and the pings, in one loop.

use std::sync::Arc;

use livekit_protocol::{JoinResponse, SessionDescription, SignalTarget, request_response};
use tokio::sync::mpsc;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::RTCPeerConnectionState;

use super::super::call::{Listener, listen};
use super::super::peer::PeerEvent;
use super::super::sdp::{AnswerAudio, sent_audio_of};
use super::super::track::codec_of;
use super::call::RoomCall;
use super::data;
use super::ending::Ending;
use super::keepalive::{KeepAlive, now_millis};
use super::message::{self, Request, Response};
use super::room::Room;
use super::side::Side;
use super::tracks::{OfferedTrack, offered_audio};
use crate::codec::Codec;
use crate::transport::CallEvent;
use crate::websocket::link::{LinkEnd, LinkReader};
use crate::websocket::protocol::Message;

/// Both connections, and what may be spoken over them.
pub(super) struct Sides {
    pub publisher: Side,
    pub subscriber: Side,
    pub codecs: Vec<Codec>,
}

impl Sides {
    fn of(&mut self, target: SignalTarget) -> &mut Side {
        if target == SignalTarget::Publisher { &mut self.publisher } else { &mut self.subscriber }
    }
}

/// Everything of a stay in a room.
pub(super) struct RoomSession {
    reader: LinkReader,
    keepalive: KeepAlive,
    listener: Listener,
    /// Tracks that came before it was known whose they are.
    unclaimed: Vec<(OfferedTrack, Arc<dyn TrackRemote>)>,
    packets: (mpsc::UnboundedSender<Vec<u8>>, mpsc::UnboundedReceiver<Vec<u8>>),
    pub(super) call: Arc<RoomCall>,
    pub(super) sides: Sides,
    pub(super) room: Room,
    /// How the caller's audio is sent, once the server has answered.
    pub(super) sent: Option<AnswerAudio>,
    /// The audio in the server's last offer.
    pub(super) offered: Vec<OfferedTrack>,
}

impl RoomSession {
    /// A session that has just been let in.
    pub fn new(reader: LinkReader, call: Arc<RoomCall>, sides: Sides, listener: Listener, join: &JoinResponse) -> Self {
        let (unclaimed, offered) = (Vec::new(), Vec::new());
        let (keepalive, packets, room) = (KeepAlive::of(join), mpsc::unbounded_channel(), Room::of(join));
        Self { reader, keepalive, listener, unclaimed, packets, call, sides, room, sent: None, offered }
    }

    /// Takes the next thing that happens.
    pub async fn step(&mut self) -> Result<(), Ending> {
        tokio::select! {
            message = self.reader.next() => self.heard(message).await?,
            event = self.sides.publisher.peer.events.recv() => self.happened(SignalTarget::Publisher, event).await?,
            event = self.sides.subscriber.peer.events.recv() => self.happened(SignalTarget::Subscriber, event).await?,
            Some(packet) = self.packets.1.recv() => {
                let now = self.listener.clock.now();
                data::reports(&packet, &self.room).into_iter().for_each(|report| self.send(CallEvent::Report(now, report)));
            }
            alive = self.keepalive.due() => self.ping(alive)?,
        }
        Ok(())
    }

    /// Follows an answered call until it ends.
    pub async fn follow(mut self) {
        let left = self.call.left.clone();
        let ending = loop {
            tokio::select! {
                () = left.cancelled() => return,
                step = self.step() => if let Err(ending) = step { break ending },
            }
        };
        if !left.is_cancelled() {
            self.send(ending.event(self.listener.clock.now()));
        }
    }

    fn send(&self, event: CallEvent) {
        // Nobody listens once the call is over.
        let _over = self.listener.events.send(event);
    }

    fn ping(&mut self, alive: bool) -> Result<(), Ending> {
        if !alive {
            return Err(Ending::Broken("the LiveKit server stopped answering pings".to_owned()));
        }
        let now = now_millis();
        self.call.send(message::ping(now, self.keepalive.rtt_millis));
        // Servers older than `PingReq` count these.
        self.call.send(Request::Ping(now));
        Ok(())
    }

    async fn heard(&mut self, message: Result<Message, LinkEnd>) -> Result<(), Ending> {
        let bytes = match message {
            Ok(Message::Binary(bytes)) => bytes,
            Ok(Message::Text(_)) => return Ok(()),
            Err(LinkEnd::Closed(_)) => return Err(Ending::Broken("the LiveKit server closed the signalling without a Leave".to_owned())),
            Err(LinkEnd::Broken(why)) => return Err(Ending::Broken(format!("the signalling of the LiveKit server broke: {why}"))),
        };
        match message::read_response(&bytes) {
            Ok(Some(response)) => self.take(response).await,
            // A kind that is newer than this program.
            Ok(None) => Ok(()),
            Err(error) => Err(Ending::Broken(format!("the LiveKit server sent something that is not a LiveKit message ({error})"))),
        }
    }

    async fn take(&mut self, response: Response) -> Result<(), Ending> {
        match response {
            Response::TrackPublished(_) => self.offer().await?,
            Response::Answer(answer) => self.answered(answer).await?,
            Response::Offer(offer) => self.answer(offer).await?,
            Response::Trickle(trickle) => self.sides.of(trickle.target()).trickled(&trickle).await,
            Response::Update(update) => {
                if update.participants.iter().any(|news| self.room.update(news)) {
                    return Err(Ending::Left("the agent left the room".to_owned()));
                }
                self.claim().await;
            }
            Response::PongResp(pong) => self.keepalive.pong(now_millis() - pong.last_ping_timestamp),
            Response::Pong(_) => self.keepalive.pong(self.keepalive.rtt_millis),
            Response::Leave(leave) => return Err(Ending::of(&leave)),
            Response::RequestResponse(refusal) if refusal.reason() == request_response::Reason::NotAllowed => {
                let why = "the LiveKit server does not let the caller publish its microphone; make a token with `canPublish`";
                return Err(Ending::Broken(format!("{why} ({})", crate::transport::quote(&refusal.message))));
            }
            _ => {}
        }
        Ok(())
    }

    /// Offers the microphone, with the channels that a server without subscriber channels talks on.
    async fn offer(&mut self) -> Result<(), Ending> {
        let unable = |error: String| Ending::Broken(format!("no WebRTC offer: {error}"));
        for label in data::LABELS {
            let channel = self.sides.publisher.peer.connection.create_data_channel(label, None).await;
            data::follow(channel.map_err(|error| unable(error.to_string()))?, self.packets.0.clone());
        }
        let sdp = self.sides.publisher.peer.offer().await.map_err(unable)?;
        self.call.send(Request::Offer(message::description("offer", sdp, 1)));
        Ok(())
    }

    async fn answered(&mut self, answer: SessionDescription) -> Result<(), Ending> {
        let unusable = |why: String| Ending::Broken(format!("the LiveKit server gave an answer {why}"));
        self.sent = Some(sent_audio_of(&answer.sdp, &self.sides.codecs).map_err(unusable)?);
        self.sides.publisher.accept(answer.sdp).await.map_err(|error| unusable(format!("that cannot be used ({error})")))
    }

    async fn answer(&mut self, offer: SessionDescription) -> Result<(), Ending> {
        self.offered = offered_audio(&offer.sdp);
        let unusable = |error| Ending::Broken(format!("the LiveKit server made an offer that cannot be used ({error})"));
        let sdp = self.sides.subscriber.answer(offer.sdp).await.map_err(unusable)?;
        self.call.send(Request::Answer(message::description("answer", sdp, offer.id)));
        self.claim().await;
        Ok(())
    }

    async fn happened(&mut self, target: SignalTarget, event: Option<PeerEvent>) -> Result<(), Ending> {
        let side = self.sides.of(target);
        let event = event.ok_or(Ending::Ice)?;
        if let Some(trickle) = side.trickle(&event) {
            self.call.send(Request::Trickle(trickle));
        }
        match event {
            PeerEvent::State(RTCPeerConnectionState::Disconnected) => {
                let what = "the LiveKit server gives no sign of life (ICE)".to_owned();
                self.send(CallEvent::Lost(self.listener.clock.now(), what));
            }
            PeerEvent::State(state) if side.note(state) => return Err(Ending::Ice),
            PeerEvent::Track(track) => {
                let name = OfferedTrack::of(&track.stream_id().await, &track.track_id().await);
                self.unclaimed.push((name, track));
                self.claim().await;
            }
            PeerEvent::Channel(channel) => data::follow(channel, self.packets.0.clone()),
            PeerEvent::State(_) | PeerEvent::Candidate(_) | PeerEvent::Gathered | PeerEvent::Reached => {}
        }
        Ok(())
    }

    /// Listens to the tracks that turn out to be the agent's.
    async fn claim(&mut self) {
        for (name, track) in std::mem::take(&mut self.unclaimed) {
            match codec_of(&track, &self.sides.codecs).await.filter(|_| self.room.is_agents(&name)) {
                Some(codec) => drop(tokio::spawn(listen(track, codec, self.listener.clone()))),
                None => self.unclaimed.push((name, track)),
            }
        }
    }
}
