//! The SIP messages of a run, as text, for whoever has to see what went over the wire.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{LazyLock, Mutex, OnceLock};

use regex::Regex;
use rsipstack::sip::SipMessage;
use rsipstack::transport::SipAddr;

use super::refusal::phrase;
use crate::files::create_private;
use crate::lock::lock;
use crate::scenario::Secrets;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From goldencall.
    Sent,
    /// To goldencall.
    Received,
}

/// A file that every SIP message of the run is appended to. Digest responses and media keys are masked: with a weak
/// password the one, and with a recording of the media the other, would give the call away.
#[derive(Debug)]
pub struct SipTrace {
    file: Mutex<File>,
    secrets: Secrets,
    problem: OnceLock<String>,
}

static HIDDEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(response="|inline:)[^"\s|]+"#).ok());

impl SipTrace {
    /// Begins a trace; what the file held before is gone.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path, secrets: Secrets) -> io::Result<Self> {
        Ok(Self { file: Mutex::new(create_private(path)?), secrets, problem: OnceLock::new() })
    }

    /// What kept messages out of the file.
    pub fn problem(&self) -> Option<&str> {
        self.problem.get().map(String::as_str)
    }

    /// Appends one message.
    pub(super) fn record(&self, direction: Direction, peer: Option<&SipAddr>, message: &SipMessage) {
        let peer = peer.map_or_else(|| "the connection of the request".to_owned(), ToString::to_string);
        let text = entry(&jiff::Timestamp::now().to_string(), direction, &peer, &self.secrets.redact(&wire_text(message)));
        let mut file = lock(&self.file);
        if let Err(error) = file.write_all(text.as_bytes()) {
            let _earlier = self.problem.set(error.to_string());
        }
    }
}

/// The message as it went over the wire: the stack writes every reason phrase as the RFC has it.
pub(super) fn wire_text(message: &SipMessage) -> String {
    let text = message.to_string();
    match (message, text.split_once("\r\n")) {
        (SipMessage::Response(response), Some((_, rest))) if response.wire_reason.is_some() => {
            format!("{} {} {}\r\n{rest}", response.version, response.status_code.code(), phrase(response))
        }
        _ => text,
    }
}

/// The message without what would give it away, of the same length: its Content-Length stays right.
pub(super) fn masked(message: &str) -> String {
    let Some(hidden) = HIDDEN.as_ref() else { return String::new() };
    let mask = |found: &regex::Captures<'_>| {
        let (all, name) = (&found[0], &found[1]);
        format!("{name}{}", "x".repeat(all.len() - name.len()))
    };
    hidden.replace_all(message, mask).into_owned()
}

fn entry(time: &str, direction: Direction, peer: &str, message: &str) -> String {
    let way = match direction {
        Direction::Sent => "sent to",
        Direction::Received => "received from",
    };
    let message = message.replace('\r', "");
    let message = HIDDEN.as_ref().map_or_else(|| message.clone(), |hidden| hidden.replace_all(&message, "${1}[redacted]").into_owned());
    format!("--- {time} {way} {peer}\n{}\n\n", message.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_the_length() {
        let message = "Authorization: Digest response=\"0123abcd\", nc=00000001\r\na=crypto:1 X inline:WVNf|2^20\r\n";
        let masked = masked(message);
        assert_eq!(masked.len(), message.len());
        assert!(masked.contains("response=\"xxxxxxxx\"") && masked.contains("inline:xxxx|2^20"), "{masked}");
    }

    #[test]
    fn a_response_keeps_its_own_words() {
        let text = "SIP/2.0 403 Register first\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\n\
                    Call-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
        let message = SipMessage::try_from(text.as_bytes()).expect("a response");
        assert!(wire_text(&message).starts_with("SIP/2.0 403 Register first\r\nVia: "), "{}", wire_text(&message));
    }

    #[test]
    fn a_message_is_shown_without_what_would_give_it_away() {
        let message = "INVITE sip:bot@127.0.0.1 SIP/2.0\r\nAuthorization: Digest username=\"ci\", response=\"0123abcd\", nc=00000001\r\n\r\n\
                       a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20\r\n";
        insta::assert_snapshot!(entry("2026-11-24T10:00:00.5Z", Direction::Sent, "UDP 127.0.0.1:5060", message));
    }
}
