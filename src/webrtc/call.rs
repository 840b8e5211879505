//! An answered WebRTC call: its audio, its state, its end.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rtc::statistics::StatsSelector;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{PeerConnection, RTCPeerConnectionState};

use super::peer::{Peer, PeerEvent, VoiceFrame};
use super::signalling::{SignallingClient, Trickler};
use super::stamps::Stamps;
use super::track::codec_of;
use super::{channel, dtls_close};
use crate::clock::{CallClock, Monotonic};
use crate::codec::{Codec, SAMPLE_NANOS};
use crate::lock::lock;
use crate::media::{MediaFrame, Reception, ReceptionCounter, VoiceDecoder};
use crate::transport::{BoxFuture, CallControl, CallEvent, EventSender, MediaSink, SendLag};

/// How long the goodbye may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Takes the caller's frames to the sending task.
pub(super) struct RtcSink(pub mpsc::UnboundedSender<VoiceFrame>);

impl MediaSink for RtcSink {
    fn send(&mut self, samples: &[i16], marker: bool) -> io::Result<Monotonic> {
        let at = Monotonic::now();
        let frame = VoiceFrame { samples: samples.to_vec(), marker, handed_over: at };
        self.0.send(frame).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(at)
    }
}

/// One call's controls.
pub(super) struct RtcCall {
    pub connection: Arc<dyn PeerConnection>,
    pub session: Arc<SignallingClient>,
    pub over: AtomicBool,
    pub reception: Arc<Mutex<ReceptionCounter>>,
    /// As ICE last measured it; known once the call is over.
    pub round_trip: Mutex<Option<Duration>>,
    pub lag: SendLag,
}

impl RtcCall {
    /// A call on this connection.
    pub fn new(peer: &Peer, session: Arc<SignallingClient>) -> Self {
        let (connection, lag) = (Arc::clone(&peer.connection), peer.lag.clone());
        Self { connection, session, over: false.into(), reception: Arc::default(), round_trip: Mutex::default(), lag }
    }
}

/// However a call or an attempt ends, its connection and session are closed.
impl Drop for RtcCall {
    fn drop(&mut self) {
        if self.over.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(close(Arc::clone(&self.connection), Arc::clone(&self.session)));
        }
    }
}

/// Closes the connection and ends the signalling session, neither waiting for the other.
async fn close(connection: Arc<dyn PeerConnection>, session: Arc<SignallingClient>) {
    let _late = tokio::join!(timeout(CLOSE_TIMEOUT, connection.close()), timeout(CLOSE_TIMEOUT, session.close()));
}

/// Asks ICE for the round trip of the candidate pair in use.
#[expect(clippy::disallowed_methods, reason = "the statistics want the time of the question, which enters no measurement")]
pub(super) async fn round_trip(connection: &dyn PeerConnection) -> Option<Duration> {
    let statistics = connection.get_stats(std::time::Instant::now(), StatsSelector::None).await;
    let pairs = statistics.candidate_pairs().filter(|pair| pair.nominated && pair.current_round_trip_time > 0.0);
    let shortest = pairs.map(|pair| pair.current_round_trip_time).min_by(f64::total_cmp);
    shortest.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

impl CallControl for RtcCall {
    fn hang_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if self.over.swap(true, Ordering::SeqCst) {
                return;
            }
            let measured = timeout(CLOSE_TIMEOUT, round_trip(self.connection.as_ref())).await.ok().flatten();
            *lock(&self.round_trip) = measured;
            close(Arc::clone(&self.connection), Arc::clone(&self.session)).await;
        })
    }

    fn has_packets(&self) -> bool {
        true
    }

    fn reception(&self) -> Reception {
        lock(&self.reception).report()
    }

    fn round_trip(&self) -> Option<Duration> {
        *lock(&self.round_trip)
    }

    fn send_lag(&self) -> Vec<u32> {
        self.lag.micros()
    }
}

/// What the tasks of a call need.
#[derive(Clone)]
pub(super) struct Listener {
    pub stamps: Arc<Stamps>,
    pub clock: CallClock,
    pub events: EventSender,
    pub reception: Arc<Mutex<ReceptionCounter>>,
}

/// Follows the connection until it ends, after what happened before it was answered.
pub(super) async fn follow(
    call: Arc<RtcCall>,
    earlier: Vec<PeerEvent>,
    mut events: mpsc::UnboundedReceiver<PeerEvent>,
    candidates: Trickler,
    codecs: Vec<Codec>,
    listener: Listener,
) {
    let mut earlier = earlier.into_iter();
    let goodbye = dtls_close::received(Arc::clone(&call.connection));
    tokio::pin!(goodbye);
    loop {
        let event = match earlier.next() {
            Some(event) => Some(event),
            None => tokio::select! {
                event = events.recv() => event,
                () = &mut goodbye => Some(PeerEvent::State(RTCPeerConnectionState::Closed)),
            },
        };
        let Some(event) = event else { return };
        match event {
            PeerEvent::Track(track) => {
                if let Some(codec) = codec_of(&track, &codecs).await {
                    tokio::spawn(listen(track, codec, listener.clone()));
                }
            }
            PeerEvent::Candidate(candidate) => candidates.send(Some(candidate)),
            PeerEvent::Gathered => candidates.send(None),
            PeerEvent::Reached => {}
            PeerEvent::State(state) => {
                let now = listener.clock.now();
                let event = match state {
                    RTCPeerConnectionState::Closed => CallEvent::HungUp(now),
                    RTCPeerConnectionState::Failed => {
                        CallEvent::Broken(now, "the bot's side of the connection stopped answering".to_owned())
                    }
                    RTCPeerConnectionState::Disconnected => CallEvent::Lost(now, "the bot's side gives no sign of life (ICE)".to_owned()),
                    _ => continue,
                };
                let last = !matches!(event, CallEvent::Lost(..));
                if !(last && call.over.load(Ordering::SeqCst)) {
                    let _over = listener.events.send(event);
                }
                if last {
                    return;
                }
            }
            PeerEvent::Channel(opened) => {
                tokio::spawn(channel::follow(opened, call.session.signalling(), listener.clock, listener.events.clone()));
            }
        }
    }
}

/// Hands in the bot's audio.
pub(super) async fn listen(track: Arc<dyn TrackRemote>, codec: Codec, listener: Listener) {
    let Ok(mut decoder) = VoiceDecoder::new(codec) else { return };
    while let Some(event) = track.poll().await {
        let TrackRemoteEvent::OnRtpPacket(packet) = event else { continue };
        let header = &packet.header;
        let read = Monotonic::now();
        let off_the_wire = listener.stamps.arrival(header.ssrc, header.sequence_number).unwrap_or(read);
        let decoded = decoder.decode(&packet.payload);
        let arrival = listener.clock.at(off_the_wire.plus_nanos(-(decoded.behind as i64 * SAMPLE_NANOS)));
        let frame = MediaFrame {
            arrival,
            received: arrival,
            ssrc: header.ssrc,
            sequence: header.sequence_number,
            timestamp: decoder.timestamp(header.timestamp),
            marker: header.marker,
            samples: decoded.samples,
        };
        lock(&listener.reception).push(&frame);
        if listener.events.send(CallEvent::Media(frame)).is_err() {
            return;
        }
    }
}
