//! SRTP and SRTCP (RFC 3711, RFC 6188) around the packets of a session.

use std::fmt;

use rtc_srtp::context::Context;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;

/// How late a packet may come and still be distinguished from a replayed one.
const WINDOW: usize = 128;

/// A cipher and its authentication tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`, which every implementation has.
    Aes128Sha80,
    /// `AES_CM_128_HMAC_SHA1_32`.
    Aes128Sha32,
    /// `AES_256_CM_HMAC_SHA1_80` (RFC 6188).
    Aes256Sha80,
    /// `AES_256_CM_HMAC_SHA1_32` (RFC 6188).
    Aes256Sha32,
    /// `AEAD_AES_128_GCM` (RFC 7714).
    Aes128Gcm,
    /// `AEAD_AES_256_GCM` (RFC 7714).
    Aes256Gcm,
}

impl Suite {
    /// Names of RFC 4568 and its kin, in the order in which they are offered.
    pub const NAMES: &[(&str, Suite)] = &[
        ("AES_CM_128_HMAC_SHA1_80", Self::Aes128Sha80),
        ("AES_256_CM_HMAC_SHA1_80", Self::Aes256Sha80),
        ("AES_CM_128_HMAC_SHA1_32", Self::Aes128Sha32),
        ("AES_256_CM_HMAC_SHA1_32", Self::Aes256Sha32),
        ("AEAD_AES_256_GCM", Self::Aes256Gcm),
        ("AEAD_AES_128_GCM", Self::Aes128Gcm),
    ];

    fn profile(self) -> ProtectionProfile {
        match self {
            Self::Aes128Sha80 => ProtectionProfile::Aes128CmHmacSha1_80,
            Self::Aes128Sha32 => ProtectionProfile::Aes128CmHmacSha1_32,
            Self::Aes256Sha80 => ProtectionProfile::Aes256CmHmacSha1_80,
            Self::Aes256Sha32 => ProtectionProfile::Aes256CmHmacSha1_32,
            Self::Aes128Gcm => ProtectionProfile::AeadAes128Gcm,
            Self::Aes256Gcm => ProtectionProfile::AeadAes256Gcm,
        }
    }

    /// Octets of the master key.
    pub fn key_length(self) -> usize {
        self.profile().key_len()
    }

    /// Octets of the master salt.
    pub fn salt_length(self) -> usize {
        self.profile().salt_len()
    }
}

/// A master key and its salt; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    /// The key.
    pub key: Vec<u8>,
    /// The salt.
    pub salt: Vec<u8>,
}

impl MasterKey {
    /// A fresh one.
    pub fn random(suite: Suite) -> Self {
        let octets = |length| (0..length).map(|_| rand::random::<u8>()).collect();
        Self { key: octets(suite.key_length()), salt: octets(suite.salt_length()) }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// What both directions of a session are encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The cipher.
    pub suite: Suite,
    /// For what is sent.
    pub local: MasterKey,
    /// For what is received.
    pub remote: MasterKey,
}

impl Keys {
    /// For one sender of packets.
    ///
    /// # Errors
    /// A key of the wrong length.
    pub fn outbound(&self) -> Result<Cipher, String> {
        Cipher::new(self.suite, &self.local)
    }

    /// For one receiver of packets.
    ///
    /// # Errors
    /// A key of the wrong length.
    pub fn inbound(&self) -> Result<Cipher, String> {
        Cipher::new(self.suite, &self.remote)
    }
}

/// The state of one direction.
pub struct Cipher(Context);

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(..)")
    }
}

impl Cipher {
    fn new(suite: Suite, key: &MasterKey) -> Result<Self, String> {
        let provider = rtc_srtp::crypto::default_provider().map_err(|error| error.to_string())?;
        let windows = (Some(srtp_replay_protection(WINDOW)), Some(srtcp_replay_protection(WINDOW)));
        Context::new(&key.key, &key.salt, suite.profile(), windows.0, windows.1, provider.crypto())
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// SRTP of an RTP packet.
    pub fn protect_rtp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        self.0.encrypt_rtp(packet).ok().map(Vec::from)
    }

    /// The RTP packet in an SRTP packet; `None` if it was not made with this key, or came before.
    pub fn unprotect_rtp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt_rtp(packet).ok().map(Vec::from)
    }

    /// SRTCP of an RTCP packet.
    pub fn protect_rtcp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        self.0.encrypt_rtcp(packet).ok().map(Vec::from)
    }

    /// The RTCP packet in an SRTCP packet.
    pub fn unprotect_rtcp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt_rtcp(packet).ok().map(Vec::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RTP: [u8; 16] = [0x80, 0, 0, 7, 0, 0, 0, 160, 0, 0, 0, 9, 1, 2, 3, 4];
    const RTCP: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 9];

    fn pair(suite: Suite) -> (Keys, Keys) {
        let (one, other) = (MasterKey::random(suite), MasterKey::random(suite));
        let keys = Keys { suite, local: one.clone(), remote: other.clone() };
        (keys, Keys { suite, local: other, remote: one })
    }

    #[test]
    fn every_suite_carries_rtp_and_rtcp() {
        for (name, suite) in Suite::NAMES {
            let (here, there) = pair(*suite);
            let (mut out, mut back) = (here.outbound().expect(name), there.inbound().expect(name));
            let (rtp, rtcp) = (out.protect_rtp(&RTP).expect(name), out.protect_rtcp(&RTCP).expect(name));
            assert!(rtp.len() > RTP.len() && rtcp.len() > RTCP.len(), "{name}");
            assert_eq!(back.unprotect_rtp(&rtp).as_deref(), Some(&RTP[..]), "{name}");
            assert_eq!(back.unprotect_rtcp(&rtcp).as_deref(), Some(&RTCP[..]), "{name}");
            assert_eq!(back.unprotect_rtp(&rtp), None, "{name} was replayed");
        }
    }

    #[test]
    fn a_wrong_key_opens_nothing() {
        let ((here, _), (stranger, _)) = (pair(Suite::Aes128Sha80), pair(Suite::Aes128Sha80));
        let packet = here.outbound().and_then(|mut out| out.protect_rtp(&RTP).ok_or_else(String::new)).expect("SRTP");
        let mut back = stranger.inbound().expect("keys");
        assert_eq!((back.unprotect_rtp(&packet), back.unprotect_rtp(&RTP)), (None, None));
        let short = Keys { suite: Suite::Aes256Sha80, ..here };
        assert!(short.outbound().is_err());
    }

    /// The vector of RFC 3711, appendix B.3, lies behind the library; this one is of this session: the wrap of the sequence number.
    #[test]
    fn the_sequence_number_may_wrap() {
        let (here, there) = pair(Suite::Aes128Sha80);
        let (mut out, mut back) = (here.outbound().expect("keys"), there.inbound().expect("keys"));
        for sequence in (65_500_u32..65_600).map(|sequence| sequence as u16) {
            let mut packet = RTP;
            packet[2..4].copy_from_slice(&sequence.to_be_bytes());
            let sealed = out.protect_rtp(&packet).expect("SRTP");
            assert_eq!(back.unprotect_rtp(&sealed).as_deref(), Some(&packet[..]), "{sequence}");
        }
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (_, there) = pair(Suite::Aes128Gcm);
            let mut back = there.inbound().expect("keys");
            if let Some(first) = bytes.first_mut() {
                *first = 0x80 | (*first & 0x3f);
            }
            prop_assert_eq!((back.unprotect_rtp(&bytes), back.unprotect_rtcp(&bytes)), (None, None));
        }
    }
}
