//! The codec of each protocol.

use super::audiosocket::AudioSocket;
use super::exotel::Exotel;
use super::genesys::Genesys;
use super::jambonz::Jambonz;
use super::message::{ProtocolCodec, WireFormat};
use super::pcm::Pcm;
use super::plivo::Plivo;
use super::stream::JsonStream;
use super::teler::Teler;
use super::telnyx::Telnyx;
use super::twilio::Twilio;
use super::vonage::Vonage;
use crate::scenario::SocketProtocol as Protocol;

/// A codec for one stream. A format that the protocol cannot carry gives way to its default; whoever takes the
/// wish from a person compares it with [`ProtocolCodec::formats`] first.
#[must_use]
pub fn codec(protocol: Protocol, format: Option<WireFormat>) -> Box<dyn ProtocolCodec> {
    match protocol {
        Protocol::Twilio => Box::new(JsonStream::<Twilio>::new(format)),
        Protocol::Telnyx => Box::new(JsonStream::<Telnyx>::new(format)),
        Protocol::Plivo => Box::new(JsonStream::<Plivo>::new(format)),
        Protocol::Exotel => Box::new(JsonStream::<Exotel>::new(format)),
        Protocol::Vonage => Box::new(Vonage::new(format)),
        Protocol::Teler => Box::new(Teler::new(format)),
        Protocol::Jambonz => Box::new(Jambonz::new(format)),
        Protocol::Genesys => Box::new(Genesys::new(format)),
        Protocol::AudioSocket => Box::new(AudioSocket::new(format)),
        Protocol::Pcm => Box::new(Pcm::new(format)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{damaged, feed, valid_messages};
    use super::super::{FromBot, Message};
    use super::*;

    #[test]
    fn every_offered_format_is_kept_and_any_other_gives_way() {
        for protocol in Protocol::ALL {
            for format in codec(protocol, None).formats() {
                assert_eq!(codec(protocol, Some(*format)).default_format(), *format);
            }
            let odd = WireFormat { rate: 7, ..codec(protocol, None).default_format() };
            assert_eq!(codec(protocol, Some(odd)).default_format(), codec(protocol, None).default_format());
        }
    }

    #[test]
    fn an_unknown_event_is_noted_by_the_provider_and_passed_over_by_the_bot() {
        let text = r#"{"event":"nonsense","action":"nonsense","type":"nonsense"}"#.to_owned();
        for protocol in Protocol::ALL.into_iter().filter(|protocol| *protocol != Protocol::AudioSocket) {
            let asked = codec(protocol, None).from_bot(&Message::Text(text.clone()));
            assert!(matches!(asked.as_deref(), Ok([FromBot::Other(_)])), "{}: {asked:?}", protocol.name());
            assert_eq!(codec(protocol, None).on_bot(&Message::Text(text.clone())).as_deref(), Ok([].as_slice()), "{}", protocol.name());
        }
    }

    #[test]
    fn what_is_no_json_object_is_told_in_one_sentence() {
        let long = format!("{{\"event\": {}", "x".repeat(500));
        for protocol in [Protocol::Twilio, Protocol::Vonage, Protocol::Teler, Protocol::Jambonz, Protocol::Genesys] {
            for text in ["[]", "\"media\"", "{", "", &long] {
                let error = codec(protocol, None).from_bot(&Message::Text(text.to_owned())).expect_err(text).to_string();
                assert!(error.starts_with("the bot's message is not a JSON object: "), "{error}");
                assert!(error.chars().count() <= 160, "{error}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            Protocol::ALL.into_iter().for_each(|protocol| feed(protocol, &Message::Text(text.clone())));
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            Protocol::ALL.into_iter().for_each(|protocol| feed(protocol, &Message::Binary(bytes.clone())));
        }

        #[test]
        fn no_damaged_message_panics(place in any::<prop::sample::Index>(), cut in any::<bool>(), byte in any::<u8>()) {
            for protocol in Protocol::ALL {
                for message in valid_messages(protocol) {
                    feed(protocol, &damaged(&message, place, cut, byte));
                }
            }
        }
    }
}
