//! This process' certificate, and the fingerprints of others (RFC 8122).

use std::sync::OnceLock;

use ring::digest;
use rtc_dtls::crypto::Certificate;

/// The hash of a certificate (RFC 8122).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The hash.
    pub hash: Hash,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// Hash functions of fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// Only ever checked.
    Sha1,
    /// What goldencall describes itself with.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Names of RFC 8122.
    pub const NAMES: &[(&str, Hash)] =
        &[("sha-1", Self::Sha1), ("sha-256", Self::Sha256), ("sha-384", Self::Sha384), ("sha-512", Self::Sha512)];

    /// The fingerprint of a certificate.
    pub(super) fn of(self, certificate: &[u8]) -> Fingerprint {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        Fingerprint { hash: self, octets: digest::digest(algorithm, certificate).as_ref().to_vec() }
    }
}

/// This process' certificate: made for the first call that needs one.
pub(super) fn certificate() -> Result<&'static Certificate, String> {
    static OWN: OnceLock<Result<Certificate, String>> = OnceLock::new();
    let make = || {
        let provider = rtc_srtp::crypto::default_provider().map_err(|error| error.to_string())?;
        Certificate::generate_self_signed(vec!["goldencall".to_owned()], provider.crypto()).map_err(|error| error.to_string())
    };
    OWN.get_or_init(make).as_ref().map_err(|why| format!("no certificate for DTLS: {why}"))
}

/// The fingerprint of this process' certificate.
///
/// # Errors
/// No certificate could be made.
pub fn own_fingerprint() -> Result<Fingerprint, String> {
    let first = certificate()?.certificate.first().ok_or("no certificate for DTLS")?;
    Ok(Hash::Sha256.of(first))
}
