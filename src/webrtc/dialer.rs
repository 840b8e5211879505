//! Places WebRTC calls.

use std::sync::Arc;

use tokio::time::timeout;
use webrtc::peer_connection::RTCPeerConnectionState;

use super::call::{Listener, RtcCall, RtcSink, follow};
use super::ice::Usable;
use super::peer::{Peer, PeerEvent, PeerOptions};
use super::sdp::audio_of;
use super::signalling::{self, SignallingClient, Trickler};
use super::stage::{NO_RELAY, Stage};
use super::{channel, livekit};
use crate::scenario::{Signalling, Target, WebRtcTarget};
use crate::transport::{BoxFuture, Call, Dial, DialError, DialErrorKind, MediaLane, Transport};

/// Places calls to WebRTC bots.
#[derive(Debug, Default)]
pub struct WebRtcTransport {
    lane: MediaLane,
}

impl Transport for WebRtcTransport {
    fn dial(&self, dial: Dial) -> BoxFuture<'_, Result<Call, DialError>> {
        Box::pin(async move {
            let Target::WebRtc(target) = dial.target.clone() else {
                return Err(DialError::new(DialErrorKind::Local, "this transport calls WebRTC targets only"));
            };
            if target.signalling == Signalling::LiveKit {
                return self.lane.run(async move { livekit::dial(dial, &target).await }).await;
            }
            let (limit, label) = (target.timeout, dial.target.label());
            let connected = async move {
                let stage = Stage::default();
                let connected = timeout(limit, connect(dial, *target, &stage)).await;
                connected.unwrap_or_else(|_| {
                    let message = format!("{label} was not connected within {} s{}", limit.as_secs_f32(), stage.so_far());
                    Err(DialError::new(DialErrorKind::NoResponse, message))
                })
            };
            self.lane.run(connected).await
        })
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.lane.quiet())
    }
}

async fn connect(dial: Dial, mut target: WebRtcTarget, stage: &Stage) -> Result<Call, DialError> {
    dial.trace.add_to(&mut target.headers);
    let target = &target;
    let local = signalling::is_local(&target.url).await;
    let session = Arc::new(SignallingClient::open(target, local, dial.events.clone()).await?);
    let ice = Usable::of(target.ice_servers.iter().cloned().chain(session.ice_servers()));
    ice.report(target, &dial)?;
    let names = ("goldencall".to_owned(), "microphone".to_owned());
    let options = PeerOptions {
        codecs: target.codecs.clone(),
        ice_servers: ice.servers,
        relay_only: target.relay_only,
        local,
        microphone: Some(names),
        one_way: false,
    };
    let mut peer = Peer::new(&options).await.map_err(|error| DialError::local("no WebRTC connection", error))?;
    // From here on, whatever goes wrong, dropping `call` ends what was begun.
    let call = Arc::new(RtcCall::new(&peer, Arc::clone(&session)));
    let channel = match channel::label(target.signalling) {
        Some(label) => {
            Some(peer.connection.create_data_channel(label, None).await.map_err(|error| DialError::local("no data channel", error))?)
        }
        None => None,
    };
    let offer = offered(&mut peer, target, stage).await?;
    let answer = session.exchange(&offer).await?;
    let unusable = |why: String| DialError::new(DialErrorKind::BadAnswer, format!("{} gave an answer {why}", target.url));
    let audio = audio_of(&answer, &target.codecs).map_err(unusable)?;
    peer.accept(answer).await.map_err(|error| unusable(format!("that cannot be used ({error})")))?;
    if let Some(channel) = channel {
        // It ends with the connection.
        tokio::spawn(channel::follow(channel, target.signalling, dial.clock, dial.events.clone()));
    }
    let candidates = Trickler::start(Arc::clone(&session));
    let mut waiting = Vec::new();
    if peer.found() || !target.relay_only {
        stage.set(Stage::ICE);
    }
    connected(&mut peer, stage, &session, &candidates, &mut waiting).await?;
    let answered_at = dial.clock.now();
    let sink = peer.microphone(audio).map_err(|error| DialError::local("no audio", error))?;
    let call_id = session.call_id();
    let reception = Arc::clone(&call.reception);
    let listener = Listener { stamps: Arc::clone(&peer.stamps), clock: dial.clock, events: dial.events, reception };
    let others = target.codecs.iter().copied().filter(|codec| *codec != audio.codec);
    let codecs = std::iter::once(audio.codec).chain(others).collect();
    tokio::spawn(follow(Arc::clone(&call), waiting, peer.events, candidates, codecs, listener));
    Ok(Call { answered_at, codec: audio.codec.name().to_owned(), call_id, sink: Box::new(RtcSink(sink)), control: call })
}

/// The offer. One over TURN only is worth nothing without a relay's address, so one that cannot get any is not sent.
async fn offered(peer: &mut Peer, target: &WebRtcTarget, stage: &Stage) -> Result<String, DialError> {
    if target.relay_only {
        stage.set(Stage::RELAY);
    }
    let offer = peer.offer().await.map_err(|error| DialError::local("no WebRTC offer", error))?;
    if peer.found() {
        stage.set(Stage::SIGNALLING);
    } else if target.relay_only && peer.gathered() {
        return Err(DialError::new(DialErrorKind::NoResponse, format!("{} was not called: {NO_RELAY}", target.url)));
    }
    Ok(offer)
}

/// Waits until ICE and DTLS are through; what else happens meanwhile is kept.
async fn connected(
    peer: &mut Peer,
    stage: &Stage,
    session: &SignallingClient,
    candidates: &Trickler,
    waiting: &mut Vec<PeerEvent>,
) -> Result<(), DialError> {
    use RTCPeerConnectionState::{Closed, Connected, Disconnected, Failed};
    while let Some(event) = peer.events.recv().await {
        match event {
            PeerEvent::State(Connected) => return Ok(()),
            // The stack does not report a DTLS handshake that failed: the other side goes silent and ICE notices.
            PeerEvent::State(Disconnected | Failed | Closed) => {
                let message = format!("no connection to {}{}", session.url(), stage.so_far());
                return Err(DialError::new(DialErrorKind::BadAnswer, message));
            }
            PeerEvent::Reached => stage.set(Stage::DTLS),
            PeerEvent::Candidate(candidate) => {
                stage.found();
                candidates.send(Some(candidate));
            }
            PeerEvent::Gathered => candidates.send(None),
            other => waiting.push(other),
        }
    }
    Err(DialError::new(DialErrorKind::Local, "the WebRTC connection ended before it began"))
}
