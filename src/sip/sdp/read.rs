//! Descriptions from text.

use std::io::Cursor;
use std::net::{IpAddr, SocketAddr};

use sdp::SessionDescription;
use sdp::description::media::MediaDescription;

use super::crypto::fingerprint;
use super::{CryptoLine, Description, Direction, Profile, Setup};
use crate::codec::Codec;
use crate::rtp::{COMFORT_NOISE, Payload};
use crate::scenario::SIP_CODECS;

/// No telephone's description has more keys or media lines than this.
const MOST_LINES: usize = 32;

/// Reads the peer's description.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub fn parse(body: &[u8]) -> Result<Description, String> {
    if body.is_empty() {
        return Err("it carries no SDP".to_owned());
    }
    let session = SessionDescription::unmarshal(&mut Cursor::new(body)).map_err(|error| format!("its SDP cannot be read ({error})"))?;
    let place = session.media_descriptions.iter().position(|media| media.media_name.media == "audio").ok_or("its SDP has no audio")?;
    let audio = &session.media_descriptions[place];
    let description = Description { formats: formats(audio)?, profile: profile(audio)?, ..Description::plain(address(&session, audio)?) };
    let values = |key: &str| values(&session, audio, key);
    let number = |key: &str| values(key).first().and_then(|value| value.trim().parse::<f64>().ok()).filter(|millis| *millis >= 1.0);
    let named = |names: &[(&str, Setup)], value: &str| names.iter().find(|(name, _)| *name == value).map(|(_, setup)| *setup);
    let direction = Direction::NAMES.iter().find(|(name, _)| has(&session, audio, name)).map(|(_, direction)| *direction);
    let others = session.media_descriptions.iter().enumerate().filter(|(index, _)| *index != place);
    Ok(Description {
        ptime: number("ptime").map(|millis| millis as u32),
        maxptime: number("maxptime").map(|millis| millis as u32),
        direction: direction.unwrap_or_default(),
        rtcp_mux: has(&session, audio, "rtcp-mux"),
        rtcp: values("rtcp").first().and_then(|value| rtcp(value, description.address.ip())),
        crypto: values("crypto").into_iter().take(MOST_LINES).filter_map(CryptoLine::parse).collect(),
        fingerprint: values("fingerprint").into_iter().find_map(fingerprint),
        setup: values("setup").first().and_then(|value| named(Setup::NAMES, value.trim())),
        refused: others.take(MOST_LINES).map(|(_, media)| refusal(media)).collect(),
        place: place.min(MOST_LINES),
        ..description
    })
}

fn address(session: &SessionDescription, audio: &MediaDescription) -> Result<SocketAddr, String> {
    let port = u16::try_from(audio.media_name.port.value).ok().filter(|port| *port > 0).ok_or("it refuses the audio (port 0)")?;
    let connection = audio.connection_information.as_ref().or(session.connection_information.as_ref());
    let address = connection.and_then(|connection| connection.address.as_ref()).ok_or("its SDP has no address (c=)")?;
    let ip: IpAddr =
        address.address.trim().parse().map_err(|_| format!("its SDP has `{}` where an IP address belongs", address.address))?;
    Ok(SocketAddr::new(ip, port))
}

fn profile(audio: &MediaDescription) -> Result<Profile, String> {
    let name = audio.media_name.protos.join("/");
    let known = Profile::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, profile)| *profile);
    known.ok_or_else(|| format!("its audio goes over `{name}`, which is not an RTP profile that goldencall supports"))
}

/// The payload types that goldencall knows too, in the peer's order.
fn formats(audio: &MediaDescription) -> Result<crate::rtp::Formats, String> {
    let known = audio.media_name.formats.iter().filter_map(|format| {
        let number: u8 = format.parse().ok().filter(|number| *number < 128)?;
        Some((number, payload(mapping(audio, format).as_deref(), number)?))
    });
    let formats: crate::rtp::Formats = known.collect();
    if formats.codecs().next().is_none() {
        let own: Vec<&str> = SIP_CODECS.iter().map(|(_, codec)| codec.name()).collect();
        return Err(format!(
            "its SDP has no codec in common (it has {}; goldencall speaks {})",
            audio.media_name.formats.join(", "),
            own.join(", ")
        ));
    }
    Ok(formats)
}

/// The encoding name and clock of a payload type, in lower case.
fn mapping(audio: &MediaDescription, format: &str) -> Option<String> {
    let maps = audio.attributes.iter().filter(|attribute| attribute.key == "rtpmap").filter_map(|attribute| attribute.value.as_deref());
    let found = maps.filter_map(|value| value.trim().split_once(' ')).find(|(number, _)| *number == format);
    found.map(|(_, name)| name.trim().to_ascii_lowercase())
}

fn payload(mapping: Option<&str>, number: u8) -> Option<Payload> {
    let Some(mapping) = mapping else {
        return match number {
            0 => Some(Payload::Voice(Codec::Pcmu)),
            8 => Some(Payload::Voice(Codec::Pcma)),
            9 => Some(Payload::Voice(Codec::G722)),
            COMFORT_NOISE => Some(Payload::Noise),
            _ => None,
        };
    };
    match mapping {
        "pcmu/8000" | "pcmu/8000/1" => Some(Payload::Voice(Codec::Pcmu)),
        "pcma/8000" | "pcma/8000/1" => Some(Payload::Voice(Codec::Pcma)),
        "g722/8000" | "g722/8000/1" => Some(Payload::Voice(Codec::G722)),
        "opus/48000" | "opus/48000/2" => Some(Payload::Voice(Codec::Opus)),
        "cn/8000" | "cn/8000/1" => Some(Payload::Noise),
        _ => {
            let clock = mapping.strip_prefix("telephone-event/")?.split('/').next()?;
            clock.parse().ok().filter(|clock| (8000..=48_000).contains(clock)).map(Payload::Events)
        }
    }
}

/// The values of an attribute: those of the audio, or else those of the session.
fn values<'a>(session: &'a SessionDescription, audio: &'a MediaDescription, key: &str) -> Vec<&'a str> {
    let own = audio.attributes.iter().filter(|attribute| attribute.key == key);
    let own: Vec<&str> = own.filter_map(|attribute| attribute.value.as_deref()).collect();
    if !own.is_empty() {
        return own;
    }
    session.attributes.iter().filter(|attribute| attribute.key == key).filter_map(|attribute| attribute.value.as_deref()).collect()
}

fn has(session: &SessionDescription, audio: &MediaDescription, key: &str) -> bool {
    let directions = || audio.attributes.iter().any(|attribute| Direction::NAMES.iter().any(|(name, _)| *name == attribute.key));
    let own = audio.attributes.iter().any(|attribute| attribute.key == key);
    own || (key != "rtcp-mux" && !directions() && session.attributes.iter().any(|attribute| attribute.key == key))
}

/// `a=rtcp:53020` or `a=rtcp:53020 IN IP4 126.16.64.4` (RFC 3605).
fn rtcp(value: &str, ip: IpAddr) -> Option<SocketAddr> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok().filter(|port| *port > 0)?;
    let ip = words.nth(2).and_then(|ip| ip.parse().ok()).unwrap_or(ip);
    Some(SocketAddr::new(ip, port))
}

fn refusal(media: &MediaDescription) -> String {
    let name = &media.media_name;
    format!("m={} 0 {} {}", name.media, name.protos.join("/"), name.formats.join(" "))
}
