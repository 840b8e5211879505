//! Both ends of a provider's media socket read any messages. `GOLDENCALL_FUZZ_PROTOCOL` names one protocol; without
//! it every protocol reads the input. Each line is a message: after a `B` its bytes are a binary one.
#![no_main]

use std::sync::LazyLock;

use goldencall::internals::websocket::Decoder;
use goldencall::internals::websocket::{FromBot, Message, Protocol, StreamStart, ToBot};
use goldencall::internals::websocket::{bot_role, provider_role, split};
use libfuzzer_sys::fuzz_target;

static PROTOCOLS: LazyLock<Vec<Protocol>> = LazyLock::new(|| match std::env::var("GOLDENCALL_FUZZ_PROTOCOL") {
    Ok(name) => vec![Protocol::from_name(&name).expect("a protocol of this name")],
    Err(_) => Protocol::ALL.to_vec(),
});

/// Samples (8 kHz) that a change of format may flush.
const MOST_DELAYED: usize = 8_000;

fuzz_target!(|input: &[u8]| {
    for protocol in PROTOCOLS.iter() {
        converse(*protocol, input);
    }
});

fn converse(protocol: Protocol, input: &[u8]) {
    let (mut provider, mut bot) = (provider_role(protocol, None), bot_role(protocol));
    provider.write(&ToBot::Start(StreamStart::default()));
    let mut decoder = Decoder::new(provider.format());
    if protocol == Protocol::AudioSocket {
        let mut stream = input.to_vec();
        while let Ok(Some(frame)) = split(&mut stream) {
            let frame = Message::Binary(frame);
            let _ = (provider.read(&frame), bot.read(&frame));
        }
    }
    for line in input.split(|byte| *byte == b'\n') {
        let message = match line.split_first() {
            Some((b'B', bytes)) => Message::Binary(bytes.to_vec()),
            _ => Message::Text(String::from_utf8_lossy(line).into_owned()),
        };
        match provider.read(&message) {
            Ok(events) => {
                for event in &events {
                    bot.write(event);
                    assert!(decoder.decode(event).len() <= line.len() + MOST_DELAYED, "more audio than was sent");
                }
            }
            Err(error) => assert!(!error.to_string().is_empty(), "refused without a reason"),
        }
        for event in bot.read(&message).unwrap_or_default() {
            provider.write(&event);
        }
        provider.write(&ToBot::Audio(vec![0; 3]));
    }
    bot.write(&FromBot::HangUp { reason: None });
}
