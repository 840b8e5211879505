//! A line on a peer connection.

use std::sync::{Arc, mpsc};

use tokio_util::sync::CancellationToken;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::RTCPeerConnectionState;

use super::call_options::CallOptions;
use super::line::{self, Line};
use super::lines::{LineGuard, LiveLine};
use super::log::now_ns;
use super::state::BotState;
use super::wire::{ReceivedAudio, RtcWire};
use crate::codec::{Codec, SAMPLE_NANOS};
use crate::media::VoiceDecoder;
use crate::webrtc::sdp::{AnswerAudio, audio_of};
use crate::webrtc::{Peer, PeerEvent, PeerOptions};

pub(super) const CODECS: [Codec; 3] = [Codec::Opus, Codec::Pcmu, Codec::Pcma];

/// Answers an offer; the line begins once the connection is up.
pub(super) async fn answer(state: Arc<BotState>, offer: String, call_options: CallOptions, call_id: String) -> Result<String, String> {
    // The sample bot is called from this machine more often than not, and a spare candidate does no harm.
    let microphone = Some(("goldencall-bot".to_owned(), "voice".to_owned()));
    let options = PeerOptions { codecs: CODECS.to_vec(), local: true, microphone, ..PeerOptions::default() };
    let mut peer = Peer::new(&options).await?;
    let ufrag = ufrag(&offer).to_owned();
    let answered = peer.answer(offer).await.and_then(|answer| {
        let audio = audio_of(&answer, &CODECS).map_err(|why| format!("an offer {why}"))?;
        Ok((answer, audio))
    });
    match answered {
        Ok((answer, audio)) => {
            let hang_up = CancellationToken::new();
            let line = LiveLine { connection: Arc::clone(&peer.connection), hang_up: hang_up.clone(), ufrag };
            let live = state.lines.add(call_id.clone(), line);
            tokio::spawn(run((state, live), peer, audio, call_options, (call_id, hang_up)));
            Ok(answer)
        }
        Err(why) => {
            let _closed = peer.connection.close().await;
            Err(why)
        }
    }
}

/// The user name of a description's, or of a fragment's, ICE session.
pub(super) fn ufrag(sdp: &str) -> &str {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap_or_default().trim()
}

async fn run(
    (state, _live): (Arc<BotState>, LineGuard),
    mut peer: Peer,
    audio: AnswerAudio,
    call_options: CallOptions,
    (call_id, hang_up): (String, CancellationToken),
) {
    let (to_line, inbox) = mpsc::channel();
    let Ok(outbox) = peer.microphone(audio) else { return };
    let Some(mut script) = state.script(&call_options.script) else { return };
    script.bursts = false;
    let line = state.line(RtcWire { inbox, outbox }, script, call_id);
    let line = Line { think: call_options.think(), hang_up: hang_up.clone(), ..line };
    let _over_at_last = line.over.clone().drop_guard();
    let mut line = Some(line);
    loop {
        let event = tokio::select! {
            () = hang_up.cancelled() => break,
            event = peer.events.recv() => event,
        };
        match event {
            Some(PeerEvent::State(RTCPeerConnectionState::Connected)) => line.take().into_iter().for_each(line::start),
            Some(PeerEvent::State(RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed)) | None => break,
            Some(PeerEvent::Track(track)) => drop(tokio::spawn(listen(track, audio.codec, to_line.clone()))),
            Some(_) => {}
        }
    }
    let _closed = peer.connection.close().await;
}

/// Decodes the caller.
pub(super) async fn listen(track: Arc<dyn TrackRemote>, codec: Codec, to_line: mpsc::Sender<ReceivedAudio>) {
    let Ok(mut decoder) = VoiceDecoder::new(codec) else { return };
    while let Some(event) = track.poll().await {
        let TrackRemoteEvent::OnRtpPacket(packet) = event else { continue };
        let decoded = decoder.decode(&packet.payload);
        let at = now_ns() - decoded.behind as i64 * SAMPLE_NANOS;
        if to_line.send(ReceivedAudio { samples: decoded.samples, at }).is_err() {
            return;
        }
    }
}
