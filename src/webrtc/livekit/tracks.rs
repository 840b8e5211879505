//! Which tracks the server offers: the `msid` of each audio section (RFC 8830).

use std::io::Cursor;

use sdp::SessionDescription;

/// A track in an offer of the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OfferedTrack {
    /// Id of the participant that publishes it.
    pub participant: String,
    /// Its own id.
    pub track: String,
}

impl OfferedTrack {
    /// From the names of a stream and a track. The stream's is the participant's id, perhaps with `|` and more behind it.
    pub fn of(stream: &str, track: &str) -> Self {
        Self { participant: stream.split('|').next().unwrap_or_default().to_owned(), track: track.to_owned() }
    }
}

/// The audio that an offer sends.
pub(super) fn offered_audio(sdp: &str) -> Vec<OfferedTrack> {
    let Ok(session) = SessionDescription::unmarshal(&mut Cursor::new(sdp.as_bytes())) else { return Vec::new() };
    let media = session.media_descriptions.iter().filter(|media| media.media_name.media == "audio" && media.media_name.port.value != 0);
    let sent = media.filter(|media| media.attribute("inactive").is_none() && media.attribute("recvonly").is_none());
    let msid = sent.filter_map(|media| media.attributes.iter().find(|attribute| attribute.key == "msid")?.value.as_deref());
    msid.filter_map(|msid| msid.split_once(' ')).map(|(stream, track)| OfferedTrack::of(stream, track)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_audio_that_is_sent() {
        let section = |kind: &str, port: u16, more: &str| format!("m={kind} {port} UDP/TLS/RTP/SAVPF 111\r\n{more}");
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{}{}{}{}",
            section("application", 9, "a=mid:0\r\n"),
            section("audio", 9, "a=msid:PA_one|cam TR_one\r\na=sendonly\r\n"),
            section("audio", 9, "a=msid:PA_two TR_two\r\na=inactive\r\n"),
            section("audio", 0, "a=msid:PA_three TR_three\r\n"),
        );
        assert_eq!(offered_audio(&sdp), [OfferedTrack { participant: "PA_one".to_owned(), track: "TR_one".to_owned() }]);
    }

    proptest! {
        #[test]
        fn no_offer_makes_it_panic(text in "(v=0\r\n)?[a-z=0-9 /:|\r\n]{0,200}") {
            let _any = offered_audio(&text);
        }
    }
}
