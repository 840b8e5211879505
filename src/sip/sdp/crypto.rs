//! Keys and certificates in descriptions: `a=crypto` (RFC 4568) and `a=fingerprint` (RFC 8122).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::rtp::dtls::{Fingerprint, Hash};
use crate::rtp::{MasterKey, Suite};

/// One `a=crypto` line: the key of what its sender sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptoLine {
    /// An answer has the tag of the line that it accepts.
    pub tag: u32,
    /// The cipher.
    pub suite: Suite,
    /// The key.
    pub key: MasterKey,
}

impl CryptoLine {
    /// A line with a fresh key.
    pub fn fresh(tag: u32, suite: Suite) -> Self {
        Self { tag, suite, key: MasterKey::random(suite) }
    }

    /// Reads the value of the attribute; `None` of what cannot be used: an unknown suite, an MKI, a parameter that must be
    /// understood (section 6.3: all but those that begin with a dash, and WSH, which is a hint).
    pub fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next()?.parse().ok()?;
        let name = words.next()?;
        let suite = Suite::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, suite)| *suite)?;
        let inline = words.next()?.strip_prefix("inline:")?;
        if words.any(|parameter| !parameter.starts_with('-') && !parameter.starts_with("WSH=")) {
            return None;
        }
        let mut parts = inline.split('|');
        let octets = STANDARD.decode(parts.next()?).ok()?;
        // An MKI has a colon between its value and its length; what else may follow is the key's lifetime.
        if parts.any(|part| part.contains(':')) || octets.len() != suite.key_length() + suite.salt_length() {
            return None;
        }
        let (key, salt) = octets.split_at(suite.key_length());
        Some(Self { tag, suite, key: MasterKey { key: key.to_vec(), salt: salt.to_vec() } })
    }
}

impl fmt::Display for CryptoLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Suite::NAMES.iter().find(|(_, suite)| *suite == self.suite).map_or("", |(name, _)| name);
        let octets = [&self.key.key[..], &self.key.salt[..]].concat();
        write!(f, "{} {name} inline:{}", self.tag, STANDARD.encode(octets))
    }
}

/// Reads the value of `a=fingerprint`.
pub(super) fn fingerprint(value: &str) -> Option<Fingerprint> {
    let (name, octets) = value.split_once(' ')?;
    let hash = Hash::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, hash)| *hash)?;
    let octets = octets.trim().split(':').map(|octet| u8::from_str_radix(octet, 16)).collect::<Result<Vec<u8>, _>>().ok()?;
    Some(Fingerprint { hash, octets })
}

/// The value of `a=fingerprint`.
pub(super) fn fingerprint_text(fingerprint: &Fingerprint) -> String {
    let name = Hash::NAMES.iter().find(|(_, hash)| *hash == fingerprint.hash).map_or("", |(name, _)| name);
    let octets: Vec<String> = fingerprint.octets.iter().map(|octet| format!("{octet:02X}")).collect();
    format!("{name} {}", octets.join(":"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The line of RFC 4568, section 1, and others like it.
    #[test]
    fn lines_that_can_be_used_and_lines_that_cannot() {
        let key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
        let used = |value: String| CryptoLine::parse(&value).map(|line| (line.tag, line.suite));
        let line = |suite: &str, rest: &str| format!("7 {suite} inline:{key}{rest}");
        assert_eq!(used(line("AES_CM_128_HMAC_SHA1_80", "")), Some((7, Suite::Aes128Sha80)));
        assert_eq!(used(line("AES_CM_128_HMAC_SHA1_32", "|2^20 WSH=60 -X=1")), Some((7, Suite::Aes128Sha32)));
        assert_eq!(used(line("AES_CM_128_HMAC_SHA1_80", "|2^20|1:4")), None);
        assert_eq!(used(line("AES_CM_128_HMAC_SHA1_80", " UNENCRYPTED_SRTP")), None);
        assert_eq!(used(line("F8_128_HMAC_SHA1_80", "")), None);
        assert_eq!(used(line("AES_256_CM_HMAC_SHA1_80", "")), None);
    }

    #[test]
    fn no_key_is_shown() {
        let line = CryptoLine::fresh(1, Suite::Aes128Sha80);
        assert!(!format!("{line:?}").contains(line.to_string().rsplit(':').next().expect("a key")));
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(tag: u32, suite in prop::sample::select(Suite::NAMES.to_vec()), octets in prop::collection::vec(any::<u8>(), 1..64)) {
            let line = CryptoLine::fresh(tag, suite.1);
            prop_assert_eq!(CryptoLine::parse(&line.to_string()), Some(line));
            let print = Fingerprint { hash: Hash::Sha384, octets };
            prop_assert_eq!(fingerprint(&fingerprint_text(&print)), Some(print));
        }

        #[test]
        fn no_value_makes_it_panic(value in "[0-9 A-Za-z:|=^-]{0,90}") {
            let _any = (CryptoLine::parse(&value), fingerprint(&value));
        }
    }
}
