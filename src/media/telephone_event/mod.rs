//! DTMF digits as RTP packets (RFC 4733): the payload, when which packet is sent, and what packets mean.

mod keyer;
mod reader;

pub use keyer::{Keyed, Keyer};
pub use reader::DigitReader;

/// Digits by their event code (RFC 4733, section 3.2).
const DIGITS: &str = "0123456789*#ABCD";
/// In -dBm0: what telephones send.
const VOLUME: u8 = 10;
const END: u8 = 0x80;
const VOLUME_BITS: u8 = 0x3f;

/// One report of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Event code.
    pub code: u8,
    /// The event is over.
    pub end: bool,
    /// Timestamp units since its start.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload; what follows the four octets is passed over.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [code, flags, high, low, ..] = *payload else { return None };
        Some(Self { code, end: flags & END != 0, duration: u16::from_be_bytes([high, low]) })
    }

    /// The payload.
    #[must_use]
    pub fn payload(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, if self.end { END } else { 0 } | (VOLUME & VOLUME_BITS), high, low]
    }

    /// The digit, if it is one: a hook flash and the tones of a network are none.
    #[must_use]
    pub fn digit(self) -> Option<char> {
        DIGITS.chars().nth(usize::from(self.code))
    }
}

/// The event code of a digit.
#[must_use]
pub fn code(digit: char) -> Option<u8> {
    DIGITS.find(digit.to_ascii_uppercase()).and_then(|code| u8::try_from(code).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_have_codes() {
        assert_eq!("0#*Dd".chars().map(code).collect::<Vec<_>>(), [Some(0), Some(11), Some(10), Some(15), Some(15)]);
        assert_eq!(code('x'), None);
        assert_eq!(TelephoneEvent { code: 16, end: true, duration: 1 }.digit(), None);
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(code: u8, end: bool, duration: u16) {
            let event = TelephoneEvent { code, end, duration };
            prop_assert_eq!(TelephoneEvent::parse(&event.payload()), Some(event));
        }

        #[test]
        fn no_payload_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..8)) {
            let _any = TelephoneEvent::parse(&bytes).and_then(TelephoneEvent::digit);
        }
    }
}
