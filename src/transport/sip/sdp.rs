//! Session descriptions (RFC 8866) of one G.711 audio stream.

use std::io::Cursor;
use std::net::{IpAddr, SocketAddr};

use sdp::SessionDescription;
use sdp::description::media::MediaDescription;

use crate::scenario::Codec;

/// What the peer's description says of its audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteAudio {
    /// Where it wants RTP.
    pub address: SocketAddr,
    /// The codecs that goldencall knows too, in the peer's order.
    pub codecs: Vec<Codec>,
}

/// An offer or an answer: one audio stream with these codecs.
pub fn describe(local: SocketAddr, codecs: &[Codec], version: u32) -> String {
    let family = if local.is_ipv4() { "IP4" } else { "IP6" };
    let (ip, port) = (local.ip(), local.port());
    let formats: String = codecs.iter().map(|codec| format!(" {}", codec.payload_type())).collect();
    let maps: String = codecs.iter().map(|codec| format!("a=rtpmap:{} {}/8000\r\n", codec.payload_type(), codec.name())).collect();
    format!(
        "v=0\r\no=goldencall {port} {version} IN {family} {ip}\r\ns=goldencall\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP{formats}\r\n{maps}a=ptime:20\r\na=sendrecv\r\n"
    )
}

/// Reads the peer's description.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub fn parse(body: &[u8]) -> Result<RemoteAudio, String> {
    if body.is_empty() {
        return Err("it carries no SDP".to_owned());
    }
    let session = SessionDescription::unmarshal(&mut Cursor::new(body)).map_err(|error| format!("its SDP cannot be read ({error})"))?;
    let audio = session.media_descriptions.iter().find(|media| media.media_name.media == "audio");
    let audio = audio.ok_or("its SDP has no audio")?;
    let port = u16::try_from(audio.media_name.port.value).ok().filter(|port| *port > 0).ok_or("it refuses the audio (port 0)")?;
    let connection = audio.connection_information.as_ref().or(session.connection_information.as_ref());
    let address = connection.and_then(|connection| connection.address.as_ref()).ok_or("its SDP has no address (c=)")?;
    let ip: IpAddr =
        address.address.trim().parse().map_err(|_| format!("its SDP has `{}` where an IP address belongs", address.address))?;
    let codecs: Vec<Codec> = audio.media_name.formats.iter().filter_map(|format| codec(audio, format)).collect();
    if codecs.is_empty() {
        return Err(format!(
            "its SDP has no codec in common (it has {}; goldencall speaks PCMU, PCMA)",
            audio.media_name.formats.join(", ")
        ));
    }
    Ok(RemoteAudio { address: SocketAddr::new(ip, port), codecs })
}

/// The static payload types; a dynamic number mapped to G.711 is not sent by anyone who offers 0 or 8.
fn codec(_: &MediaDescription, format: &str) -> Option<Codec> {
    [Codec::Pcmu, Codec::Pcma].into_iter().find(|codec| codec.payload_type().to_string() == format)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let local = SocketAddr::from(([127, 0, 0, 1], 4000));
        let text = describe(local, &[Codec::Pcma, Codec::Pcmu], 1);
        insta::assert_snapshot!(text.replace('\r', ""));
        assert_eq!(parse(text.as_bytes()), Ok(RemoteAudio { address: local, codecs: vec![Codec::Pcma, Codec::Pcmu] }));
    }

    #[test]
    fn says_what_is_wrong() {
        let session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n";
        let cases = [
            String::new(),
            "hello".to_owned(),
            format!("{session}c=IN IP4 127.0.0.1\r\nt=0 0\r\n"),
            format!("{session}c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"),
            format!("{session}t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
            format!("{session}c=IN IP4 bot.example\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
            format!("{session}c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 9 18\r\n"),
        ];
        let said: Vec<String> = cases.iter().map(|case| parse(case.as_bytes()).expect_err(case)).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    proptest! {
        #[test]
        fn no_description_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _any = parse(&bytes);
        }

        #[test]
        fn no_damaged_description_makes_it_panic(at in 0_usize..200, byte in any::<u8>()) {
            let mut text = describe(SocketAddr::from(([127, 0, 0, 1], 4000)), &[Codec::Pcmu], 1).into_bytes();
            if let Some(place) = text.get_mut(at) {
                *place = byte;
            }
            let _any = parse(&text);
        }
    }
}
