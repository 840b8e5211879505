//! What a received track is encoded with.

use std::sync::Arc;

use webrtc::media_stream::track_remote::TrackRemote;

use crate::codec::Codec;

/// The codec of a track, of those that were offered; the first of them where the track does not say.
pub(crate) async fn codec_of(track: &Arc<dyn TrackRemote>, offered: &[Codec]) -> Option<Codec> {
    for ssrc in track.ssrcs().await {
        let mime = track.codec(ssrc).await.map(|codec| codec.mime_type).unwrap_or_default();
        let name = mime.rsplit('/').next().unwrap_or_default();
        if let Some(codec) = offered.iter().find(|codec| codec.name().eq_ignore_ascii_case(name)) {
            return Some(*codec);
        }
    }
    offered.first().copied()
}
