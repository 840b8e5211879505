//! One caller's session in the room: the server's part of the signalling and the agent's line.

use std::sync::{Arc, mpsc};

use axum::extract::ws::{Message, WebSocket};
use livekit_protocol::{DisconnectReason, Pong, SignalTarget};
use tokio_util::sync::CancellationToken;

use super::super::call_options::CallOptions;
use super::super::line::{self, Line};
use super::super::state::BotState;
use super::super::webrtc::{CODECS, listen};
use super::super::wire::{ReceivedAudio, RtcWire};
use super::participants::Participants;
use super::telemetry;
use crate::scenario::Fault;
use crate::webrtc::livekit::message::{self, Request, Response};
use crate::webrtc::livekit::side::Side;
use crate::webrtc::livekit::token::Claims;
use crate::webrtc::sdp::AnswerAudio;
use crate::webrtc::{PeerEvent, PeerOptions, codec_of, sent_audio_of};

/// The session is over, for whatever reason.
struct Over;

struct RoomSession {
    socket: WebSocket,
    participants: Participants,
    /// The caller's audio.
    publisher: Side,
    /// The agent's audio.
    subscriber: Side,
    state: Arc<BotState>,
    call_options: CallOptions,
    room: String,
    /// Offers made so far.
    offers: u32,
    /// How the agent's audio is sent, once the caller has answered.
    audio: Option<AnswerAudio>,
    /// Where the caller's audio goes, and its other end until the line begins.
    to_line: mpsc::Sender<ReceivedAudio>,
    inbox: Option<mpsc::Receiver<ReceivedAudio>>,
    over: CancellationToken,
    hang_up: CancellationToken,
}

/// Serves a caller whose token is good until one side leaves.
pub(super) async fn serve(state: Arc<BotState>, call_options: CallOptions, claims: Claims, socket: WebSocket) {
    let participants = Participants::of(&claims);
    let room = claims.video.room.clone();
    let options = PeerOptions { codecs: CODECS.to_vec(), local: true, one_way: true, ..PeerOptions::default() };
    let Ok(publisher) = Side::new(&options, SignalTarget::Publisher).await else { return };
    let Ok(subscriber) = Side::new(&options, SignalTarget::Subscriber).await else { return };
    let (to_line, inbox) = mpsc::channel();
    let (over, hang_up) = (CancellationToken::new(), CancellationToken::new());
    let _over_at_last = over.clone().drop_guard();
    let inbox = Some(inbox);
    let mut session = RoomSession {
        socket,
        participants,
        publisher,
        subscriber,
        state,
        call_options,
        room,
        offers: 0,
        audio: None,
        to_line,
        inbox,
        over,
        hang_up,
    };
    let Over = session.run().await;
    let _closed = session.publisher.peer.connection.close().await;
    let _closed = session.subscriber.peer.connection.close().await;
}

impl RoomSession {
    async fn run(&mut self) -> Over {
        if let Err(over) = self.welcome().await {
            return over;
        }
        let hang_up = self.hang_up.clone();
        loop {
            let done = tokio::select! {
                () = hang_up.cancelled() => return self.leave().await,
                message = self.socket.recv() => self.received(message.and_then(Result::ok)).await,
                event = self.publisher.peer.events.recv() => self.peer_event(SignalTarget::Publisher, event).await,
                event = self.subscriber.peer.events.recv() => self.peer_event(SignalTarget::Subscriber, event).await,
            };
            if let Err(over) = done {
                return over;
            }
        }
    }

    async fn welcome(&mut self) -> Result<(), Over> {
        self.send(self.participants.join(self.has_agent())).await?;
        // Servers offer their channels first, and audio once it is published.
        let channel = self.subscriber.peer.connection.create_data_channel("_reliable", None).await.map_err(|_| Over)?;
        tokio::spawn(telemetry::send(channel));
        self.offer().await
    }

    fn has_agent(&self) -> bool {
        self.state.fault != Some(Fault::NoAnswer)
    }

    async fn offer(&mut self) -> Result<(), Over> {
        let sdp = self.subscriber.peer.offer().await.map_err(|_| Over)?;
        self.offers += 1;
        self.send(Response::Offer(message::description("offer", sdp, self.offers))).await
    }

    /// The caller answered an offer: the agent's audio comes with the second one.
    async fn answered(&mut self, sdp: String) -> Result<(), Over> {
        self.audio = sent_audio_of(&sdp, &CODECS).ok();
        self.subscriber.accept(sdp).await.map_err(|_| Over)?;
        if self.offers == 1 && self.has_agent() {
            let (stream, track) = self.participants.microphone();
            self.subscriber.peer.add_microphone(stream, track).await.map_err(|_| Over)?;
            self.send(self.participants.agent_speaks()).await?;
            return self.offer().await;
        }
        self.start_line();
        Ok(())
    }

    /// The agent leaves, and its room is closed.
    async fn leave(&mut self) -> Over {
        let goodbye = [self.participants.agent_left(), Response::Leave(message::leave(DisconnectReason::RoomDeleted))];
        for response in goodbye {
            let _gone = self.send(response).await;
        }
        let _closed = self.socket.send(Message::Close(None)).await;
        Over
    }

    async fn send(&mut self, response: Response) -> Result<(), Over> {
        self.socket.send(Message::binary(message::write_response(response))).await.map_err(|_| Over)
    }

    async fn received(&mut self, message: Option<Message>) -> Result<(), Over> {
        let bytes = match message {
            Some(Message::Binary(bytes)) => bytes,
            Some(Message::Close(_)) | None => return Err(Over),
            Some(_) => return Ok(()),
        };
        match message::read_request(&bytes).map_err(|_| Over)? {
            Some(request) => self.request(request).await,
            None => Ok(()),
        }
    }

    async fn request(&mut self, request: Request) -> Result<(), Over> {
        match request {
            Request::AddTrack(track) => self.send(self.participants.published(&track.cid)).await,
            Request::Offer(offer) => {
                let sdp = self.publisher.answer(offer.sdp).await.map_err(|_| Over)?;
                self.send(Response::Answer(message::description("answer", sdp, offer.id))).await
            }
            Request::Answer(answer) => self.answered(answer.sdp).await,
            Request::Trickle(trickle) => {
                let side = if trickle.target() == SignalTarget::Publisher { &mut self.publisher } else { &mut self.subscriber };
                side.trickled(&trickle).await;
                Ok(())
            }
            Request::PingReq(ping) => {
                let timestamp = jiff::Timestamp::now().as_millisecond();
                self.send(Response::PongResp(Pong { last_ping_timestamp: ping.timestamp, timestamp })).await
            }
            Request::Ping(timestamp) => self.send(Response::Pong(timestamp)).await,
            Request::Leave(_) => Err(Over),
            _ => Ok(()),
        }
    }

    async fn peer_event(&mut self, target: SignalTarget, event: Option<PeerEvent>) -> Result<(), Over> {
        let side = if target == SignalTarget::Publisher { &mut self.publisher } else { &mut self.subscriber };
        let event = event.ok_or(Over)?;
        if let Some(trickle) = side.trickle(&event) {
            self.send(Response::Trickle(trickle)).await?;
            return Ok(());
        }
        match event {
            PeerEvent::State(state) if side.note(state) => return Err(Over),
            PeerEvent::State(_) => self.start_line(),
            PeerEvent::Track(track) => {
                if let Some(codec) = codec_of(&track, &CODECS).await {
                    tokio::spawn(listen(track, codec, self.to_line.clone()));
                }
            }
            PeerEvent::Channel(_) | PeerEvent::Candidate(_) | PeerEvent::Gathered | PeerEvent::Reached => {}
        }
        Ok(())
    }

    /// Starts the line once both connections are up.
    fn start_line(&mut self) {
        if !(self.publisher.connected && self.subscriber.connected) {
            return;
        }
        let Some(outbox) = self.audio.and_then(|audio| self.subscriber.peer.microphone(audio).ok()) else { return };
        let name = if self.call_options.script.is_empty() { &self.room } else { &self.call_options.script };
        let (Some(mut script), Some(inbox)) = (self.state.script(name), self.inbox.take()) else { return };
        script.bursts = false;
        let line = self.state.line(RtcWire { inbox, outbox }, script, self.participants.call_id());
        let (over, hang_up, think) = (self.over.clone(), self.hang_up.clone(), self.call_options.think());
        line::start(Line { over, hang_up, think, ..line });
    }
}
