//! What an answer (RFC 8829) says of its audio.

use std::io::Cursor;

use sdp::SessionDescription;

use crate::codec::Codec;

/// The audio of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerAudio {
    /// The first codec of the answer that was offered.
    pub codec: Codec,
    /// Its payload type.
    pub payload_type: u8,
}

/// Reads the audio of a description.
///
/// # Errors
/// What is wrong with it, in a few words that follow "an answer".
pub fn audio_of(text: &str, offered: &[Codec]) -> Result<AnswerAudio, String> {
    audio_towards(text, offered, &["inactive", "recvonly"], "the bot would never be heard")
}

/// The same of an answer to an offer that only sends.
///
/// # Errors
/// What is wrong with it, in a few words that follow "an answer".
pub fn sent_audio_of(text: &str, offered: &[Codec]) -> Result<AnswerAudio, String> {
    audio_towards(text, offered, &["inactive", "sendonly"], "the caller would never be heard")
}

fn audio_towards(text: &str, offered: &[Codec], useless: &[&str], because: &str) -> Result<AnswerAudio, String> {
    let session =
        SessionDescription::unmarshal(&mut Cursor::new(text.as_bytes())).map_err(|error| format!("whose SDP cannot be read ({error})"))?;
    let audio = session.media_descriptions.iter().find(|media| media.media_name.media == "audio");
    let audio = audio.ok_or("whose SDP has no audio")?;
    if audio.media_name.port.value == 0 {
        return Err("that refuses the audio (port 0)".to_owned());
    }
    if let Some(direction) = useless.iter().find(|name| audio.attribute(name).is_some()) {
        return Err(format!("whose audio is `{direction}`: {because}"));
    }
    let mapping = |format: &str| {
        let map = audio.attributes.iter().filter(|attribute| attribute.key == "rtpmap").filter_map(|attribute| attribute.value.as_deref());
        map.filter_map(|value| value.split_once(' ')).find(|(number, _)| *number == format).map(|(_, name)| name.to_ascii_lowercase())
    };
    let codec = |format: &str| match (mapping(format).as_deref(), format) {
        (Some(name), _) if name.starts_with("opus/48000") => Some(Codec::Opus),
        (Some("pcmu/8000" | "pcmu/8000/1"), _) | (None, "0") => Some(Codec::Pcmu),
        (Some("pcma/8000" | "pcma/8000/1"), _) | (None, "8") => Some(Codec::Pcma),
        _ => None,
    };
    let formats = audio.media_name.formats.iter();
    let known = formats.filter_map(|format| Some((codec(format).filter(|codec| offered.contains(codec))?, format.parse().ok()?)));
    let (codec, payload_type) = known.into_iter().next().ok_or_else(|| {
        let offered: Vec<&str> = offered.iter().map(|codec| codec.name()).collect();
        format!("without a common codec (it has {}; offered were {})", audio.media_name.formats.join(", "), offered.join(", "))
    })?;
    Ok(AnswerAudio { codec, payload_type })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Codec; 3] = [Codec::Opus, Codec::Pcmu, Codec::Pcma];

    fn answer(media: &str) -> String {
        format!("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{media}")
    }

    #[test]
    fn the_first_common_codec_is_used_with_the_answers_number() {
        let text = answer("m=audio 9 UDP/TLS/RTP/SAVPF 96 0\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n");
        assert_eq!(audio_of(&text, &ALL), Ok(AnswerAudio { codec: Codec::Opus, payload_type: 96 }));
        assert_eq!(audio_of(&text, &ALL[1..]), Ok(AnswerAudio { codec: ALL[1], payload_type: 0 }));
    }

    #[test]
    fn says_what_is_wrong() {
        let cases = [
            "hello".to_owned(),
            answer(""),
            answer("m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n"),
            answer("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=recvonly\r\n"),
            answer("m=audio 9 UDP/TLS/RTP/SAVPF 9\r\na=rtpmap:9 G722/8000\r\na=sendrecv\r\n"),
        ];
        let said: Vec<String> = cases.iter().map(|case| audio_of(case, &ALL).expect_err(case)).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    proptest! {
        #[test]
        fn no_description_makes_it_panic(text in "(v=0\r\n)?[a-z=0-9 /:\r\n]{0,200}") {
            let _any = audio_of(&text, &ALL);
        }
    }
}
