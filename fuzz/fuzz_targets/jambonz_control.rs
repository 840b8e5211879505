//! What a bot says on jambonz's control socket is a command or a reason to refuse it.
#![no_main]

use goldencall::internals::websocket::Message;
use goldencall::internals::websocket::jambonz_control as control;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = control::read(&Message::Text(text.to_owned())) {
        assert!(!error.to_string().is_empty(), "refused without a reason");
    }
});
