//! Every provider by the name of its protocol: one line each.

use super::interface::Provider;
use crate::scenario::SocketProtocol as Protocol;
use crate::websocket::protocol::{BotRole, ProviderRole, WireFormat};

/// The provider whose protocol this is.
pub(crate) fn provider(protocol: Protocol) -> &'static dyn Provider {
    match protocol {
        Protocol::Twilio => &super::twilio::Twilio,
        Protocol::Telnyx => &super::telnyx::Telnyx,
        Protocol::Plivo => &super::plivo::Plivo,
        Protocol::Exotel => &super::exotel::Exotel,
        Protocol::Vonage => &super::vonage::Vonage,
        Protocol::Teler => &super::teler::Teler,
        Protocol::Jambonz => &super::jambonz::Jambonz,
        Protocol::Genesys => &super::genesys::Genesys,
        Protocol::AudioSocket => &super::audiosocket::AudioSocket,
        Protocol::Pcm => &super::pcm::Pcm,
    }
}

/// The provider's end of a new stream.
#[must_use]
pub fn provider_role(protocol: Protocol, format: Option<WireFormat>) -> Box<dyn ProviderRole> {
    provider(protocol).provider_role(format)
}

/// The bot's end of a new stream.
#[must_use]
pub fn bot_role(protocol: Protocol) -> Box<dyn BotRole> {
    provider(protocol).bot_role()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{damaged, feed, valid_messages};
    use super::*;
    use crate::websocket::answer::Signing;
    use crate::websocket::protocol::{FromBot, Message, StreamStart};

    #[test]
    fn every_offered_format_is_kept_and_any_other_gives_way() {
        for protocol in Protocol::ALL {
            for format in provider(protocol).formats() {
                assert_eq!(provider_role(protocol, Some(*format)).format(), *format);
            }
            let odd = WireFormat { rate: 7, ..provider_role(protocol, None).format() };
            assert_eq!(provider_role(protocol, Some(odd)).format(), provider_role(protocol, None).format());
            assert_eq!(bot_role(protocol).format(), provider_role(protocol, None).format());
        }
    }

    #[test]
    fn targets_know_who_asks_first() {
        for protocol in Protocol::ALL {
            assert_eq!(provider(protocol).answer_url().is_some(), protocol.asks_first(), "{}", protocol.name());
        }
    }

    #[test]
    fn targets_know_who_signs() {
        // Any text is a key to most; Telnyx takes 32 bytes in base64.
        let token = format!("{}=", "A".repeat(43));
        let headers = |protocol, token| {
            let signing = Signing { token, unix_seconds: 1_700_000_000, nonce: "n1" };
            let url = url::Url::parse("https://bot.example/answer").expect("URL");
            let request = provider(protocol).answer_url().map(|asked| asked.request(url, &StreamStart::default(), &signing));
            request.map_or(0, |request| request.expect("a request").headers.len())
        };
        for protocol in Protocol::ALL {
            let signs = headers(protocol, Some(token.as_str())) > headers(protocol, None);
            assert_eq!(signs, protocol.signs(), "{}", protocol.name());
        }
    }

    #[test]
    fn an_unknown_event_is_noted_by_the_provider_and_passed_over_by_the_bot() {
        let text = r#"{"event":"nonsense","action":"nonsense","type":"nonsense"}"#.to_owned();
        for protocol in Protocol::ALL.into_iter().filter(|protocol| *protocol != Protocol::AudioSocket) {
            let asked = provider_role(protocol, None).read(&Message::Text(text.clone()));
            assert!(matches!(asked.as_deref(), Ok([FromBot::Other(_)])), "{}: {asked:?}", protocol.name());
            assert_eq!(bot_role(protocol).read(&Message::Text(text.clone())).as_deref(), Ok([].as_slice()), "{}", protocol.name());
        }
    }

    #[test]
    fn what_is_not_a_json_object_is_an_error_of_one_sentence() {
        let long = format!("{{\"event\": {}", "x".repeat(500));
        for protocol in [Protocol::Twilio, Protocol::Vonage, Protocol::Teler, Protocol::Jambonz, Protocol::Genesys] {
            for text in ["[]", "\"media\"", "{", "", &long] {
                let error = provider_role(protocol, None).read(&Message::Text(text.to_owned())).expect_err(text).to_string();
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
