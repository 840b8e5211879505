//! One peer connection with one audio stream each way, or one way only: what the tester and the sample bot both have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rtc::peer_connection::configuration::{RTCConfigurationBuilder, RTCIceTransportPolicy};
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::transport::RTCIceCandidateInit;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use webrtc::data_channel::DataChannel;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP};
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceConnectionState, RTCIceGatheringState,
    RTCPeerConnectionIceEvent, RTCPeerConnectionState, Registry, register_default_interceptors,
};
use webrtc::runtime::TokioRuntime;

use super::sdp::AnswerAudio;
use super::stamps::{StampingRuntime, Stamps};
use super::{ice, mdns};
use crate::clock::Monotonic;
use crate::codec::Codec;
use crate::media::VoiceEncoder;
use crate::scenario::IceServer;
use crate::transport::SendLag;

/// How long an offer waits for candidates; STUN servers that are slower send theirs by trickle.
const GATHERING: Duration = Duration::from_secs(1);

/// How long an offer that is worth nothing without a TURN server's address waits for the first one.
const RELAYING: Duration = Duration::from_secs(5);

/// How a peer connection is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerOptions {
    /// Offered, or accepted, in this order.
    pub codecs: Vec<Codec>,
    /// STUN and TURN servers, each of which the stack must take ([`ice::Usable`]).
    pub ice_servers: Vec<IceServer>,
    /// Over TURN or not at all.
    pub relay_only: bool,
    /// The other side is on this machine: loopback candidates are needed.
    pub local: bool,
    /// The names of the sent stream and its track; `None` where nothing is sent.
    pub microphone: Option<(String, String)>,
    /// Audio goes one way, and every candidate by trickle, as LiveKit has it: an offer waits for none.
    pub one_way: bool,
}

/// What happens on a peer connection.
pub(crate) enum PeerEvent {
    /// A local candidate was found.
    Candidate(RTCIceCandidateInit),
    /// No more will be.
    Gathered,
    /// ICE came through; DTLS comes next.
    Reached,
    /// The connection's state changed.
    State(RTCPeerConnectionState),
    /// The other side's audio begins.
    Track(Arc<dyn TrackRemote>),
    /// The other side opened a data channel.
    Channel(Arc<dyn DataChannel>),
}

struct Handler(mpsc::UnboundedSender<PeerEvent>);

impl Handler {
    fn send(&self, event: PeerEvent) {
        // Nobody listens once the call is over.
        let _over = self.0.send(event);
    }
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        if let Ok(mut candidate) = event.candidate.to_json() {
            // The stack leaves it empty, and servers that look for the section pass over such a candidate. All are bundled
            // into the first.
            candidate.sdp_mid = candidate.sdp_mid.filter(|section| !section.is_empty()).or_else(|| Some("0".to_owned()));
            self.send(PeerEvent::Candidate(candidate));
        }
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.send(PeerEvent::Gathered);
        }
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        if state == RTCIceConnectionState::Connected {
            self.send(PeerEvent::Reached);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.send(PeerEvent::State(state));
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        self.send(PeerEvent::Channel(channel));
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        self.send(PeerEvent::Track(track));
    }
}

/// 20 ms of a microphone on their way.
pub(crate) struct VoiceFrame {
    /// Linear samples at 8 kHz.
    pub samples: Vec<i16>,
    /// The first of a talkspurt.
    pub marker: bool,
    /// When they were handed over.
    pub handed_over: Monotonic,
}

/// A peer connection.
pub(crate) struct Peer {
    pub connection: Arc<dyn PeerConnection>,
    pub events: mpsc::UnboundedReceiver<PeerEvent>,
    pub stamps: Arc<Stamps>,
    microphone: Option<(Arc<TrackLocalStaticRTP>, u32)>,
    codecs: Vec<Codec>,
    /// How long frames of the microphone waited for the connection.
    pub lag: SendLag,
    one_way: bool,
    relay_only: bool,
    /// At least one local candidate was found.
    found: bool,
    gathered: bool,
}

impl Peer {
    /// Makes a connection; nothing is sent yet.
    pub async fn new(options: &PeerOptions) -> Result<Self, String> {
        let mut engine = MediaEngine::default();
        for codec in &options.codecs {
            engine.register_codec(parameters(*codec), RtpCodecKind::Audio).map_err(|error| error.to_string())?;
        }
        let registry = register_default_interceptors(Registry::new(), &mut engine).map_err(|error| error.to_string())?;
        let (tell, events) = mpsc::unbounded_channel();
        let stamps = Arc::new(Stamps::default());
        let runtime = StampingRuntime { inner: TokioRuntime, stamps: Arc::clone(&stamps) };
        let servers = options.ice_servers.iter().map(ice::server).collect();
        let policy = if options.relay_only { RTCIceTransportPolicy::Relay } else { RTCIceTransportPolicy::All };
        let connection = PeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().with_ice_servers(servers).with_ice_transport_policy(policy).build())
            .with_setting_engine(mdns::settings())
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Handler(tell)))
            .with_runtime(Arc::new(runtime))
            .with_udp_addrs(addresses(options.local))
            .build()
            .await
            .map_err(|error| error.to_string())?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let codecs = options.codecs.clone();
        let (one_way, relay_only, lag) = (options.one_way, options.relay_only, SendLag::default());
        let (microphone, found, gathered) = (None, false, false);
        let mut peer = Self { connection, events, stamps, microphone, codecs, lag, one_way, relay_only, found, gathered };
        if let Some((stream, track)) = options.microphone.clone() {
            peer.add_microphone(stream, track).await?;
        }
        Ok(peer)
    }

    /// Adds the audio that will be sent; an offer or answer has to follow.
    pub async fn add_microphone(&mut self, stream: String, track: String) -> Result<(), String> {
        let ssrc: u32 = rand::random();
        let codec = self.codecs.first().map(|codec| parameters(*codec).rtp_codec).unwrap_or_default();
        let streams = vec![stream.clone()];
        let track = Arc::new(TrackLocalStaticRTP::new(microphone(stream, track, ssrc, codec)));
        let local = Arc::clone(&track) as Arc<dyn TrackLocal>;
        if self.one_way {
            let direction = RTCRtpTransceiverDirection::Sendonly;
            let init = RTCRtpTransceiverInit { direction, streams, ..RTCRtpTransceiverInit::default() };
            self.connection.add_transceiver_from_track(local, Some(init)).await.map_err(|error| error.to_string())?;
        } else {
            self.connection.add_track(local).await.map_err(|error| error.to_string())?;
        }
        // The track has one codec, and the stack would offer and accept no other.
        for transceiver in self.connection.get_transceivers().await {
            let codecs = self.codecs.iter().copied().map(parameters).collect();
            transceiver.set_codec_preferences(codecs).await.map_err(|error| error.to_string())?;
        }
        self.microphone = Some((track, ssrc));
        Ok(())
    }

    /// An offer with the candidates that were found in time.
    pub async fn offer(&mut self) -> Result<String, String> {
        let offer = self.connection.create_offer(None).await.map_err(|error| error.to_string())?;
        self.describe(offer).await
    }

    /// An answer to an offer, with the candidates that were found in time.
    pub async fn answer(&mut self, offer: String) -> Result<String, String> {
        let offer = RTCSessionDescription::offer(offer).map_err(|error| error.to_string())?;
        self.connection.set_remote_description(offer).await.map_err(|error| error.to_string())?;
        let answer = self.connection.create_answer(None).await.map_err(|error| error.to_string())?;
        self.describe(answer).await
    }

    async fn describe(&mut self, description: RTCSessionDescription) -> Result<String, String> {
        self.connection.set_local_description(description).await.map_err(|error| error.to_string())?;
        let start = Instant::now();
        while !self.gathered && !self.one_way {
            let patience = if self.relay_only && !self.found { RELAYING } else { GATHERING };
            match timeout_at(start + patience, self.events.recv()).await {
                Ok(Some(PeerEvent::Gathered)) => self.gathered = true,
                Ok(Some(PeerEvent::Candidate(_))) => self.found = true,
                // Before the descriptions are exchanged nothing else can happen.
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        self.connection.local_description().await.map(|description| description.sdp).ok_or_else(|| "no local description".to_owned())
    }

    /// Whether a local candidate was found while the description was made.
    pub fn found(&self) -> bool {
        self.found
    }

    /// Whether no more will be.
    pub fn gathered(&self) -> bool {
        self.gathered
    }

    /// Takes the other side's answer.
    pub async fn accept(&self, answer: String) -> Result<(), String> {
        let answer = RTCSessionDescription::answer(answer).map_err(|error| error.to_string())?;
        self.connection.set_remote_description(answer).await.map_err(|error| error.to_string())
    }

    /// Starts to send: each frame of 20 ms that goes into the channel is encoded and leaves at once.
    pub fn microphone(&self, audio: AnswerAudio) -> Result<mpsc::UnboundedSender<VoiceFrame>, String> {
        let mut encoder = VoiceEncoder::new(audio.codec)?;
        let (track, ssrc) = self.microphone.clone().ok_or("this connection has no microphone")?;
        let (frames, mut queue) = mpsc::unbounded_channel::<VoiceFrame>();
        let lag = self.lag.clone();
        tokio::spawn(async move {
            let (mut sequence, mut timestamp): (u16, u32) = (rand::random(), rand::random());
            while let Some(VoiceFrame { samples, marker, handed_over }) = queue.recv().await {
                let payload = Bytes::from(encoder.encode(&samples));
                let header = rtp::header::Header {
                    version: 2,
                    marker,
                    payload_type: audio.payload_type,
                    sequence_number: sequence,
                    timestamp,
                    ssrc,
                    ..rtp::header::Header::default()
                };
                sequence = sequence.wrapping_add(1);
                timestamp = timestamp.wrapping_add(encoder.ticks(samples.len()));
                if track.write_rtp(rtp::Packet { header, payload }).await.is_err() {
                    return;
                }
                lag.note(handed_over);
            }
        });
        Ok(frames)
    }
}

fn microphone(stream: String, track: String, ssrc: u32, codec: RTCRtpCodec) -> MediaStreamTrack {
    let rtp_coding_parameters = RTCRtpCodingParameters { ssrc: Some(ssrc), ..RTCRtpCodingParameters::default() };
    let encoding = RTCRtpEncodingParameters { rtp_coding_parameters, codec, ..RTCRtpEncodingParameters::default() };
    MediaStreamTrack::new(stream, track, "microphone".into(), RtpCodecKind::Audio, vec![encoding])
}

fn parameters(codec: Codec) -> RTCRtpCodecParameters {
    let (channels, fmtp) = if codec == Codec::Opus { (2, "minptime=10;useinbandfec=1") } else { (1, "") };
    let rtp_codec = RTCRtpCodec {
        mime_type: format!("audio/{}", codec.name()),
        clock_rate: codec.clock_rate(),
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        ..RTCRtpCodec::default()
    };
    RTCRtpCodecParameters { rtp_codec, payload_type: codec.payload_type() }
}

/// A wildcard stands for every interface but loopback, which a bot on this machine may have alone.
fn addresses(local: bool) -> Vec<SocketAddr> {
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let usable = |ip: &IpAddr| std::net::UdpSocket::bind(SocketAddr::new(*ip, 0)).is_ok();
    let loopback = loopback.into_iter().filter(|ip| local && usable(ip)).map(|ip| SocketAddr::new(ip, 0));
    loopback.chain(std::iter::once(any)).collect()
}
