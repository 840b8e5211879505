//! Digits in INFO requests: `application/dtmf-relay` and `application/dtmf`.

use std::time::Duration;

use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, StatusCodeKind};
use tokio::time::{sleep, timeout};

use super::refusal::phrase;
use crate::clock::Monotonic;
use crate::media::telephone_event;
use crate::transport::{SentDigits, quote};

/// Milliseconds of a tone.
const DURATION: u32 = 100;

/// From one digit to the next: a tone and a pause of the same length.
const STEP: Duration = Duration::from_millis(2 * DURATION as u64);
/// A peer that does not answer is not waited for until timer F (32 s).
const PATIENCE: Duration = Duration::from_secs(4);

/// The content type that is sent.
pub(crate) const RELAY: &str = "application/dtmf-relay";

/// The body that presses a digit.
pub(crate) fn body(digit: char) -> Vec<u8> {
    format!("Signal={digit}\r\nDuration={DURATION}\r\n").into_bytes()
}

/// Sends digits one by one; each begins with its request.
///
/// # Errors
/// The peer refuses them.
pub(crate) async fn send(dialog: &InviteDialog, digits: &str) -> Result<SentDigits, String> {
    let (mut first, mut last) = (None, Monotonic::now());
    for digit in digits.chars() {
        if first.is_some() {
            sleep(STEP).await;
        }
        last = Monotonic::now();
        first.get_or_insert(last);
        let headers = vec![Header::ContentType(RELAY.into())];
        let response = timeout(PATIENCE, dialog.info(Some(headers), Some(body(digit)))).await;
        let response = response.map_err(|_| "the bot does not answer INFO".to_owned())?.map_err(|error| format!("INFO failed: {error}"))?;
        let response = response.ok_or("the call was over before the digits were sent")?;
        if response.status_code.kind() != StatusCodeKind::Successful {
            let (code, text) = (response.status_code.code(), quote(phrase(&response)));
            return Err(format!("the bot refuses digits by INFO ({code} {text}); try `sip.dtmf=rfc4733`"));
        }
    }
    Ok(SentDigits { first: first.unwrap_or(last), last })
}

/// The digit that a body presses.
pub(crate) fn digit(content_type: &str, body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body).ok()?;
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let signal = if kind.eq_ignore_ascii_case(RELAY) {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines.filter(|(name, _)| name.trim().eq_ignore_ascii_case("signal")).map(|(_, value)| value).next()?
    } else if kind.eq_ignore_ascii_case("application/dtmf") {
        text
    } else {
        return None;
    };
    let mut signal = signal.trim().chars();
    let digit = signal.next()?.to_ascii_uppercase();
    match (digit, signal.as_str()) {
        // Some write the event code of the star and the pound key.
        ('1', "0") => Some('*'),
        ('1', "1") => Some('#'),
        (digit, "") => telephone_event::code(digit).map(|_| digit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms_that_telephones_send() {
        let relay = |text: &str| digit("application/dtmf-relay", text.as_bytes());
        assert_eq!(
            [relay("Signal=5\r\nDuration=160\r\n"), relay("signal= a \n"), relay("Signal=11"), relay("Signal=16")],
            [Some('5'), Some('A'), Some('#'), None]
        );
        assert_eq!(digit("application/dtmf", b"*\r\n"), Some('*'));
        assert_eq!(digit("Application/DTMF-Relay; x=y", &body('#')), Some('#'));
        assert_eq!(digit("text/plain", b"5"), None);
        assert_eq!(digit("application/dtmf-relay", b"Duration=5"), None);
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _any = (digit(RELAY, &bytes), digit("application/dtmf", &bytes));
        }
    }
}
