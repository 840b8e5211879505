//! Offer and answer (RFC 3264).

use std::net::SocketAddr;

use super::{CryptoLine, Description, Profile, Setup};
use crate::codec::Codec;
use crate::rtp::{COMFORT_NOISE, Formats, Payload, Suite, dtls};
use crate::scenario::Srtp;

/// The suites of RFC 4568 and RFC 6188.
const OFFERED_SUITES: usize = 4;

/// Payload types of an offer (RFC 3551, section 6: those from 96 on are free).
fn number(payload: Payload) -> u8 {
    match payload {
        Payload::Voice(codec) => codec.payload_type(),
        Payload::Events(48_000) => 110,
        Payload::Events(_) => 101,
        Payload::Noise => COMFORT_NOISE,
    }
}

/// What an offer lists: these codecs, the telephone events of their clocks, comfort noise.
fn formats(codecs: &[Codec]) -> Formats {
    let voice = codecs.iter().map(|codec| Payload::Voice(*codec));
    let events = codecs.iter().map(|codec| Payload::Events(codec.clock_rate()));
    let noise = codecs.iter().filter(|codec| codec.clock_rate() == 8000).map(|_| Payload::Noise);
    voice.chain(noise).chain(events).map(|payload| (number(payload), payload)).collect()
}

/// An offer.
///
/// # Errors
/// No certificate could be made.
pub fn offered(local: SocketAddr, codecs: &[Codec], ptime: u32, srtp: Srtp) -> Result<Description, String> {
    let plain = Description { formats: formats(codecs), ptime: Some(ptime), rtcp_mux: true, ..Description::plain(local) };
    Ok(match srtp {
        Srtp::Off => plain,
        Srtp::Sdes => {
            // Every further line makes an INVITE over UDP longer; what an answer accepts may be any of these.
            let suites = Suite::NAMES.iter().take(OFFERED_SUITES).zip(1..);
            let crypto = suites.map(|((_, suite), tag)| CryptoLine::fresh(tag, *suite)).collect();
            Description { profile: Profile::Savp, crypto, ..plain }
        }
        Srtp::Dtls => {
            let fingerprint = Some(dtls::own_fingerprint()?);
            Description { profile: Profile::TlsSavp, fingerprint, setup: Some(Setup::ActPass), ..plain }
        }
    })
}

/// The codec that is used, and the number under which the peer wants it: the first of `order` that the peer has.
///
/// # Errors
/// There is none, in one sentence.
pub fn chosen(order: &[Codec], peer: &Description) -> Result<(Codec, u8), String> {
    let found = order.iter().find_map(|codec| Some((*codec, peer.formats.number(Payload::Voice(*codec))?)));
    found.ok_or_else(|| {
        let names = |codecs: &mut dyn Iterator<Item = Codec>| codecs.map(Codec::name).collect::<Vec<_>>().join(", ");
        let (own, other) = (names(&mut order.iter().copied()), names(&mut peer.formats.codecs()));
        format!("its SDP has none of the target's codecs (`codecs` has {own}; it has {other})")
    })
}

/// The answer to an offer: of its codecs those that are `known`, under its numbers, its packet length, its first key that can
/// be used, the other side of its handshake.
///
/// # Errors
/// Why it cannot be answered, in one sentence.
pub fn answer_to(offer: &Description, local: SocketAddr, known: &[Codec]) -> Result<Description, String> {
    let keep = |payload: &Payload| match payload {
        Payload::Voice(codec) => known.contains(codec),
        Payload::Events(rate) => {
            known.iter().any(|codec| codec.clock_rate() == *rate && offer.formats.codecs().any(|offered| offered == *codec))
        }
        Payload::Noise => known.iter().any(|codec| codec.clock_rate() == 8000),
    };
    let formats: Formats = offer.formats.iter().filter(|(_, payload)| keep(payload)).collect();
    chosen(known, offer)?;
    let plain = Description {
        formats,
        profile: offer.profile,
        ptime: offer.ptime,
        direction: offer.direction.answer(),
        rtcp_mux: offer.rtcp_mux,
        refused: offer.refused.clone(),
        place: offer.place,
        ..Description::plain(local)
    };
    Ok(match (offer.profile.is_secure(), offer.crypto.first(), &offer.fingerprint) {
        (false, ..) => plain,
        (true, _, Some(_)) => {
            let setup = if offer.setup == Some(Setup::Active) { Setup::Passive } else { Setup::Active };
            Description { fingerprint: Some(dtls::own_fingerprint()?), setup: Some(setup), ..plain }
        }
        (true, Some(line), None) => Description { crypto: vec![CryptoLine::fresh(line.tag, line.suite)], ..plain },
        (true, None, None) => return Err("it offers SRTP without a key or a fingerprint that goldencall can use".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Direction, parse};
    use super::*;
    use crate::rtp::dtls::{Fingerprint, Hash};

    const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];

    fn local() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 4000))
    }

    /// With keys that are always the same.
    fn shown(description: &Description) -> String {
        let mut shown = description.clone();
        for line in &mut shown.crypto {
            line.key.key.fill(7);
            line.key.salt.fill(7);
        }
        if let Some(fingerprint) = &mut shown.fingerprint {
            fingerprint.octets.fill(0xab);
        }
        shown.text(1).replace('\r', "")
    }

    #[test]
    fn offers() {
        let plain = offered(local(), &[Codec::Pcma, Codec::Pcmu], 20, Srtp::Off).expect("offer");
        let all = offered(local(), &ALL, 30, Srtp::Sdes).expect("offer");
        let dtls = offered(local(), &[Codec::Opus], 60, Srtp::Dtls).expect("offer");
        insta::assert_snapshot!([&plain, &all, &dtls].map(shown).join("\n"));
        for offer in [plain, all, dtls] {
            assert_eq!(parse(offer.text(1).as_bytes()), Ok(offer));
        }
    }

    #[test]
    fn answers() {
        let refused = vec!["m=video 0 RTP/AVP 99".to_owned()];
        let offer = |srtp| Description { refused: refused.clone(), ..offered(local(), &ALL, 40, srtp).expect("offer") };
        let sdes = answer_to(&offer(Srtp::Sdes), local(), &ALL[1..]).expect("answer");
        let held = Description { direction: Direction::SendOnly, setup: Some(Setup::Active), ..offer(Srtp::Dtls) };
        let dtls = answer_to(&held, local(), &ALL[..1]).expect("answer");
        insta::assert_snapshot!([&sdes, &dtls].map(shown).join("\n"));
        let unknown = Description { crypto: Vec::new(), ..offer(Srtp::Sdes) };
        assert!(answer_to(&unknown, local(), &ALL).is_err());
    }

    #[test]
    fn the_targets_order_decides_and_the_answers_numbers_hold() {
        let text = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 96 9 97\r\n\
                    a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/48000\r\na=ptime:20\r\na=maxptime:40\r\n";
        let answer = parse(text.as_bytes()).expect("answer");
        assert_eq!(chosen(&ALL, &answer), Ok((Codec::Opus, 96)));
        assert_eq!(chosen(&ALL[1..], &answer), Ok((Codec::G722, 9)));
        insta::assert_snapshot!(chosen(&ALL[3..], &answer).expect_err("no PCMA"));
        let plan = answer.outgoing(Codec::Opus, 96, 60);
        assert_eq!((plan.number, plan.events, plan.samples, plan.active), (96, Some(97), 160, true));
        let wide = Description { ptime: None, ..answer }.outgoing(Codec::G722, 9, 60);
        assert_eq!((wide.events, wide.samples), (None, 320));
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
            format!("{session}c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 3 18 101\r\n"),
            format!("{session}c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 UDP 0\r\n"),
        ];
        let said: Vec<String> = cases.iter().map(|case| parse(case.as_bytes()).expect_err(case)).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    fn any_description() -> impl Strategy<Value = Description> {
        let codecs = prop::sample::subsequence(ALL.to_vec(), 1..=4).prop_shuffle();
        let profile = prop::sample::select(Profile::NAMES.to_vec());
        let direction = prop::sample::select(Direction::NAMES.to_vec());
        let setup = prop::option::of(prop::sample::select(Setup::NAMES.to_vec()));
        let suites = prop::sample::subsequence(Suite::NAMES.to_vec(), 0..=4);
        let octets = prop::option::of(prop::collection::vec(any::<u8>(), 1..40));
        let numbers =
            (prop::option::of(1..200_u32), prop::option::of(1..200_u32), prop::option::of(1..u16::MAX), any::<bool>(), any::<bool>());
        (codecs, profile, direction, setup, suites, octets, numbers).prop_map(
            |(codecs, profile, direction, setup, suites, octets, numbers)| {
                let (ptime, maxptime, rtcp, rtcp_mux, video) = numbers;
                Description {
                    profile: profile.1,
                    formats: formats(&codecs),
                    ptime,
                    maxptime,
                    direction: direction.1,
                    rtcp_mux,
                    rtcp: rtcp.map(|port| SocketAddr::from(([10, 1, 2, 3], port))),
                    crypto: suites.iter().zip(1..).map(|((_, suite), tag)| CryptoLine::fresh(tag, *suite)).collect(),
                    fingerprint: octets.map(|octets| Fingerprint { hash: Hash::Sha256, octets }),
                    setup: setup.map(|(_, setup)| setup),
                    refused: if video { vec!["m=video 0 RTP/AVP 99".to_owned()] } else { Vec::new() },
                    place: usize::from(video),
                    ..Description::plain(local())
                }
            },
        )
    }

    proptest! {
        #[test]
        fn every_description_is_read_as_it_was_written(description in any_description()) {
            prop_assert_eq!(parse(description.text(3).as_bytes()), Ok(description));
        }

        #[test]
        fn no_description_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _any = parse(&bytes);
        }

        #[test]
        fn no_damaged_description_makes_it_panic(at in 0_usize..900, byte in any::<u8>(), srtp in prop::sample::select(vec![Srtp::Off, Srtp::Sdes, Srtp::Dtls])) {
            let mut text = offered(local(), &ALL, 20, srtp).expect("offer").text(1).into_bytes();
            if let Some(place) = text.get_mut(at) {
                *place = byte;
            }
            if let Ok(description) = parse(&text) {
                let _any = (answer_to(&description, local(), &ALL), chosen(&ALL, &description));
            }
        }
    }
}
